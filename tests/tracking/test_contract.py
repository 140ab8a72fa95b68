"""What every tracking store owes; one suite for all of them."""

import time
from pathlib import Path

import pyarrow as pa
import pytest
from grids import plan_of, tiny_sweep

from segsweep.errors import TrackingError
from segsweep.records.rows import trial_row
from segsweep.records.schemas import TRIALS
from segsweep.records.tables import table
from segsweep.tracking.memory import MemoryTracker
from segsweep.tracking.mlflow_tracker import MlflowTracker
from segsweep.tracking.protocol import TRIALS_FILE, RunDescription, Tracker

BETWEEN_RUNS = 0.005
"""Seconds; MLflow tells runs apart by the millisecond they started in."""


@pytest.fixture(params=["memory", "mlflow"])
def tracker(request: pytest.FixtureRequest, store: str, tmp_path: Path) -> Tracker:
    if request.param == "memory":
        made: Tracker = MemoryTracker()
    else:
        made = MlflowTracker(store, tmp_path / "artifacts")
    made.prepare()
    return made


@pytest.fixture
def parent(tracker: Tracker) -> str:
    return tracker.open_sweep("polyps", {"segsweep.version": "1"})


def description(trial: str = "t", cohort: str = "c", kind: str = "trial") -> RunDescription:
    tags = {"segsweep.cohort": cohort, **({"segsweep.trial": trial} if kind == "trial" else {})}
    time.sleep(BETWEEN_RUNS)
    return RunDescription(f"run of {trial}", kind, {"loss": "dice"}, tags)


def rows(seconds: float) -> pa.Table:
    trial = plan_of(tiny_sweep()).trials[0]
    return table([trial_row(trial, state="finished", seconds=seconds)], TRIALS)


class TestSweeps:
    def test_a_sweep_is_found_again_by_name(self, tracker: Tracker, parent: str) -> None:
        assert tracker.find_sweep("polyps") == parent
        assert tracker.open_sweep("polyps", {"segsweep.version": "2"}) == parent

    def test_another_name_is_another_sweep(self, tracker: Tracker, parent: str) -> None:
        assert tracker.find_sweep("hippocampi") is None
        assert tracker.open_sweep("hippocampi", {}) != parent

    def test_preparing_twice_loses_nothing(self, tracker: Tracker, parent: str) -> None:
        tracker.prepare()
        assert tracker.find_sweep("polyps") == parent


class TestFind:
    def test_a_new_run_is_running(self, tracker: Tracker, parent: str) -> None:
        run = tracker.open_run(parent, description())
        (record,) = tracker.find(["c"]).values()
        assert (record.trial, record.run_id, record.state, record.reason) == ("t", run.run_id, "running", None)

    @pytest.mark.parametrize("state", ["finished", "failed", "diverged", "stopped"])
    def test_the_state_and_reason_a_run_ended_with(self, tracker: Tracker, parent: str, state: str) -> None:
        tracker.open_run(parent, description()).finish(state, "it was dark", {}, {})
        record = tracker.find(["c"])["t"]
        assert (record.state, record.reason) == (state, "it was dark")

    def test_only_the_cohorts_asked_for(self, tracker: Tracker, parent: str) -> None:
        for trial, cohort in (("t", "c"), ("u", "d"), ("v", "d")):
            tracker.open_run(parent, description(trial, cohort))
        assert set(tracker.find(["d"])) == {"u", "v"}
        assert set(tracker.find(["c", "d", "e"])) == {"t", "u", "v"}
        assert tracker.find([]) == {}

    def test_across_sweeps(self, tracker: Tracker, parent: str) -> None:
        other = tracker.open_sweep("hippocampi", {})
        run = tracker.open_run(other, description())
        assert tracker.find(["c"])["t"].run_id == run.run_id

    def test_a_finished_run_comes_before_any_other(self, tracker: Tracker, parent: str) -> None:
        tracker.open_run(parent, description()).finish("failed", None, {}, {})
        finished = tracker.open_run(parent, description())
        finished.finish("finished", None, {}, {})
        tracker.open_run(parent, description()).finish("failed", None, {}, {})
        assert tracker.find(["c"])["t"].run_id == finished.run_id

    def test_then_the_latest(self, tracker: Tracker, parent: str) -> None:
        tracker.open_run(parent, description()).finish("failed", "first", {}, {})
        tracker.open_run(parent, description()).finish("diverged", "second", {}, {})
        assert tracker.find(["c"])["t"].reason == "second"

    def test_warm_starts_are_no_trials(self, tracker: Tracker, parent: str) -> None:
        tracker.open_run(parent, description(kind="warm start")).finish("finished", None, {}, {})
        assert tracker.find(["c"]) == {}


class TestInterrupt:
    def test_open_runs_of_the_sweep_are_closed(self, tracker: Tracker, parent: str) -> None:
        tracker.open_run(parent, description("left open"))
        tracker.open_run(parent, description("ended")).finish("failed", None, {}, {})
        other = tracker.open_sweep("hippocampi", {})
        tracker.open_run(other, description("of another sweep"))
        tracker.interrupt(parent)
        states = {trial: record.state for trial, record in tracker.find(["c"]).items()}
        assert states == {"left open": "interrupted", "ended": "failed", "of another sweep": "running"}


class TestTables:
    def test_what_a_run_finished_with_is_read_back(self, tracker: Tracker, parent: str) -> None:
        run = tracker.open_run(parent, description())
        run.finish("finished", None, {"seconds": 1.5}, {TRIALS_FILE: rows(1.5)})
        assert tracker.read_table(run.run_id, TRIALS_FILE).equals(rows(1.5))

    def test_a_table_that_is_not_there(self, tracker: Tracker, parent: str) -> None:
        run = tracker.open_run(parent, description())
        with pytest.raises(TrackingError, match=run.run_id):
            tracker.read_table(run.run_id, TRIALS_FILE)

    def test_a_run_that_is_not_there(self, tracker: Tracker) -> None:
        with pytest.raises(TrackingError):
            tracker.read_table("0" * 32, TRIALS_FILE)


class TestFiles:
    def test_written_files_are_read_back(self, tracker: Tracker, parent: str) -> None:
        tracker.write_files(parent, {"a.txt": b"one", "b.bin": bytes(range(256))})
        assert tracker.read_file(parent, "a.txt") == b"one"
        assert tracker.read_file(parent, "b.bin") == bytes(range(256))

    def test_a_file_of_the_same_name_is_replaced_and_others_stay(self, tracker: Tracker, parent: str) -> None:
        tracker.write_files(parent, {"a.txt": b"a long first text", "b.txt": b"two"})
        tracker.write_files(parent, {"a.txt": b"short"})
        assert (tracker.read_file(parent, "a.txt"), tracker.read_file(parent, "b.txt")) == (b"short", b"two")

    def test_a_file_that_is_not_there(self, tracker: Tracker, parent: str) -> None:
        with pytest.raises(TrackingError):
            tracker.read_file(parent, "none.txt")
