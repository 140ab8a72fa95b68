"""Forecasts worked out by hand, and their counts held against real batches."""

from pathlib import Path
from typing import Any

import pytest
import torch
from file_trials import trial_on
from grids import PHANTOM, files_sweep, plan_of, tiny_sweep
from measurements import LOOK, STEP, measured, outlook
from tiny_datasets import write_pictures

from segsweep.data.open import open_batches
from segsweep.orchestration.forecast import (
    SLICE_SECONDS,
    TRACKING_SECONDS,
    epochs_as_loads,
    forecast,
    may_stop_early,
    own_seconds,
)
from segsweep.orchestration.schedule import Load, run_in_order
from segsweep.orchestration.slices import by_cohort
from segsweep.spec.trials import Trial
from segsweep.training import probe
from segsweep.training.measured import LossCost, loss_kind, over_workers
from segsweep.training.workload import by_shape, evaluation_cases, selection_cases, shape, steps_per_epoch

# of tiny_sweep: 2 steps per epoch, 4 cases to choose the checkpoint, 6 to be judged by
OWN = 2 * 2 * STEP + 3 * 4 * LOOK + 6 * 4.0 + 32.0
SHARED = 2 * 2 * 2.0 + 3 * 4 * 0.25
WARM = 2 * STEP + 2 * 4 * LOOK + 2 * 2.0 + 2 * 4 * 0.25 + TRACKING_SECONDS
BEFORE = SLICE_SECONDS + 16.0


def trials_of(**changes: Any) -> tuple[Trial, ...]:
    return plan_of(tiny_sweep(**changes)).trials


class TestCounts:
    """What is counted without data is what the data give."""

    def assert_counted(self, trial: Trial) -> None:
        batches = open_batches(trial, torch.device("cpu"))
        assert steps_per_epoch(trial) == batches.steps == len(list(batches.epoch("loss", 1)))
        assert selection_cases(trial) == sum(len(batch.images) for batch in batches.selection())
        assert evaluation_cases(trial) == len(batches.evaluation())

    def test_of_phantoms(self) -> None:
        self.assert_counted(trials_of()[0])

    @pytest.mark.parametrize("batch_size", [1, 3, 50])
    @pytest.mark.parametrize("select", ["inner", "fold"])
    def test_of_files(self, tmp_path: Path, batch_size: int, select: str) -> None:
        folder = write_pictures(tmp_path / "pictures", 11)
        train = {"epochs": 1, "batch_size": batch_size}
        self.assert_counted(trial_on(folder, train=train, split={"select": select}))

    def test_a_label_policy_that_leaves_cases_out_is_seen_by_the_probe(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(probe, "SECONDS", 0.0)
        folder = write_pictures(tmp_path / "pictures", 20)
        trial = trial_on(folder, labels={"fraction": 0.5}, train={"epochs": 1, "batch_size": 1})
        batches = open_batches(trial, torch.device("cpu"))
        steps = len(list(batches.epoch("loss", 1)))
        assert steps == batches.steps < steps_per_epoch(trial)
        found = probe.probe([trial], torch.device("cpu"))
        assert found.shown * steps_per_epoch(trial) == pytest.approx(steps)
        assert found.judged * evaluation_cases(trial) == pytest.approx(len(batches.evaluation()))

    def test_fewer_steps_and_cases_take_less(self) -> None:
        (trial,) = trials_of(grid={"loss": "dice"}, warm_start="none")
        found = measured([trial], shown=0.5, judged=0.25)
        assert own_seconds(trial, measured([trial])) - own_seconds(trial, found) == 2 * STEP + 0.75 * 6 * 4.0


class TestShapes:
    def test_folds_seeds_rates_losses_and_stop_rules_have_one_shape(self) -> None:
        grid = [{"loss": ["ce", "dice"], "lr": [0.1, 0.2], "epochs": [1, 5]}]
        trials = trials_of(grid=grid, seeds=[0, 1], folds={"k": 2}, warm_start=["none", {"epochs": 3}])
        assert len(by_shape(trials)) == 1

    def test_phantoms_that_differ_in_what_is_drawn_have_one_shape(self) -> None:
        phantom = {**PHANTOM, "p": [0.3, 0.5], "k": [4, 8]}
        trials = trials_of(datasets={"phantom": phantom})
        assert (len({trial.cohort for trial in trials}), len(by_shape(trials))) == (4, 1)

    @pytest.mark.parametrize(
        "changes",
        [
            {"network": "unet-s"},
            {"train": {"epochs": 2, "lr": 0.01, "batch_size": 4}},
            {"train": {"epochs": 2, "lr": 0.01, "batch_size": 2, "amp": "off"}},
            {"datasets": {"phantom": {**PHANTOM, "size": 32}}},
            {"labels": {"smooth": 0.1}},
            {"augment": "bertels2019"},
        ],
    )
    def test_what_a_step_depends_on_is_another_shape(self, changes: dict[str, Any]) -> None:
        assert shape(trials_of(**changes)[0]) != shape(trials_of()[0])

    def test_files_are_known_by_their_contents_and_their_grid(self) -> None:
        first, other = (
            plan_of(files_sweep(datasets={"folder": folder, "size": size})).trials[0]
            for folder, size in (("/here", [16, 16]), ("/there", [16, 16]))
        )
        assert shape(first) == shape(other)
        larger = plan_of(files_sweep(datasets={"folder": "/here", "size": [32, 16]})).trials[0]
        assert shape(larger) != shape(first)

    def test_losses_that_differ_in_an_amount_alone_take_equally_long(self) -> None:
        grid = [
            {"loss": "tversky", "alpha": [0.3, 0.7], "epsilon": [1, 2.5]},
            {"loss": "dice", "phi": ["image", "batch"]},
        ]
        kinds = [loss_kind(trial.loss) for trial in trials_of(grid=grid)]
        assert len(kinds) == 6
        assert len(set(kinds)) == 3


class TestSeconds:
    def test_of_a_trial_alone(self) -> None:
        (trial,) = trials_of(grid={"loss": "dice"}, warm_start="none")
        assert own_seconds(trial, measured([trial])) == OWN
        found = forecast([(trial,)], {shape(trial): measured([trial])}, 1)
        assert found.trials == {trial.id: BEFORE + SHARED + OWN + TRACKING_SECONDS}
        assert found.training == found.busy == found.trials[trial.id]

    def test_a_slice_makes_its_batches_and_its_warm_start_once(self) -> None:
        trials = trials_of()
        found = forecast([trials], {shape(trials[0]): measured(trials)}, 1)
        shared = BEFORE + WARM + SHARED + 2 * TRACKING_SECONDS
        assert found.trials == pytest.approx(dict.fromkeys((trial.id for trial in trials), OWN + shared / 2))
        assert found.training == pytest.approx(shared + 2 * OWN)

    def test_the_longest_lane_says_how_many_batches_are_made(self) -> None:
        short, long = trials_of(grid={"loss": "dice", "epochs": [1, 5]}, warm_start="none")
        found = forecast([(short, long)], {shape(short): measured([short])}, 1)
        lanes = own_seconds(short, measured([short])) + own_seconds(long, measured([long]))
        assert found.training == pytest.approx(BEFORE + 5 * 2 * 2.0 + 6 * 4 * 0.25 + lanes + 2 * TRACKING_SECONDS)

    def test_a_loss_costs_what_was_measured_of_it(self) -> None:
        ce, dice = trials_of()
        costs = {loss_kind(ce.loss): LossCost(1.0, 0.0), loss_kind(dice.loss): LossCost(3.0, 0.0)}
        found = measured([ce, dice], losses=costs)
        assert own_seconds(dice, found) - own_seconds(ce, found) == 2 * 2 * 2.0

    def test_parts_of_a_cohort_wait_for_one_warm_start(self) -> None:
        ce, dice = trials_of()
        found = forecast([(ce,), (dice,)], {shape(ce): measured([ce, dice])}, 2)
        assert found.training == pytest.approx(BEFORE + WARM + SHARED + OWN + TRACKING_SECONDS)
        assert found.busy == pytest.approx(2 * found.training)
        assert sum(found.trials.values()) == pytest.approx(found.busy)

    def test_a_warm_start_that_is_there_costs_nothing(self) -> None:
        trials = trials_of()
        measurements = {shape(trials[0]): measured(trials)}
        found = forecast([trials], measurements, 1, trained={trials[0].warm_start_id})
        assert forecast([trials], measurements, 1).training - found.training == pytest.approx(WARM)

    def test_the_seconds_of_all_trials_are_those_of_all_workers(self) -> None:
        trials = trials_of(folds={"k": 5}, grid={"loss": ["ce", "dice", "lovasz"]}, seeds=[0, 1])
        arranged = outlook(trials, workers=4).arrange(trials)
        assert arranged.forecast is not None
        placed = run_in_order(arranged.forecast.loads, 4)
        assert sum(arranged.forecast.trials.values()) == pytest.approx(sum(at.end - at.start for at in placed))
        assert arranged.forecast.training == max(at.end for at in placed)


def test_where_nothing_was_measured_epochs_count() -> None:
    trials = trials_of(grid=[{"loss": ["ce", "dice"]}, {"loss": "dice", "warm_start": "none", "epochs": 9}])
    warm, alone = by_cohort(trials).values()
    name = trials[0].warm_start_id
    assert epochs_as_loads([warm, alone]) == (Load(0, name, 1, 4), Load(0, None, 0, 9))
    assert epochs_as_loads([warm], trained={str(name)}) == (Load(0, None, 0, 4),)


def test_workers_side_by_side_are_averaged_and_the_largest_counts() -> None:
    (trial,) = trials_of(grid={"loss": "ce"})
    kind = loss_kind(trial.loss)
    both = [
        measured([trial], memory=5, batch=1.0, losses={kind: LossCost(2.0, 0.5)}),
        measured([trial], memory=7, batch=4.0, losses={kind: LossCost(3.0, 1.5)}),
    ]
    assert over_workers(both) == measured([trial], memory=7, batch=2.5, losses={kind: LossCost(2.5, 1.0)})


@pytest.mark.parametrize(
    ("warm_start", "patience", "bites"),
    [
        ("none", 2, False),
        ("none", 1, True),
        ({"epochs": 5, "patience": 4}, 2, True),
        ({"epochs": 4, "patience": 4}, 2, False),
    ],
)
def test_early_stopping_bites_where_patience_is_shorter_than_training(
    warm_start: object, patience: int, bites: bool
) -> None:
    train = {"epochs": 2, "lr": 0.01, "batch_size": 2, "patience": patience}
    assert may_stop_early(trials_of(warm_start=warm_start, train=train)) is bites
