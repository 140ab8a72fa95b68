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
from segsweep.tracking.protocol import TRIALS_FILE, Ending, RunDescription, RunRecord, Tracker

BETWEEN_RUNS = 0.005
"""Seconds; MLflow tells runs apart by the millisecond they started in."""


@pytest.fixture(params=["memory", "mlflow", pytest.param("postgres and s3", marks=pytest.mark.slow)])
def tracker(request: pytest.FixtureRequest, store: str, tmp_path: Path) -> Tracker:
    if request.param == "memory":
        made: Tracker = MemoryTracker()
    elif request.param == "postgres and s3":
        made = MlflowTracker(request.getfixturevalue("team_server").uri, tmp_path / "spool")
    else:
        made = MlflowTracker(store, tmp_path / "spool", tmp_path / "artifacts")
    made.prepare()
    return made


@pytest.fixture
def parent(tracker: Tracker) -> str:
    return tracker.open_sweep("polyps", {"segsweep.version": "1"})


def description(trial: str = "t", cohort: str = "c", kind: str = "trial", fence: int = 0) -> RunDescription:
    tags = {"segsweep.cohort": cohort, f"segsweep.{kind.replace(' ', '_')}": trial}
    time.sleep(BETWEEN_RUNS)
    return RunDescription(f"run of {trial}", kind, {"loss": "dice"}, tags, fence)


def find(tracker: Tracker, cohorts: list[str]) -> dict[str, RunRecord]:
    tracker.flush()
    return tracker.find(cohorts)


def id_of(tracker: Tracker, trial: str = "t") -> str:
    return find(tracker, ["c"])[trial].run_id


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

    def test_the_list_of_sweeps_starts_with_what_runs_and_then_what_ended_last(self, tracker: Tracker) -> None:
        for name in ("first", "second", "third"):
            parent = tracker.open_sweep(name, {})
            time.sleep(BETWEEN_RUNS)
            if name != "first":
                tracker.close_sweep(parent, "finished")
        assert [(record.name, record.state) for record in tracker.sweeps()] == [
            ("first", "running"),
            ("third", "finished"),
            ("second", "finished"),
        ]

    def test_a_sweep_that_is_launched_again_is_running(self, tracker: Tracker, parent: str) -> None:
        tracker.close_sweep(parent, "interrupted")
        (ended,) = tracker.sweeps()
        assert (ended.run_id, ended.state) == (parent, "interrupted")
        assert ended.ended is not None
        assert ended.started <= ended.ended <= time.time()
        tracker.open_sweep("polyps", {})
        (again,) = tracker.sweeps()
        assert (again.state, again.started, again.ended) == ("running", ended.started, None)


class TestCurves:
    def test_what_was_logged_by_metric_and_step(self, tracker: Tracker, parent: str) -> None:
        run = tracker.open_run(parent, description())
        run.log(1, {"loss": 0.5, "dice": 0.25})
        run.log(2, {"loss": 0.125})
        run.finish(Ending("finished"), {}, {})
        assert tracker.read_curves(id_of(tracker)) == {"loss": ((1, 0.5), (2, 0.125)), "dice": ((1, 0.25),)}

    def test_a_run_that_is_not_there(self, tracker: Tracker) -> None:
        with pytest.raises(TrackingError):
            tracker.read_curves("0" * 32)


class TestFind:
    def test_a_new_run_is_running(self, tracker: Tracker, parent: str) -> None:
        tracker.open_run(parent, description(fence=3))
        (record,) = find(tracker, ["c"]).values()
        assert (record.trial, record.state, record.reason, record.fence, record.kind) == ("t", "running", None, 3, None)

    @pytest.mark.parametrize("state", ["finished", "failed", "diverged", "stopped"])
    def test_what_a_run_ended_with(self, tracker: Tracker, parent: str, state: str) -> None:
        tracker.open_run(parent, description()).finish(Ending(state, "it was dark", "data"), {}, {})
        record = find(tracker, ["c"])["t"]
        assert (record.state, record.reason, record.kind) == (state, "it was dark", "data")

    def test_only_the_cohorts_asked_for(self, tracker: Tracker, parent: str) -> None:
        for trial, cohort in (("t", "c"), ("u", "d"), ("v", "d")):
            tracker.open_run(parent, description(trial, cohort))
        assert set(find(tracker, ["d"])) == {"u", "v"}
        assert set(find(tracker, ["c", "d", "e"])) == {"t", "u", "v"}
        assert find(tracker, []) == {}

    def test_across_sweeps(self, tracker: Tracker, parent: str) -> None:
        tracker.open_run(tracker.open_sweep("hippocampi", {}), description())
        assert set(find(tracker, ["c"])) == {"t"}

    def test_a_finished_run_comes_before_any_other(self, tracker: Tracker, parent: str) -> None:
        tracker.open_run(parent, description()).finish(Ending("failed"), {}, {})
        tracker.open_run(parent, description(fence=1)).finish(Ending("finished"), {}, {})
        tracker.open_run(parent, description(fence=2)).finish(Ending("failed"), {}, {})
        assert find(tracker, ["c"])["t"].state == "finished"

    @pytest.mark.parametrize("fences", [(1, 2), (2, 1)], ids=["latest", "not the latest"])
    def test_of_two_finished_runs_the_higher_fence(
        self, tracker: Tracker, parent: str, fences: tuple[int, int]
    ) -> None:
        for fence in fences:
            tracker.open_run(parent, description(fence=fence)).finish(Ending("finished"), {}, {})
        assert find(tracker, ["c"])["t"].fence == 2

    def test_then_the_latest(self, tracker: Tracker, parent: str) -> None:
        tracker.open_run(parent, description(fence=2)).finish(Ending("failed", "first"), {}, {})
        tracker.open_run(parent, description(fence=1)).finish(Ending("diverged", "second"), {}, {})
        assert find(tracker, ["c"])["t"].reason == "second"

    def test_superseded_runs_count_for_nothing(self, tracker: Tracker, parent: str) -> None:
        tracker.open_run(parent, description()).finish(Ending("interrupted"), {}, {})
        tracker.open_run(parent, description()).finish(Ending("superseded"), {}, {})
        assert find(tracker, ["c"])["t"].state == "interrupted"
        tracker.open_run(parent, description("u")).finish(Ending("superseded"), {}, {})
        assert "u" not in find(tracker, ["c"])

    def test_warm_starts_are_no_trials(self, tracker: Tracker, parent: str) -> None:
        tracker.open_run(parent, description(kind="warm start")).finish(Ending("finished"), {}, {})
        assert find(tracker, ["c"]) == {}


class TestRunning:
    def test_the_runs_of_the_sweep_that_have_not_ended(self, tracker: Tracker, parent: str) -> None:
        tracker.open_run(parent, description("left open", fence=4))
        tracker.open_run(parent, description("ended")).finish(Ending("failed"), {}, {})
        tracker.open_run(parent, description("w", kind="warm start"))
        tracker.open_run(tracker.open_sweep("hippocampi", {}), description("of another sweep"))
        tracker.flush()
        running = tracker.running(parent)
        assert [(run.trial, run.state, run.fence) for run in running] == [
            ("left open", "running", 4),
            ("w", "running", 0),
        ]

    def test_they_can_be_ended_from_outside(self, tracker: Tracker, parent: str) -> None:
        tracker.open_run(parent, description())
        tracker.flush()
        (left_open,) = tracker.running(parent)
        tracker.end(left_open.run_id, Ending("interrupted", "its process is gone", "killed"))
        record = find(tracker, ["c"])["t"]
        assert (record.state, record.reason, record.kind) == ("interrupted", "its process is gone", "killed")
        assert tracker.running(parent) == []

    def test_a_finished_run_can_be_superseded(self, tracker: Tracker, parent: str) -> None:
        tracker.open_run(parent, description()).finish(Ending("finished"), {}, {})
        tracker.end(id_of(tracker), Ending("superseded"))
        assert find(tracker, ["c"]) == {}


class TestTables:
    def test_what_a_run_finished_with_is_read_back(self, tracker: Tracker, parent: str) -> None:
        run = tracker.open_run(parent, description())
        run.finish(Ending("finished"), {"seconds": 1.5}, {TRIALS_FILE: rows(1.5)})
        assert tracker.read_table(id_of(tracker), TRIALS_FILE).equals(rows(1.5))

    def test_a_table_that_is_not_there(self, tracker: Tracker, parent: str) -> None:
        tracker.open_run(parent, description())
        run_id = id_of(tracker)
        with pytest.raises(TrackingError, match=run_id):
            tracker.read_table(run_id, TRIALS_FILE)

    def test_a_run_that_is_not_there(self, tracker: Tracker) -> None:
        with pytest.raises(TrackingError):
            tracker.read_table("0" * 32, TRIALS_FILE)


class TestFiles:
    def test_those_that_a_run_finished_with(self, tracker: Tracker, parent: str) -> None:
        tracker.open_run(parent, description()).finish(Ending("failed"), {}, {}, {"traceback.txt": b"line 1"})
        assert tracker.read_file(id_of(tracker), "traceback.txt") == b"line 1"

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


class TestModels:
    def test_versions_are_counted_by_model(self, tracker: Tracker, parent: str) -> None:
        tracker.open_run(parent, description()).finish(Ending("finished"), {}, {}, {"weights.pt": b"1"})
        run_id = id_of(tracker)
        first = tracker.register_model("lesions", run_id, {"segsweep.setting": "dice Φ=image"}, "**the first**")
        second = tracker.register_model("lesions", run_id, {}, "")
        other = tracker.register_model("organs", run_id, {}, "")
        assert [(model.version, model.run_id) for model in (first, second, other)] == [
            (1, run_id),
            (2, run_id),
            (1, run_id),
        ]
        assert tracker.models("lesions") == (first, second)
        assert first.tags == {"segsweep.setting": "dice Φ=image"}

    def test_a_model_that_is_not_there_has_none(self, tracker: Tracker) -> None:
        assert tracker.models("lesions") == ()
