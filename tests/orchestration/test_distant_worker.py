"""A worker on another node than its launch, whose spool nobody else delivers."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from grids import plan_of, tiny_sweep
from mlflow_server import Server

from segsweep.orchestration.executor import Errand
from segsweep.orchestration.work import work
from segsweep.store.folder import FolderBlobs
from segsweep.store.process import Process, this_process
from segsweep.tracking.mlflow_tracker import MlflowTracker
from segsweep.training.workplace import Progress

pytestmark = pytest.mark.slow  # a server is started twice, and waited for

HERE = this_process()
ELSEWHERE = Process("another-node", "another kernel", 1, 1)
AWAY_SECONDS = 5.0


@pytest.mark.parametrize(("launch", "arrived"), [(ELSEWHERE, True), (HERE, False)])
def test_waits_for_a_store_that_is_away_when_its_slice_ends(
    tmp_path: Path, server: Server, launch: Process, arrived: bool
) -> None:
    server.start()
    tracker = MlflowTracker(server.uri, tmp_path / "spool")
    parent = tracker.open_sweep("tiny", {})
    errand = Errand(parent, tracker, FolderBlobs(tmp_path / "store"), tmp_path / "journal", tmp_path)
    (trial, _) = plan_of(tiny_sweep(warm_start="none")).trials
    back = threading.Timer(AWAY_SECONDS, server.start)

    def go_away(progress: Progress) -> None:
        if progress.phase == "training" and progress.done == 1 and not back.is_alive():
            server.stop()
            back.start()

    work((trial,), replace(errand, launch=launch), 1, go_away, gpu=False)
    assert {run.ended for run in tracker.outbox.undelivered()} == (set() if arrived else {True})
    back.join()
    if arrived:
        assert tracker.find([trial.cohort])[trial.id].state == "finished"
