"""Trials that are interrupted and go on elsewhere: nothing changes, little is repeated, nobody is in another's way."""

import math
import resource
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
import torch
from file_trials import trial_on
from grids import plan_of, tiny_sweep
from tiny_datasets import write_decathlon
from workplaces import another_process, states, workplace

from segsweep.spec.trials import Trial
from segsweep.store.folder import FolderBlobs
from segsweep.store.keys import CHECKPOINTS, checkpoint_folder
from segsweep.tracking.memory import MemoryRun, MemoryTracker
from segsweep.tracking.protocol import CASES_FILE, TRIALS_FILE, Ending
from segsweep.training import checkpoint
from segsweep.training.checkpoint import Checkpoints
from segsweep.training.cohort import run_slice
from segsweep.training.journal import Started, read_journals
from segsweep.training.workplace import Progress, Workplace

DROPOUT_AND_BATCH_NORM = {
    "monai": "UNet",
    "args": {"channels": [4, 8], "strides": [2], "dropout": 0.5, "norm": "batch"},
}
FIVE_EPOCHS = {"epochs": 5, "lr": 0.05, "batch_size": 2, "plateau": 1, "factor": 0.5}


@pytest.fixture
def place(tmp_path: Path, memory_tracker: MemoryTracker) -> Workplace:
    return workplace(tmp_path / "place", memory_tracker)


@pytest.fixture
def _every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "SECONDS_AT_RISK", 0.0)


def trials(**changes: Any) -> tuple[Trial, ...]:
    return plan_of(tiny_sweep(**{"train": FIVE_EPOCHS, **changes})).trials


def runs_of(place: Workplace, trial: Trial) -> list[MemoryRun]:
    assert isinstance(place.tracker, MemoryTracker)
    return [run for run in place.tracker.runs.values() if run.description.tags.get("segsweep.trial") == trial.id]


def cases(place: Workplace, trial: Trial) -> pa.Table:
    return runs_of(place, trial)[-1].tables[CASES_FILE]


def curves(place: Workplace, trial: Trial) -> list[tuple[int, dict[str, float]]]:
    return [(step, dict(metrics)) for step, metrics, _ in runs_of(place, trial)[-1].points]


def journal(place: Workplace) -> list[Started]:
    return list(read_journals(Path(str(place.blobs)).parent / "journal"))


def epochs(place: Workplace, name: str | None) -> list[int]:
    return [started.epoch for started in journal(place) if started.trial == name]


def interrupted(trials: tuple[Trial, ...], place: Workplace, phase: str, done: float) -> None:
    """Run a slice until it says that a share of a phase is done, then pull the plug."""

    def pull(progress: Progress) -> None:
        if progress.phase == phase and progress.done >= done:
            raise KeyboardInterrupt

    there = another_process(place)
    with pytest.raises(KeyboardInterrupt), there.claims:
        run_slice(trials, replace(there, report=pull))


@pytest.mark.usefixtures("_every_epoch")
def test_the_seconds_of_a_trial_are_those_of_all_its_attempts(place: Workplace) -> None:
    (trial, _) = trials()
    interrupted((trial,), place, "training", 0.6)
    checkpoints = Checkpoints(place.blobs, trial.id, 1)
    state = checkpoints.latest()
    assert state is not None
    assert 0 < state["seconds"] < 1000
    checkpoints.save(len(state["epochs"]), {**state, "seconds": 1000.0})
    began = time.monotonic()
    run_slice([trial], place)
    (row,) = runs_of(place, trial)[-1].tables[TRIALS_FILE].to_pylist()
    assert 1000 < row["seconds"] <= 1000 + time.monotonic() - began


@pytest.mark.usefixtures("_every_epoch")
class TestSameNumbers:
    @pytest.mark.parametrize("network", ["unet-s", DROPOUT_AND_BATCH_NORM], ids=["unet-s", "dropout, batch norm"])
    @pytest.mark.parametrize("done", [0.2, 0.6, 1.0], ids=["epoch 1", "epoch 3", "last epoch"])
    def test_after_an_interruption_in_training(
        self, place: Workplace, tmp_path: Path, network: object, done: float
    ) -> None:
        both = trials(network=network)
        whole = workplace(tmp_path / "whole")
        run_slice(both, whole)
        interrupted(both, place, "training", done)
        torch.manual_seed(99)
        assert set(states(run_slice(both, place)).values()) == {"finished"}
        for trial in both:
            assert cases(place, trial).equals(cases(whole, trial))
            assert curves(place, trial) == curves(whole, trial)
            assert epochs(place, trial.id) == [1, 2, 3, 4, 5]

    def test_after_an_interruption_of_the_warm_start(self, place: Workplace, tmp_path: Path) -> None:
        (trial, _) = trials(warm_start={"epochs": 4, "lr": 0.05, "plateau": 1})
        whole = workplace(tmp_path / "whole")
        run_slice([trial], whole)
        interrupted((trial,), place, "warm start", 0.5)
        run_slice([trial], place)
        assert cases(place, trial).equals(cases(whole, trial))
        assert epochs(place, trial.warm_start_id) == [1, 2, 3, 4]

    def test_of_augmented_files(self, place: Workplace, tmp_path: Path) -> None:
        folder = write_decathlon(tmp_path / "msd", 6)
        trial = trial_on(
            folder, "msd", augment="bertels2019", dataset={"size": [8, 8, 8]}, train={"epochs": 4, "batch_size": 2}
        )
        whole = workplace(tmp_path / "whole")
        run_slice([trial], whole)
        interrupted((trial,), place, "training", 0.5)
        run_slice([trial], place)
        assert cases(place, trial).equals(cases(whole, trial))

    def test_where_lanes_stand_at_different_epochs(self, place: Workplace, tmp_path: Path) -> None:
        behind, ahead = both = trials()
        whole = workplace(tmp_path / "whole")
        run_slice(both, whole)
        interrupted(both, place, "training", 0.6)
        for blob in place.blobs.list(checkpoint_folder(behind.id)):
            place.blobs.delete(blob.key)
        run_slice(both, place)
        for trial in both:
            assert cases(place, trial).equals(cases(whole, trial))
            assert curves(place, trial) == curves(whole, trial)
        assert Counter(epochs(place, behind.id)) == {1: 2, 2: 2, 3: 2, 4: 1, 5: 1}
        assert epochs(place, ahead.id) == [1, 2, 3, 4, 5]

    def test_where_the_latest_checkpoint_cannot_be_read(self, place: Workplace, tmp_path: Path) -> None:
        (trial, _) = trials()
        whole = workplace(tmp_path / "whole")
        run_slice([trial], whole)
        interrupted((trial,), place, "training", 0.6)
        (blob,) = place.blobs.list(checkpoint_folder(trial.id))
        content = place.blobs.get(blob.key)
        assert content is not None
        place.blobs.put(f"{checkpoint_folder(trial.id)}000004-000001.pt", content[: len(content) // 2])
        run_slice([trial], place)
        assert cases(place, trial).equals(cases(whole, trial))
        assert epochs(place, trial.id) == [1, 2, 3, 4, 5]

    def test_points_keep_the_time_of_their_epoch(self, place: Workplace) -> None:
        (trial, _) = trials()
        interrupted((trial,), place, "training", 0.6)
        between = time.time()
        run_slice([trial], place)
        first, second = runs_of(place, trial)
        assert [point.at for point in second.points][:3] == [point.at for point in first.points]
        assert all((point.at < between) == (point.step <= 3) for point in second.points)


def test_a_checkpoint_is_made_before_more_than_ten_seconds_are_at_risk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    # this module's clock alone: an event loop of another thread that saw it would sleep for hours
    monkeypatch.setattr(checkpoint, "time", SimpleNamespace(monotonic=lambda: now[0]))
    checkpoints = Checkpoints(FolderBlobs(tmp_path), "trial", 1)
    now[0] += 60  # a warm start, and the first look of all lanes
    saved = []
    for number, seconds in enumerate([3, 3, 3, 3, 12, 12, 1, 1], start=1):
        checkpoints.begin()
        now[0] += seconds
        if checkpoints.due():
            saved.append(number)
            checkpoints.save(number, {})
    # after epoch 3 a fourth of 3 s would end 12 s after the start
    assert saved == [3, 5, 6]
    assert [blob.key for blob in FolderBlobs(tmp_path).list("")] == ["checkpoints/trial/000006-000001.pt"]


@pytest.mark.usefixtures("_every_epoch")
class TestDiskFull:
    def test_a_checkpoint_that_finds_no_room_interrupts_its_trial_and_no_other(self, place: Workplace) -> None:
        small, large = trials(
            warm_start="none", network=["logistic", "unet-s"], grid={"loss": "ce"}, train={"epochs": 2}
        )
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        try:
            endings = run_slice([large], place) | run_slice([small], place)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert endings[small.id] == Ending("finished")
        assert endings[large.id] == Ending("interrupted", "OSError: [Errno 27] File too large", "disk")
        assert states(run_slice([large], place)) == {large.id: "finished"}


class TestClaims:
    def test_a_trial_that_another_process_is_at_is_left_to_it(self, place: Workplace) -> None:
        held, free = trials()
        with another_process(place).claims as other:
            other.take(held.id)
            assert states(run_slice([held, free], place)) == {held.id: "running", free.id: "finished"}
            assert runs_of(place, held) == []
        assert states(run_slice([held], place)) == {held.id: "finished"}

    def test_a_trial_that_was_finished_meanwhile_is_not_run_again(self, place: Workplace) -> None:
        (trial, _) = trials()
        run_slice([trial], place)
        # a store that has lost the claims, beside a tracker that knows the run
        elsewhere = replace(workplace(Path(str(place.blobs)) / "other"), tracker=place.tracker, parent=place.parent)
        assert states(run_slice([trial], elsewhere)) == {trial.id: "finished"}
        assert len(runs_of(place, trial)) == 1

    def test_runs_carry_the_fence_of_their_claim(self, place: Workplace) -> None:
        (trial, _) = trials()
        interrupted((trial,), place, "training", 0.2)
        run_slice([trial], place)
        assert [run.description.fence for run in runs_of(place, trial)] == [1, 2]

    def test_who_was_taken_over_ends_superseded(self, place: Workplace) -> None:
        (trial, _) = trials()
        rival = another_process(place)

        def overtake(progress: Progress) -> None:
            if progress.phase == "training":
                rival.claims.take(trial.id, over=1)

        assert states(run_slice([trial], replace(place, report=overtake))) == {trial.id: "superseded"}
        (run,) = runs_of(place, trial)
        assert (run.state, run.tables) == ("superseded", {})
        assert rival.claims.look(trial.id).held


class TestWarmStart:
    def test_two_at_once_train_it_once(self, place: Workplace) -> None:
        pieces = [(trial,) for trial in trials(warm_start={"epochs": 3, "lr": 0.05})]
        workers = [
            threading.Thread(target=run_slice, args=(piece, another_process(place)))  # on one tracker and one store
            for piece in pieces
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert all(runs_of(place, trial)[0].state == "finished" for (trial,) in pieces)
        assert epochs(place, pieces[0][0].warm_start_id) == [1, 2, 3]

    def test_one_that_cannot_be_trained_is_not_tried_again(self, place: Workplace) -> None:
        one, other = trials(warm_start={"epochs": 1, "lr": 1e38})
        first = run_slice([one], place)[one.id]
        second = run_slice([other], place)[other.id]
        assert first == second
        assert (first.state, first.kind) == ("failed", "diverged")
        assert str(first.reason).startswith("the warm start diverged: ")
        assert epochs(place, one.warm_start_id) == [1]


def test_where_little_is_at_risk_there_is_no_checkpoint(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "SECONDS_AT_RISK", math.inf)
    (trial, _) = trials()
    assert states(run_slice([trial], place)) == {trial.id: "finished"}
    assert place.blobs.list(CHECKPOINTS) == []


@pytest.mark.usefixtures("_every_epoch")
def test_an_ended_lane_keeps_only_its_best_weights(place: Workplace) -> None:
    (trial, _) = trials(network="unet-s")
    run_slice([trial], place)
    (blob,) = [blob for blob in place.blobs.list(CHECKPOINTS) if trial.id in blob.key]
    state = torch.load(Path(str(place.blobs)) / blob.key, weights_only=True)
    weights = sum(tensor.numel() for tensor in state["best"].values())
    # Adam's two moments and the weights of the last epoch would make it four times as much
    assert blob.size < 1.5 * 4 * weights
