"""A short measurement: plausible numbers, and nothing left behind."""

import math
from pathlib import Path

import pytest
import torch
from file_trials import trial_on
from grids import plan_of, tiny_sweep
from tiny_datasets import write_pictures

from segsweep.data.cache import cache_folder
from segsweep.data.open import open_batches
from segsweep.errors import DataError, GridError, TrainingError
from segsweep.training import probe as probing
from segsweep.training.measured import Measured, loss_kind
from segsweep.training.probe import probe

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "SECONDS", 0.0)


def assert_plausible(found: Measured) -> None:
    times = [found.opening, found.batch, found.loading, found.case, found.pictures, *sum(found.losses.values(), ())]
    assert all(0 < seconds < 60 for seconds in times)
    assert 100 * 2**20 < found.memory < 100 * 2**30  # a process that has imported torch
    assert math.isfinite(found.case_rows)
    assert min(found.case_rows, found.picture_rows, found.weights) > 0


def test_phantoms() -> None:
    trials = plan_of(tiny_sweep(grid=[{"loss": ["dice", "lovasz"]}, {"loss": "dice", "epsilon": [1, 2]}])).trials
    found = probe(trials, CPU)
    assert_plausible(found)
    kinds = {loss_kind(trial.loss) for trial in trials}
    assert len(kinds) == 2
    assert set(found.losses) == kinds | {"ce {}"}  # that of the warm start
    assert (found.device, found.device_memory, found.decoding) == ("cpu", 0, 0)
    # a 1×1 convolution: a weight and a bias, 4 bytes each
    assert found.weights == 8


def test_files_that_are_decoded(tmp_path: Path) -> None:
    trial = trial_on(write_pictures(tmp_path / "pictures"), augment="bertels2019", dataset={"size": [16, 16]})
    open_batches(trial, CPU)
    found = probe([trial], CPU)
    assert_plausible(found)
    assert found.decoding == 0


def test_of_files_that_are_not_decoded_a_few_are_and_aside(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "pictures", 40)
    trial = trial_on(folder)
    assert len(trial.split.train) > 15
    (folder / "images" / f"{trial.split.train[15]}.png").write_bytes(b"damaged")  # it is not among the few
    found = probe([trial], CPU)
    assert found.decoding > 0
    assert not (cache_folder() / "decoded").exists()
    (folder / "images" / f"{trial.split.train[0]}.png").write_bytes(b"damaged")
    with pytest.raises(DataError, match=f"^case {trial.split.train[0]}: "):
        probe([trial], CPU)


def test_a_loss_that_cannot_be_built_is_refused() -> None:
    with pytest.raises(GridError, match="no loss class of that name"):
        probe(plan_of(tiny_sweep(grid={"loss": "monai:NoSuchLoss"})).trials, CPU)


def test_a_loss_that_raises_is_named() -> None:
    with pytest.raises(TrainingError) as caught:
        probe(plan_of(tiny_sweep(grid={"loss": "user_losses:raises"})).trials, CPU)
    said = "RuntimeError: shapes [B, C] and [/B] do not fit"
    assert str(caught.value) == f"loss user_losses:raises cannot be measured: {said}"


def test_a_loss_pays_for_itself() -> None:
    """A loss that sleeps for 20 ms takes no less, in training and in selection, where two cases are looked at."""
    found = probe(plan_of(tiny_sweep(grid={"loss": "user_losses:sleeps"})).trials, CPU)
    (slow,) = (cost for kind, cost in found.losses.items() if kind.startswith("user_losses"))
    assert slow.step >= 0.02
    assert slow.look >= 0.02 / 2
