"""Trials that guide a search or are stopped early: what is recorded of them, and that they can still be finished."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from grids import plan_of, tiny_sweep
from workplaces import another_process, states, workplace

from segsweep.spec.trials import Trial
from segsweep.tracking.memory import MemoryRun, MemoryTracker
from segsweep.tracking.protocol import CASES_FILE, OVERLAYS_FILE, TRIALS_FILE
from segsweep.training.cohort import run_slice
from segsweep.training.inner_scores import inner_scores
from segsweep.training.workplace import Judging, Workplace

EPOCHS = 4


@pytest.fixture
def trial() -> Trial:
    (found,) = plan_of(tiny_sweep(grid={"loss": "dice"}, train={"epochs": EPOCHS, "lr": 0.01, "batch_size": 2})).trials
    return found


def only_run(place: Workplace, state: str) -> MemoryRun:
    assert isinstance(place.tracker, MemoryTracker)
    (run,) = [run for run in place.tracker.runs.values() if run.state == state and run.description.kind == "trial"]
    return run


def rows(run: MemoryRun, name: str) -> list[dict[str, Any]]:
    return list(run.tables[name].to_pylist())


def uninterrupted(trial: Trial, folder: Path) -> MemoryRun:
    place = workplace(folder / "uninterrupted")
    run_slice([trial], place)
    return only_run(place, "finished")


def equal_but_for_time(one: MemoryRun, other: MemoryRun) -> bool:
    trials = [{**rows(run, TRIALS_FILE)[0], "seconds": None} for run in (one, other)]
    return trials[0] == trials[1] and rows(one, CASES_FILE) == rows(other, CASES_FILE)


class TestInnerCases:
    def test_nothing_is_seen_of_the_outer_cases(self, trial: Trial, tmp_path: Path) -> None:
        judged: list[tuple[str, Sequence[Mapping[str, Any]]]] = []
        place = replace(
            workplace(tmp_path),
            judging=Judging.INNER_CASES,
            on_judged=lambda trial, cases: judged.append((trial.id, cases)),
        )
        assert states(run_slice([trial], place)) == {trial.id: "searched"}
        run = only_run(place, "searched")
        assert {row["split"] for row in rows(run, CASES_FILE)} == {"inner"}
        assert rows(run, OVERLAYS_FILE) == []
        assert rows(run, TRIALS_FILE)[0]["epochs"] == EPOCHS
        ((name, cases),) = judged
        assert name == trial.id
        assert run.metrics["inner_dice"] == inner_scores(cases)["dice"]

    def test_it_is_finished_from_its_checkpoint(self, trial: Trial, tmp_path: Path) -> None:
        place = workplace(tmp_path)
        run_slice([trial], replace(place, judging=Judging.INNER_CASES))
        trained = journal(tmp_path)
        assert states(run_slice([trial], another_process(place))) == {trial.id: "finished"}
        assert journal(tmp_path) == trained
        assert equal_but_for_time(only_run(place, "finished"), uninterrupted(trial, tmp_path))


class TestStopping:
    def test_a_stopped_trial_has_its_epochs_and_no_case(self, trial: Trial, tmp_path: Path) -> None:
        place = replace(workplace(tmp_path), goes_on=lambda trial, epoch: epoch.number < 2)
        (ending,) = run_slice([trial], place).values()
        assert (ending.state, ending.reason) == ("stopped", "stopped by ASHA at epoch 2")
        run = only_run(place, "stopped")
        assert rows(run, CASES_FILE) == []
        (row,) = rows(run, TRIALS_FILE)
        assert (row["state"], row["reason"], row["epochs"]) == ("stopped", "stopped by ASHA at epoch 2", 2)
        assert [point.step for point in run.points] == [1, 2]

    def test_it_ends_as_if_it_had_never_been_stopped(self, trial: Trial, tmp_path: Path) -> None:
        place = workplace(tmp_path)
        run_slice([trial], replace(place, goes_on=lambda trial, epoch: epoch.number < 2))
        run_slice([trial], another_process(place))
        assert equal_but_for_time(only_run(place, "finished"), uninterrupted(trial, tmp_path))

    def test_nobody_is_asked_about_a_trial_that_has_ended(self, trial: Trial, tmp_path: Path) -> None:
        asked: list[int] = []
        place = replace(workplace(tmp_path), goes_on=lambda trial, epoch: asked.append(epoch.number) is None)
        assert states(run_slice([trial], place)) == {trial.id: "finished"}
        assert asked == list(range(1, EPOCHS))


def journal(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((folder / "journal").rglob("*")) if path.is_file()]
