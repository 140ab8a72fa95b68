"""What runs write arrives once and whole, whatever becomes of the server and of the processes on the way."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow_server import Server

from segsweep.errors import OutageError
from segsweep.records.schemas import CASES
from segsweep.tracking.delivery import Delivery
from segsweep.tracking.mlflow_store import MlflowStore
from segsweep.tracking.mlflow_tracker import MlflowTracker
from segsweep.tracking.protocol import CASES_FILE, Ending, RunDescription
from segsweep.tracking.spool import SpooledRun, new_parcel

PATIENCE = 30.0
START = 1_700_000_000.0
"""Seconds since the epoch at which the runs of these tests say that they were measured."""


def nothing_told(waiting: int) -> None:
    pass


def description(trial: str) -> RunDescription:
    return RunDescription(
        f"run of {trial}", "trial", {"loss": trial}, {"segsweep.trial": trial, "segsweep.cohort": "c"}
    )


def log_epochs(run: Any, epochs: range) -> None:
    for epoch in epochs:
        run.log(epoch, {"train/loss": 1 / epoch, "select/dice": epoch / 10}, at=START + epoch)


def finish(run: Any, trial: str) -> None:
    run.finish(Ending("finished"), {"seconds": 2.5}, {CASES_FILE: CASES.empty_table()}, {"note.txt": trial.encode()})


class Seen:
    """A store as any MLflow client sees it."""

    def __init__(self, uri: str) -> None:
        self._client = MlflowClient(uri)

    def runs(self, sweep: str = "polyps") -> dict[str, list[Run]]:
        experiment = self._client.get_experiment_by_name(sweep)
        assert experiment is not None
        found: dict[str, list[Run]] = {}
        for run in self._client.search_runs([experiment.experiment_id], "tags.`segsweep.kind` = 'trial'"):
            found.setdefault(run.data.tags["segsweep.trial"], []).append(run)
        return found

    def content(self, run: Run) -> Mapping[str, object]:
        """Parameters, every point of every curve with its time, files and state; without the time of the end."""
        curves = {key: self._client.get_metric_history(run.info.run_id, key) for key in run.data.metrics}
        points = {key: [(it.step, it.timestamp, it.value) for it in curve] for key, curve in curves.items()}
        final = [(step, value) for step, _, value in points.pop("seconds", [])]
        files = {file.path: file.file_size for file in self._client.list_artifacts(run.info.run_id)}
        return {
            "parameters": run.data.params,
            "points": {key: sorted(curve) for key, curve in points.items()},
            "final": final,
            "files": files,
            "state": (run.data.tags["segsweep.state"], run.info.status),
        }


def expected(trial: str, epochs: int, files: Mapping[str, int]) -> Mapping[str, object]:
    """The content of a run that was logged and finished as above."""
    times = [(epoch, round((START + epoch) * 1000)) for epoch in range(1, epochs + 1)]
    return {
        "parameters": {"loss": trial},
        "points": {
            "train/loss": [(epoch, at, 1 / epoch) for epoch, at in times],
            "select/dice": [(epoch, at, epoch / 10) for epoch, at in times],
        },
        "final": [(0, 2.5)],
        "files": {**files, "note.txt": len(trial)},
        "state": ("finished", "FINISHED"),
    }


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def table_size(store: str, tmp_path: Path) -> int:
    """Bytes of the table as it is stored."""
    from segsweep.records.tables import write

    write(CASES.empty_table(), tmp_path / "empty.parquet")
    return (tmp_path / "empty.parquet").stat().st_size


class TestOutage:
    def test_a_server_that_is_killed_and_started_again_has_everything_once(
        self, server: Server, spool: Path, table_size: int
    ) -> None:
        server.start()
        tracker = MlflowTracker(server.uri, spool)
        parent = tracker.open_sweep("polyps", {})
        before, during = (tracker.open_run(parent, description(trial)) for trial in ("before", "during"))
        log_epochs(before, range(1, 4))
        log_epochs(during, range(1, 3))
        tracker.flush()
        server.stop()
        log_epochs(before, range(4, 7))
        finish(before, "before")
        log_epochs(during, range(3, 7))
        away = tracker.open_run(parent, description("away"))
        log_epochs(away, range(1, 7))
        finish(away, "away")
        with pytest.raises(OutageError):
            tracker.find(["c"])
        assert {run.description.name for run in tracker.deliver(0, nothing_told)} == {"run of before", "run of away"}
        server.start()
        finish(during, "during")
        assert tracker.deliver(PATIENCE, nothing_told) == ()
        seen = Seen(server.uri)
        runs = seen.runs()
        assert set(runs) == {"before", "during", "away"}
        for trial, (run,) in runs.items():
            assert seen.content(run) == expected(trial, 6, {CASES_FILE: table_size})
        assert not spool.exists()

    def test_a_server_that_does_not_answer_is_not_waited_for(self, spool: Path) -> None:
        tracker = MlflowTracker("http://127.0.0.1:9", spool)
        with pytest.raises(OutageError, match=r"^tracking: http://127\.0\.0\.1:9: "):
            tracker.prepare()

    def test_what_a_server_refuses_blocks_only_itself(self, store: str, spool: Path, tmp_path: Path) -> None:
        tracker = MlflowTracker(store, spool, tmp_path / "artifacts")
        parent = tracker.open_sweep("polyps", {})
        bad = tracker.open_run("0" * 32, description("of no sweep"))
        good = tracker.open_run(parent, description("good"))
        finish(bad, "bad")
        finish(good, "good")
        (refused,) = tracker.deliver(PATIENCE, nothing_told)
        assert refused.description.name == "run of of no sweep"
        assert str(refused.refused).startswith("tracking: ")
        assert "0" * 32 in str(refused.refused)
        assert set(Seen(store).runs()) == {"good"}


WRITER = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from segsweep.tracking.mlflow_store import MlflowStore
from segsweep.tracking.mlflow_tracker import MlflowTracker
from tracking.test_outbox import description, finish, log_epochs

def dies_after(name):
    done = getattr(MlflowStore, name)
    def act(*given):
        done(*given)
        print("there", flush=True)
        time.sleep(600)
    setattr(MlflowStore, name, act)

tracker = MlflowTracker({uri!r}, Path({spool!r}), Path({artifacts!r}))
parent = tracker.open_sweep("polyps", {{}})
dies_after({step!r})
run = tracker.open_run(parent, description("t"))
log_epochs(run, range(1, 4))
if {ended!r}:
    finish(run, "t")
tracker.flush()
print("there", flush=True)
time.sleep(600)
"""


class TestDeadWriters:
    @pytest.fixture
    def killed_after(self, store: str, spool: Path, tmp_path: Path) -> Callable[..., MlflowTracker]:
        """Another process that opens a run and is killed as soon as it has taken a step of its delivery."""

        def run(step: str, *, ended: bool = True) -> MlflowTracker:
            artifacts = tmp_path / "artifacts"
            code = WRITER.format(
                tests=str(Path(__file__).parents[1]),
                uri=store,
                spool=str(spool),
                artifacts=str(artifacts),
                step=step,
                ended=ended,
            )
            with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
                assert process.stdout is not None
                assert process.stdout.readline() == b"there\n"
                os.kill(process.pid, signal.SIGKILL)
            return MlflowTracker(store, spool, artifacts)

        return run

    @pytest.mark.parametrize("step", ["create_run", "log_points", "upload", "end"])
    def test_a_delivery_that_was_killed_is_gone_on_with(
        self, killed_after: Callable[..., MlflowTracker], store: str, spool: Path, table_size: int, step: str
    ) -> None:
        tracker = killed_after(step)
        assert tracker.deliver(PATIENCE, nothing_told) == ()
        seen = Seen(store)
        ((run,),) = seen.runs().values()
        assert seen.content(run) == expected("t", 3, {CASES_FILE: table_size})
        assert not spool.exists()

    def test_a_run_that_had_not_ended_is_left_running(
        self, killed_after: Callable[..., MlflowTracker], store: str
    ) -> None:
        tracker = killed_after("create_run", ended=False)
        assert tracker.deliver(PATIENCE, nothing_told) == ()
        (left,) = tracker.running(str(tracker.find_sweep("polyps")))
        assert (left.trial, left.state) == ("t", "running")
        assert tracker.read_curves(left.run_id)["train/loss"] == ((1, 1.0), (2, 1 / 2), (3, 1 / 3))

    def test_a_run_whose_process_lives_is_left_to_it(self, store: str, spool: Path, tmp_path: Path) -> None:
        writer = MlflowTracker(store, spool, tmp_path / "artifacts")
        run = writer.open_run("0" * 32, description("t"))  # refused, so that it stays where it is
        writer.flush()
        other = MlflowTracker(store, spool, tmp_path / "artifacts")
        assert other.deliver(0, nothing_told) == ()
        finish(run, "t")
        writer.flush()
        assert [run.ended for run in other.deliver(0, nothing_told)] == [True]


def test_half_a_line_is_no_point(spool: Path) -> None:
    spool.mkdir()
    parcel = new_parcel(spool, "sqlite://", "parent", "polyps", description("t"))
    run = SpooledRun(parcel.folder, lambda: None)
    log_epochs(run, range(1, 3))
    path = parcel.folder / "points.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    (first,), after = parcel.points(0)
    path.write_bytes(whole)
    (second,), end = parcel.points(after)
    assert [(point.step, point.at) for point in (first, second)] == [(1, START + 1), (2, START + 2)]
    assert parcel.points(end) == ([], end)


class SlowStore(MlflowStore):
    """Serves the first request for a run when the one who asked has given up, and shows it later still."""

    def __init__(self, uri: str) -> None:
        super().__init__(uri)
        self.asked = 0

    def create_run(self, parent: str, description: RunDescription, key: str, opened: float) -> str:
        self.asked += 1
        created = super().create_run(parent, description, key, opened)
        if self.asked == 1:
            raise OutageError("no answer")
        return created

    def keyed(self, parent: str, key: str) -> list[str]:
        found = super().keyed(parent, key)
        return found if len(found) > 1 else []


def test_of_a_run_that_was_created_twice_one_counts(store: str, spool: Path, tmp_path: Path) -> None:
    tracker = MlflowTracker(store, tmp_path / "other", tmp_path / "artifacts")
    spool.mkdir()
    parcel = new_parcel(spool, store, tracker.open_sweep("polyps", {}), "polyps", description("t"))
    run = SpooledRun(parcel.folder, lambda: None)
    log_epochs(run, range(1, 3))
    finish(run, "t")
    delivery, slow = Delivery(parcel), SlowStore(store)
    with pytest.raises(OutageError):
        delivery.advance(slow)
    assert delivery.advance(slow)
    states = sorted(run.data.tags["segsweep.state"] for run in Seen(store).runs()["t"])
    assert states == ["finished", "superseded"]
    assert tracker.find(["c"])["t"].state == "finished"
