"""A made-up subset of the cases that the image shows."""

from pathlib import Path

import numpy as np
from file_trials import trial_on
from tiny_datasets import write_pictures

from segsweep.data.decode_dataset import decode_dataset
from segsweep.data.facts import scan
from segsweep.spec.datasets import FileDataset


def dataset(folder: Path, **preprocess: object) -> FileDataset:
    return FileDataset.model_validate({"source": "folder", "path": folder, "name": "a", "preprocess": preprocess})


def test_a_share_of_the_cases_is_inverted_and_says_so(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path, 20)
    marked = decode_dataset(dataset(folder, synthetic_contrast=0.5), "fingerprint")
    plain = decode_dataset(dataset(folder), "fingerprint")
    signs = [-1 if case.meta["contrast"] == "inverted" else 1 for case in marked.cases]
    assert 0 < signs.count(-1) < 20
    for position, sign in enumerate(signs):
        np.testing.assert_array_equal(marked.images[position], sign * plain.images[position])
    np.testing.assert_array_equal(marked.targets, plain.targets)


def test_the_subset_grows_with_its_share(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path, 20)

    def inverted(share: float) -> set[str]:
        found = scan(dataset(folder, synthetic_contrast=share)).cases
        return {case.id for case in found if case.meta["contrast"] == "inverted"}

    assert inverted(0.2) < inverted(0.6)


def test_labels_can_be_removed_by_it(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "pictures", 20)
    removal = {"remove": "foreground", "where": {"contrast": "inverted"}}
    trial = trial_on(folder, dataset={"synthetic_contrast": 0.5}, labels=removal)
    assert 0 < len(trial.removed) < 20
    assert trial.id != trial_on(folder, dataset={"synthetic_contrast": 0.4}, labels=removal).id
