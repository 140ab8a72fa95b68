"""A launched sweep as any MLflow client sees it."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq
import pytest
from grids import tiny_sweep
from mlflow import MlflowClient
from mlflow.entities import Run

from segsweep.api import launch, open_tracker
from segsweep.orchestration.home import Home
from segsweep.orchestration.in_process import InProcessExecutor
from segsweep.orchestration.launch import Launched
from segsweep.orchestration.sweep_report import report_again
from segsweep.tracking.protocol import TRIALS_FILE

GRID = tiny_sweep(grid=[{"loss": ["ce", "user_losses:raises", "user_losses:turns_nan"]}])


class Tracked(NamedTuple):
    client: MlflowClient
    home: Home
    grid: Path
    launched: Launched

    def children(self, kind: str) -> list[Run]:
        query = f"tags.`segsweep.kind` = '{kind}'"
        experiments = [experiment.experiment_id for experiment in self.client.search_experiments()]
        return list(self.client.search_runs(experiments, query, order_by=["attributes.start_time ASC"]))

    def parent(self) -> Run:
        (found,) = self.children("sweep")
        return found


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracked]:
    """One launch in this process, for the whole file."""
    folder = tmp_path_factory.mktemp("tracked")
    grid, home = folder / "grid.yaml", Home(folder / "home")
    grid.write_text(GRID)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", list(sys.path))
        launched = launch(grid, home=home, executor=InProcessExecutor())
        yield Tracked(MlflowClient(home.uri), home, grid, launched)


def test_the_parent_holds_grid_manifest_tables_and_pages(tracked: Tracked, tmp_path: Path) -> None:
    parent = tracked.parent()
    assert parent.info.status == "FINISHED"
    names = {file.path for file in tracked.client.list_artifacts(parent.info.run_id)}
    assert names >= {"grid.yaml", "trials.json", "trials.parquet", "cases.parquet", "report.html", "report.md"}
    for name in names - {"grid.yaml"}:
        kept = tracked.home.sweep("tiny") / name
        fetched = Path(tracked.client.download_artifacts(parent.info.run_id, name, str(tmp_path)))
        assert fetched.read_bytes() == kept.read_bytes(), name
    grid = Path(tracked.client.download_artifacts(parent.info.run_id, "grid.yaml", str(tmp_path)))
    assert grid.read_text() == GRID


def test_the_parents_description_is_the_answer(tracked: Tracked) -> None:
    assert tracked.parent().data.tags["mlflow.note.content"] == tracked.launched.report.summary


def test_the_manifest_names_every_child_with_its_state(tracked: Tracked, tmp_path: Path) -> None:
    parent = tracked.parent().info.run_id
    entries = json.loads(Path(tracked.client.download_artifacts(parent, "trials.json", str(tmp_path))).read_text())
    listed = [(entry["row"]["trial"], entry["run_id"], entry["state"]) for entry in entries["entries"]]
    seen = [
        (run.data.tags["segsweep.trial"], run.info.run_id, run.data.tags["segsweep.state"])
        for run in tracked.children("trial")
    ]
    assert listed == seen
    assert [state for _, _, state in listed] == ["finished", "failed", "diverged"]


def test_children_are_nested_and_named_by_what_they_train(tracked: Tracked) -> None:
    (warm_start,), trials = tracked.children("warm start"), tracked.children("trial")
    for run in (warm_start, *trials):
        assert run.data.tags["mlflow.parentRunId"] == tracked.parent().info.run_id
        assert run.info.experiment_id == tracked.parent().info.experiment_id
    assert trials[0].info.run_name == "ce · phantoms · fold 0 · seed 0"
    assert warm_start.info.run_name == "warm start · phantoms · fold 0 · seed 0"
    cohorts = {run.data.tags["segsweep.cohort"] for run in (warm_start, *trials)}
    assert cohorts == {str(tracked.launched.manifest.entries[0].row["cohort"])}


def test_a_finished_child_has_parameters_curves_final_metrics_and_tables(tracked: Tracked) -> None:
    run = tracked.children("trial")[0]
    assert run.info.status == "FINISHED"
    assert run.data.params.items() >= {"loss": "ce", "fold": "0", "seed": "0", "lr": "0.01", "epochs": "2"}.items()
    for curve in ("train/loss", "select/loss", "select/dice", "train/lr"):
        assert [point.step for point in tracked.client.get_metric_history(run.info.run_id, curve)] == [1, 2]
    assert run.data.metrics["seconds"] > 0
    assert {file.path for file in tracked.client.list_artifacts(run.info.run_id)} >= {"trials.parquet", "cases.parquet"}


def test_a_failed_child_has_reason_traceback_and_no_cases(tracked: Tracked, tmp_path: Path) -> None:
    run = tracked.children("trial")[1]
    assert run.info.status == "FAILED"
    assert run.data.tags["segsweep.reason"] == "RuntimeError: shapes [B, C] and [/B] do not fit"
    assert {file.path for file in tracked.client.list_artifacts(run.info.run_id)} == {"trials.parquet", "traceback.txt"}
    traceback = tracked.client.download_artifacts(run.info.run_id, "traceback.txt", str(tmp_path))
    assert Path(traceback).read_text().endswith("do not fit\nsee above\n")


def test_a_second_launch_opens_no_run_and_gives_the_same_page(tracked: Tracked) -> None:
    page = tracked.launched.report.html.read_bytes()
    runs = [len(tracked.children(kind)) for kind in ("sweep", "warm start", "trial")]
    again = launch(tracked.grid, home=tracked.home, executor=InProcessExecutor())
    assert (again.started, again.manifest) == (0, tracked.launched.manifest)
    assert [len(tracked.children(kind)) for kind in ("sweep", "warm start", "trial")] == runs == [1, 1, 3]
    assert again.report.html.read_bytes() == page


def test_a_report_from_the_store_is_the_same_page(tracked: Tracked) -> None:
    page = tracked.launched.report.html.read_bytes()
    table = tracked.home.sweep("tiny") / TRIALS_FILE
    kept = pq.read_table(table)
    table.unlink()
    again = report_again("tiny", tracked.home, lambda: open_tracker(tracked.home), {})
    assert again.html.read_bytes() == page
    assert pq.read_table(table) == kept
