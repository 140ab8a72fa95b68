"""Label policies applied to decoded cases."""

from pathlib import Path

import numpy as np
import torch
from tiny_datasets import write_decathlon

from segsweep.data.decode_dataset import decode_dataset
from segsweep.data.decoded import Decoded
from segsweep.data.training_labels import TrainingLabels
from segsweep.spec.datasets import FileDataset
from segsweep.spec.labels import LabelPolicy


def decoded(folder: Path) -> Decoded:
    """Two labels a case; the odd cases are of the second kind."""
    write_decathlon(folder)
    rows = [f"{case.name.removesuffix('.nii.gz')},{number % 2}" for number, case in enumerate(images(folder))]
    (folder / "meta.csv").write_text("\n".join(["id,kind", *rows, ""]))
    return decode_dataset(FileDataset(source="msd", path=folder, name="tiny"), "fingerprint")


def images(folder: Path) -> list[Path]:
    return sorted((folder / "imagesTr").iterdir())


def labels(found: Decoded, **policy: object) -> TrainingLabels:
    return TrainingLabels(found, LabelPolicy.model_validate(policy), seed=0)


def test_a_removed_label_becomes_background_in_its_cases_only(tmp_path: Path) -> None:
    found = decoded(tmp_path)
    everywhere = range(len(found.cases))
    loaded = labels(found, remove="posterior", where={"kind": 1}).load(everywhere, 1)[:, 0].numpy()
    for position, values in enumerate(loaded):
        true = found.targets[position]
        expected = np.where(true == 2, 0, true) if position % 2 else true
        np.testing.assert_array_equal(values, expected)
        assert (true == 2).any()


def test_removing_all_labels_leaves_background(tmp_path: Path) -> None:
    found = decoded(tmp_path)
    loaded = labels(found, remove="all", where={"kind": [0, 1]}).load(range(len(found.cases)), 1)
    assert not loaded.any()


def test_statistics_are_those_of_the_labels_that_are_trained_on(tmp_path: Path) -> None:
    found = decoded(tmp_path)
    policy = labels(found, remove="posterior", where={"kind": 1})
    positions = [0, 1, 3]
    target, _ = policy.encode(policy.load(positions, 1))
    volumes = target.sum(dim=(0, 2, 3, 4)) / len(positions)
    statistics = policy.statistics(positions)
    assert torch.allclose(torch.tensor(statistics.mean_volume), volumes)
    assert statistics.mean_present_volume[2] == 3 * statistics.mean_volume[2]


def test_smoothing_mixes_in_the_uniform_distribution(tmp_path: Path) -> None:
    found = decoded(tmp_path)
    policy = labels(found, smooth=0.3)
    target, _ = policy.encode(policy.load([0], 1))
    assert set(np.round(np.unique(target.numpy()), 6)) == {np.float32(0.1), np.float32(0.8)}
    assert torch.allclose(target.sum(dim=1), torch.ones(()))
