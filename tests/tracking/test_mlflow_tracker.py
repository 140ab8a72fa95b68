"""What any MLflow client sees of tracked runs."""

import pickle
import shutil
import time
from multiprocessing import get_context
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow_server import Server

from segsweep.errors import TrackingError
from segsweep.records.schemas import CASES
from segsweep.tracking.mlflow_tracker import MlflowTracker
from segsweep.tracking.protocol import CASES_FILE, Ending, RunDescription

PROCESSES = 4
EPOCHS = 5


@pytest.fixture
def tracker(store: str, tmp_path: Path) -> MlflowTracker:
    made = MlflowTracker(store, tmp_path / "spool", tmp_path / "artifacts")
    made.prepare()
    return made


@pytest.fixture
def client(store: str) -> MlflowClient:
    return MlflowClient(store)


def description(trial: str = "t", **parameters: str) -> RunDescription:
    tags = {"segsweep.trial": trial, "segsweep.cohort": "c"}
    return RunDescription(f"run of {trial}", "trial", parameters, tags)


def children(client: MlflowClient, parent: str) -> list[Run]:
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    return list(client.search_runs(experiments, f"tags.`mlflow.parentRunId` = '{parent}'"))


def delivered(tracker: MlflowTracker, client: MlflowClient) -> str:
    """The id of the one run there is."""
    tracker.flush()
    (run,) = children(client, str(tracker.find_sweep("polyps")))
    return str(run.info.run_id)


class TestParent:
    def test_one_experiment_per_sweep_with_a_run_of_its_name(
        self, tracker: MlflowTracker, client: MlflowClient
    ) -> None:
        parent = client.get_run(tracker.open_sweep("polyps", {"segsweep.git": "abc"}))
        experiment = client.get_experiment(parent.info.experiment_id)
        assert (experiment.name, parent.info.run_name, parent.info.status) == ("polyps", "polyps", "RUNNING")
        assert parent.data.tags["segsweep.git"] == "abc"

    @pytest.mark.parametrize(("state", "status"), [("finished", "FINISHED"), ("interrupted", "KILLED")])
    def test_its_state_when_it_ends_and_goes_on(
        self, tracker: MlflowTracker, client: MlflowClient, state: str, status: str
    ) -> None:
        parent = tracker.open_sweep("polyps", {})
        tracker.close_sweep(parent, state)
        assert client.get_run(parent).info.status == status
        tracker.open_sweep("polyps", {})
        assert client.get_run(parent).info.status == "RUNNING"

    def test_artifacts_lie_in_the_folder_asked_for(self, tracker: MlflowTracker, tmp_path: Path) -> None:
        tracker.write_files(tracker.open_sweep("polyps", {}), {"grid.yaml": b"name: polyps"})
        assert [path.name for path in (tmp_path / "artifacts" / "polyps").rglob("*.yaml")] == ["grid.yaml"]


class TestChild:
    def test_it_is_nested_under_its_parent(self, tracker: MlflowTracker, client: MlflowClient) -> None:
        parent = tracker.open_sweep("polyps", {})
        tracker.open_run(parent, description())
        tracker.flush()
        (child,) = children(client, parent)
        assert child.info.run_name == "run of t"
        assert child.info.experiment_id == client.get_run(parent).info.experiment_id

    def test_parameters_and_tags(self, tracker: MlflowTracker, client: MlflowClient) -> None:
        run = tracker.open_run(tracker.open_sweep("polyps", {}), description(loss="dice", lr="0.001"))
        run.finish(Ending("diverged", "the loss became nan", "diverged"), {}, {})
        found = client.get_run(delivered(tracker, client))
        assert found.data.params == {"loss": "dice", "lr": "0.001"}
        expected = {
            "segsweep.trial": "t",
            "segsweep.cohort": "c",
            "segsweep.kind": "trial",
            "segsweep.state": "diverged",
            "segsweep.reason": "the loss became nan",
            "segsweep.reason_class": "diverged",
            "segsweep.fence": "0",
        }
        assert found.data.tags.items() >= expected.items()

    @pytest.mark.parametrize(
        ("state", "status"), [("finished", "FINISHED"), ("failed", "FAILED"), ("diverged", "FINISHED")]
    )
    def test_its_status(self, tracker: MlflowTracker, client: MlflowClient, state: str, status: str) -> None:
        run = tracker.open_run(tracker.open_sweep("polyps", {}), description())
        run.finish(Ending(state), {}, {})
        assert client.get_run(delivered(tracker, client)).info.status == status

    def test_a_very_long_parameter_is_cut(self, tracker: MlflowTracker, client: MlflowClient) -> None:
        tracker.open_run(tracker.open_sweep("polyps", {}), description(arguments="x" * 10_000))
        assert client.get_run(delivered(tracker, client)).data.params["arguments"] == "x" * 6000

    def test_an_interrupted_run_is_killed(self, tracker: MlflowTracker, client: MlflowClient) -> None:
        parent = tracker.open_sweep("polyps", {})
        tracker.open_run(parent, description())
        tracker.end(delivered(tracker, client), Ending("interrupted"))
        assert client.get_run(delivered(tracker, client)).info.status == "KILLED"


class TestPoints:
    def test_they_keep_their_order_and_the_time_at_which_they_were_measured(
        self, tracker: MlflowTracker, client: MlflowClient
    ) -> None:
        run = tracker.open_run(tracker.open_sweep("polyps", {}), description())
        before = time.time_ns() // 1_000_000
        for epoch in range(1, 4):
            run.log(epoch, {"train/loss": 1 / epoch, "select/dice": epoch / 10})
            time.sleep(0.02)
        measured = time.time_ns() // 1_000_000
        time.sleep(0.05)
        run.finish(Ending("finished"), {"seconds": 3.5}, {})
        history = sorted(
            client.get_metric_history(delivered(tracker, client), "train/loss"), key=lambda point: point.step
        )
        assert [(point.step, point.value) for point in history] == [(1, 1.0), (2, 0.5), (3, 1 / 3)]
        times = [point.timestamp for point in history]
        assert before <= times[0] < times[1] < times[2] <= measured
        assert client.get_run(delivered(tracker, client)).data.metrics["seconds"] == 3.5

    def test_epochs_told_again_are_the_points_they_were(self, tracker: MlflowTracker, client: MlflowClient) -> None:
        run = tracker.open_run(tracker.open_sweep("polyps", {}), description())
        for epoch in (1, 2, 1, 2):
            run.log(epoch, {"train/loss": 1 / epoch}, at=1_700_000_000 + epoch)
        run.finish(Ending("finished"), {}, {})
        history = client.get_metric_history(delivered(tracker, client), "train/loss")
        assert [(point.step, point.timestamp) for point in history] == [(1, 1_700_000_001_000), (2, 1_700_000_002_000)]

    def test_a_diverged_curve_is_kept(self, tracker: MlflowTracker, client: MlflowClient) -> None:
        run = tracker.open_run(tracker.open_sweep("polyps", {}), description())
        run.log(1, {"train/loss": float("nan"), "select/loss": float("inf")})
        run.finish(Ending("diverged"), {}, {})
        (point,) = client.get_metric_history(delivered(tracker, client), "train/loss")
        assert point.value != point.value

    def test_more_points_than_one_request_takes(self, tracker: MlflowTracker, client: MlflowClient) -> None:
        run = tracker.open_run(tracker.open_sweep("polyps", {}), description())
        for step in range(1100):
            run.log(step, {"train/loss": step})
        run.finish(Ending("finished"), {}, {})
        assert len(client.get_metric_history(delivered(tracker, client), "train/loss")) == 1100


def write_one_run(tracker: MlflowTracker, parent: str, number: int) -> None:
    run = tracker.open_run(parent, description(f"trial {number}"))
    for epoch in range(EPOCHS):
        run.log(epoch, {"train/loss": number + epoch / 10})
    run.finish(Ending("finished"), {}, {})
    tracker.flush()


def test_processes_write_to_one_prepared_store_at_once(tracker: MlflowTracker, client: MlflowClient) -> None:
    parent = tracker.open_sweep("polyps", {})
    context = get_context("spawn")
    with context.Pool(PROCESSES) as pool:
        pool.starmap(write_one_run, [(tracker, parent, number) for number in range(2 * PROCESSES)])
    found = children(client, parent)
    assert {run.data.tags["segsweep.trial"] for run in found} == {f"trial {number}" for number in range(2 * PROCESSES)}
    assert {run.info.status for run in found} == {"FINISHED"}
    assert all(len(client.get_metric_history(run.info.run_id, "train/loss")) == EPOCHS for run in found)


def test_a_worker_opens_its_own_connection(tracker: MlflowTracker) -> None:
    parent = tracker.open_sweep("polyps", {})
    assert pickle.loads(pickle.dumps(tracker)).find_sweep("polyps") == parent


def test_a_store_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("this is no database, though it is long enough to look like one" * 9)
    with pytest.raises(TrackingError, match=r"^tracking: sqlite:.*file is not a database\)?$"):
        MlflowTracker(f"sqlite:///{tmp_path}/mlflow.db", tmp_path / "spool").prepare()


def test_a_table_of_a_distant_store_is_fetched_once(store: str, client: MlflowClient, tmp_path: Path) -> None:
    artifacts = tmp_path / "artifacts"
    tracker = MlflowTracker(store, tmp_path / "spool", artifacts, tmp_path / "downloads")
    run = tracker.open_run(tracker.open_sweep("polyps", {}), description())
    table = CASES.empty_table()
    run.finish(Ending("finished"), {}, {CASES_FILE: table})
    run_id = delivered(tracker, client)
    assert tracker.read_table(run_id, CASES_FILE).equals(table)
    shutil.rmtree(artifacts)
    assert tracker.read_table(run_id, CASES_FILE).equals(table)
    with pytest.raises(TrackingError):
        MlflowTracker(store, tmp_path / "spool", artifacts).read_table(run_id, CASES_FILE)


@pytest.mark.parametrize("folder", ["artifacts", "a folder, 100 % ours #1"])
def test_files_are_read_where_they_lie(store: str, tmp_path: Path, folder: str) -> None:
    tracker = MlflowTracker(store, tmp_path / "spool", tmp_path / folder)
    parent = tracker.open_sweep("polyps", {})
    tracker.write_files(parent, {"grid.yaml": b"name: polyps"})
    with tracker.store.reading(parent, "grid.yaml") as path:
        assert path.is_relative_to(tmp_path / folder)
        assert path.read_bytes() == b"name: polyps"
    assert path.exists()


def test_a_file_behind_a_server_is_read_from_a_copy(server: Server) -> None:
    server.start()
    tracker = MlflowTracker(server.uri, Path("no spool"))
    parent = tracker.open_sweep("polyps", {})
    tracker.write_files(parent, {"grid.yaml": b"name: polyps"})
    with tracker.store.reading(parent, "grid.yaml") as path:
        assert path.read_bytes() == b"name: polyps"
    assert not path.exists()
