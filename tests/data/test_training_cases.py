"""Which training cases a label policy keeps and repeats."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from file_trials import trial_on
from tiny_datasets import write_picture, write_pictures

from segsweep.data.decode_dataset import decode_dataset
from segsweep.data.decoded import Decoded
from segsweep.data.file_batches import FileBatches
from segsweep.data.training_cases import kept_for_training, oversampled
from segsweep.spec.datasets import FileDataset
from segsweep.spec.labels import LabelPolicy

KINDS = "mmbbbnnnmmbn"
"""Of the twelve cases; those of kind n have an empty label."""
EVERY = range(len(KINDS))


@pytest.fixture
def decoded(tmp_path: Path) -> Decoded:
    folder = write_pictures(tmp_path, len(KINDS), size=(8, 8))
    for number, kind in enumerate(KINDS):
        if kind == "n":
            write_picture(folder / "masks" / f"case-{number:02d}.png", np.zeros((8, 8), dtype=np.uint8))
    rows = [f"case-{number:02d},{kind}" for number, kind in enumerate(KINDS)]
    (folder / "meta.csv").write_text("\n".join(["id,kind", *rows, ""]))
    return decode_dataset(FileDataset(source="folder", path=folder, name="a"), "fingerprint")


def policy(**keys: object) -> LabelPolicy:
    return LabelPolicy.model_validate(keys)


def test_full_labels_keep_every_case_once(decoded: Decoded) -> None:
    assert kept_for_training(decoded, EVERY, policy()) == list(EVERY)
    assert oversampled(decoded, EVERY, policy()) == list(EVERY)


def test_a_fraction_of_the_cases(decoded: Decoded) -> None:
    kept = kept_for_training(decoded, EVERY, policy(fraction=0.5))
    assert len(kept) == 6
    assert kept == sorted(kept)
    assert set(kept) < set(kept_for_training(decoded, EVERY, policy(fraction=0.8)))
    assert len(kept_for_training(decoded, EVERY, policy(fraction=0.01))) == 1


def test_the_benchmark_has_as_many_labelled_cases_as_the_removal_leaves(decoded: Decoded) -> None:
    removal = {"remove": "foreground", "where": {"kind": "m"}}
    left = sum(kind == "b" for kind in KINDS)
    kept = kept_for_training(decoded, EVERY, policy(as_many_as=removal))
    assert sum(KINDS[position] != "n" for position in kept) == left
    assert len(kept) < len(KINDS)
    # the last case was needed: without it there is one labelled case fewer
    all_but_one = [kept_for_training(decoded, EVERY, policy(fraction=(len(kept) - 1) / len(KINDS)))]
    assert sum(KINDS[position] != "n" for position in all_but_one[0]) == left - 1


def test_an_oversampled_case_is_shown_several_times(decoded: Decoded) -> None:
    shown = Counter(oversampled(decoded, EVERY, policy(oversample={"where": {"kind": "m"}, "times": 3})))
    assert shown == {position: 3 if KINDS[position] == "m" else 1 for position in EVERY}


class TestBatches:
    """What training and evaluation see of it."""

    def batches(self, decoded: Decoded, folder: Path, **keys: object) -> FileBatches:
        train = {"epochs": 1, "batch_size": 1}
        trial = trial_on(folder, labels=keys or "full", dataset={"size": [8, 8]}, train=train)
        return FileBatches(decoded, trial, torch.device("cpu"))

    def test_cases_that_are_left_out_are_neither_trained_on_nor_judged(self, decoded: Decoded, tmp_path: Path) -> None:
        everything = self.batches(decoded, tmp_path)
        half = self.batches(decoded, tmp_path, fraction=0.5)
        by_split = [Counter(case.split for case in found.evaluation()) for found in (everything, half)]
        assert by_split[1]["train"] == round(by_split[0]["train"] / 2)
        assert (by_split[1]["val"], by_split[1]["inner"]) == (by_split[0]["val"], by_split[0]["inner"])

    def test_an_epoch_grows_by_what_is_repeated(self, decoded: Decoded, tmp_path: Path) -> None:
        plain = self.batches(decoded, tmp_path)
        tripled = self.batches(decoded, tmp_path, oversample={"where": {"kind": ["m", "b", "n"]}, "times": 3})
        assert len(list(tripled.epoch("loss", 1))) == 3 * len(list(plain.epoch("loss", 1)))
        assert tripled.statistics == plain.statistics
