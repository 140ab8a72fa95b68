"""A slice of a cohort end to end, tracked in memory."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import torch
from file_trials import trial_on
from grids import PHANTOM, plan_of, tiny_sweep
from tiny_datasets import write_decathlon
from workplaces import states, workplace

from segsweep.data.batches import Batch
from segsweep.data.open import open_batches
from segsweep.records.schemas import CASES, TRIALS
from segsweep.spec.trials import Trial
from segsweep.store.keys import WARM_STARTS, owner
from segsweep.tracking.memory import MemoryRun, MemoryTracker
from segsweep.tracking.protocol import CASES_FILE, TRIALS_FILE, Ending
from segsweep.training.cohort import run_slice
from segsweep.training.lane import Lane
from segsweep.training.workplace import Progress, Workplace

WITH_DROPOUT = {"monai": "UNet", "args": {"channels": [4, 8], "strides": [2], "dropout": 0.5}}


@pytest.fixture
def place(tmp_path: Path, memory_tracker: MemoryTracker) -> Workplace:
    return workplace(tmp_path / "place", memory_tracker)


def elsewhere(place: Workplace, tmp_path: Path, name: str) -> Workplace:
    """Another folder and another store: nothing done at the first place is known there."""
    return workplace(tmp_path / name)


def trials(**changes: Any) -> tuple[Trial, ...]:
    return plan_of(tiny_sweep(**changes)).trials


def run_of(place: Workplace, trial: Trial) -> MemoryRun:
    assert isinstance(place.tracker, MemoryTracker)
    (found,) = (run for run in place.tracker.runs.values() if run.description.tags.get("segsweep.trial") == trial.id)
    return found


def warm_starts(place: Workplace) -> list[MemoryRun]:
    assert isinstance(place.tracker, MemoryTracker)
    return [run for run in place.tracker.runs.values() if run.description.kind == "warm start"]


def cases(place: Workplace, trial: Trial) -> pa.Table:
    return run_of(place, trial).tables[CASES_FILE]


class TestRecords:
    def test_a_finished_trial_has_its_row_and_its_cases(self, place: Workplace) -> None:
        (trial, _) = trials()
        assert states(run_slice([trial], place)) == {trial.id: "finished"}
        run = run_of(place, trial)
        (row,) = run.tables[TRIALS_FILE].to_pylist()
        assert run.tables[TRIALS_FILE].schema.equals(TRIALS)
        assert run.tables[CASES_FILE].schema.equals(CASES)
        assert (row["trial"], row["state"], row["epochs"]) == (trial.id, "finished", 2)
        assert (row["device"], row["torch_version"]) == ("cpu", torch.__version__)
        assert row["seconds"] > 0
        assert cases(place, trial)["case"].to_pylist() == [f"phantom-{number:04d}" for number in range(6)]

    def test_before_the_first_epoch_one_forward_pass_serves_all_lanes(
        self, place: Workplace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        passes = []

        def predict(lane: Lane, batch: Batch, whole: Callable[..., torch.Tensor] = Lane.predict) -> torch.Tensor:
            passes.append(lane)
            return whole(lane, batch)

        monkeypatch.setattr(Lane, "predict", predict)
        found = trials(warm_start="none", grid={"loss": ["ce", "dice", "jaccard"], "phi": "image"})
        run_slice(found, place)
        batches = len(list(open_batches(found[0], torch.device("cpu")).selection()))
        epochs = 2
        assert len(passes) == batches * (1 + len(found) * epochs)

    def test_curves_have_a_point_per_epoch(self, place: Workplace) -> None:
        (trial, _) = trials()
        run_slice([trial], place)
        points = run_of(place, trial).points
        assert [point.step for point in points] == [1, 2]
        curves = {"train/loss", "select/loss", "select/dice", "train/lr"}
        assert all(set(point.metrics) == curves for point in points)

    def test_final_metrics_are_means_over_the_evaluation_cases(self, place: Workplace) -> None:
        (trial, _) = trials()
        run_slice([trial], place)
        table, metrics = cases(place, trial).to_pydict(), run_of(place, trial).metrics
        errors = [soft - true for soft, true in zip(table["volume_soft"], table["volume_true"], strict=True)]
        assert metrics["val_volume_error_soft_px/lesion"] == pytest.approx(sum(errors) / len(errors))
        assert metrics["val_ece/lesion"] == pytest.approx(sum(table["ece"]) / len(errors))

    def test_it_says_where_it_stands(self, place: Workplace) -> None:
        heard: list[Progress] = []
        listening = replace(place, report=heard.append)
        found = trials()
        endings = run_slice(found, listening)
        assert list(dict.fromkeys(progress.phase for progress in heard)) == [
            "data",
            "warm start",
            "training",
            "evaluation",
        ]
        assert all(0 <= progress.done <= 1 for progress in heard)
        assert heard[-1].endings == endings
        assert states(endings) == {trial.id: "finished" for trial in found}


class TestReproducibility:
    @pytest.mark.parametrize("network", ["unet-s", WITH_DROPOUT], ids=["unet-s", "dropout"])
    def test_the_same_trial_twice_gives_the_same_cases(self, place: Workplace, tmp_path: Path, network: object) -> None:
        (trial, _) = trials(network=network)
        other = elsewhere(place, tmp_path, "other")
        run_slice([trial], place)
        torch.manual_seed(99)
        run_slice([trial], other)
        assert cases(place, trial).equals(cases(other, trial))

    @pytest.mark.parametrize("network", ["unet-s", WITH_DROPOUT], ids=["unet-s", "dropout"])
    def test_alone_or_beside_others_it_is_the_same(self, place: Workplace, tmp_path: Path, network: object) -> None:
        found = trials(network=network, grid=[{"loss": ["ce", "dice", "lovasz"]}, {"loss": "dice", "epochs": 1}])
        run_slice(found, place)
        for number, trial in enumerate(found):
            alone = elsewhere(place, tmp_path, str(number))
            run_slice([trial], alone)
            assert cases(alone, trial).equals(cases(place, trial))

    def test_augmented_files_too(self, place: Workplace, tmp_path: Path) -> None:
        folder = write_decathlon(tmp_path / "msd", 6)
        trial = trial_on(folder, "msd", augment="bertels2019", dataset={"size": [8, 8, 8]})
        other = elsewhere(place, tmp_path, "other")
        run_slice([trial], place)
        run_slice([trial], other)
        assert cases(place, trial).equals(cases(other, trial))
        assert set(cases(place, trial)["label"].to_pylist()) == {"anterior", "posterior"}
        assert set(cases(place, trial)["unit"].to_pylist()) == {"ml"}

    def test_another_seed_is_another_result(self, place: Workplace) -> None:
        one, other = trials(seeds=[0, 1], grid={"loss": "dice"})
        run_slice([one], place)
        run_slice([other], place)
        assert cases(place, one)["volume_soft"] != cases(place, other)["volume_soft"]


class TestFailures:
    def test_a_loss_that_raises_fails_alone_with_its_traceback(self, place: Workplace) -> None:
        bad, good = trials(grid={"loss": ["user_losses:raises", "dice"]})
        assert states(run_slice([bad, good], place)) == {bad.id: "failed", good.id: "finished"}
        run = run_of(place, bad)
        assert run.ending == Ending("failed", "RuntimeError: shapes [B, C] and [/B] do not fit", "code")
        assert b"in raises" in run.files["traceback.txt"]
        (row,) = run.tables[TRIALS_FILE].to_pylist()
        assert (row["state"], row["reason"]) == ("failed", run.reason)

    def test_it_changes_nothing_for_the_others(self, place: Workplace, tmp_path: Path) -> None:
        bad, good = trials(grid={"loss": ["user_losses:raises", "dice"]})
        alone = elsewhere(place, tmp_path, "other")
        run_slice([bad, good], place)
        run_slice([good], alone)
        assert cases(place, good).equals(cases(alone, good))

    def test_a_loss_that_becomes_nan_diverges(self, place: Workplace) -> None:
        bad, good = trials(grid={"loss": ["user_losses:turns_nan", "dice"]})
        assert states(run_slice([bad, good], place)) == {bad.id: "diverged", good.id: "finished"}
        assert run_of(place, bad).reason == "the training loss became nan at step 1 of epoch 1"
        assert cases(place, bad).num_rows == 0

    def test_a_loss_that_cannot_be_built_fails_alone(self, place: Workplace) -> None:
        bad, good = trials(grid=[{"loss": "monai:NoSuchLoss"}, {"loss": "dice"}])
        assert states(run_slice([bad, good], place)) == {bad.id: "failed", good.id: "finished"}
        assert run_of(place, bad).reason == ("loss 'monai:NoSuchLoss': monai.losses has no loss class of that name")

    def test_data_that_is_gone_fails_every_trial(self, place: Workplace, tmp_path: Path) -> None:
        folder = write_decathlon(tmp_path / "msd", 6)
        trial = trial_on(folder, "msd")
        (folder / "dataset.json").unlink()
        assert states(run_slice([trial], place)) == {trial.id: "failed"}
        assert run_of(place, trial).reason == f"{folder}/dataset.json: no such file"

    def test_a_batch_that_cannot_be_made_fails_every_trial_with_its_reason(self, place: Workplace) -> None:
        """Squares of other sides turned by 90° do not stack."""
        folder = Path(str(place.blobs)).parent / "files" / "msd"
        write_decathlon(folder, 8, shape=(16, 8, 4))
        turn = {"monai": [{"RandRotate90": {"prob": 0.5, "spatial_axes": [0, 1]}}]}
        changes = {"augment": turn, "warm_start": "none", "train": {"epochs": 2, "batch_size": 4}}
        pair = [trial_on(folder, "msd", grid={"loss": loss}, **changes) for loss in ("ce", "dice")]
        assert set(states(run_slice(pair, place)).values()) == {"failed"}
        assert all("stack" in str(run_of(place, trial).reason) for trial in pair)

    def test_what_may_go_well_another_time_is_interrupted(self, place: Workplace) -> None:
        lost, kept = trials(grid=[{"loss": ["user_losses:no_memory", "ce"]}])
        assert states(run_slice([lost, kept], place)) == {lost.id: "interrupted", kept.id: "finished"}
        assert str(run_of(place, lost).reason).startswith("OutOfMemoryError")
        assert run_of(place, lost).ending.kind == "gpu memory"

    def test_a_lane_that_stops_early_is_recorded_while_the_others_train(
        self, tmp_path: Path, memory_tracker: MemoryTracker
    ) -> None:
        seen: list[tuple[str, frozenset[str]]] = []
        place = workplace(tmp_path, memory_tracker, lambda at: seen.append((at.phase, frozenset(at.endings))))
        short, long = trials(grid=[{"loss": "ce", "epochs": [1, 3]}])
        run_slice([short, long], place)
        assert ("evaluation", frozenset({short.id})) in seen
        assert seen.index(("evaluation", frozenset({short.id}))) < len(seen) - 1 - seen[::-1].index(
            ("training", frozenset({short.id}))
        )


class TestWarmStart:
    def test_it_is_trained_once_for_all_lanes(self, place: Workplace) -> None:
        run_slice(trials(), place)
        (run,) = warm_starts(place)
        assert (run.state, [point.step for point in run.points]) == ("finished", [1])

    def test_a_later_slice_finds_it_again(self, place: Workplace, tmp_path: Path) -> None:
        one, other = trials()
        together = elsewhere(place, tmp_path, "together")
        run_slice([one], place)
        run_slice([other], place)
        run_slice([one, other], together)
        assert len(warm_starts(place)) == 1
        for trial in (one, other):
            assert cases(place, trial).equals(cases(together, trial))

    def test_from_scratch_there_is_none(self, place: Workplace) -> None:
        run_slice(trials(warm_start="none"), place)
        assert warm_starts(place) == []
        assert place.blobs.list(WARM_STARTS) == []

    def test_it_is_where_the_lanes_start(self, place: Workplace) -> None:
        """A rate too small to change anything leaves the weights of the warm start."""
        one, other = trials(train={"epochs": 1, "lr": 1e-30, "batch_size": 2})
        run_slice([one, other], place)
        (blob,) = place.blobs.list(WARM_STARTS)
        assert owner(blob.key) == one.warm_start_id
        assert cases(place, one)["volume_soft"] == cases(place, other)["volume_soft"]


def test_a_lane_overfits_one_phantom(place: Workplace) -> None:
    """Without noise or uncertainty the band is what is brighter than the background, which a U-Net learns at once."""
    block = {"phantom": {**PHANTOM, "p": 1.0, "k": 1, "noise": 0, "steps": 30}, "name": "certain"}
    (trial,) = trials(
        datasets=block,
        network="unet-s",
        warm_start="none",
        train={"epochs": 3, "lr": 0.02, "batch_size": 4},
        grid={"loss": "dice"},
    )
    run_slice([trial], place)
    dices = cases(place, trial)["dice"].to_pylist()
    assert min(dices) > 0.95
