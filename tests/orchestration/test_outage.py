"""A tracking server that goes away in mid-sweep costs nothing."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from grids import tiny_sweep
from mlflow import MlflowClient
from mlflow_server import Server

from segsweep import api
from segsweep.orchestration.home import Home
from segsweep.orchestration.in_process import InProcessExecutor
from segsweep.training.journal import read_journals

pytestmark = [pytest.mark.faults, pytest.mark.ray]

GRID = tiny_sweep(
    grid=[{"loss": ["paced:once", "paced:twice"]}],
    folds={"k": 2, "run": [0, 1]},
    seeds=[0, 1, 2, 3],
    warm_start="none",
    resources={"workers": 2},
)
PACED = """
import os
import time

from torch.nn.functional import binary_cross_entropy_with_logits


def once(logits, target):
    time.sleep(float(os.environ.get("SECONDS_A_STEP", "0")))
    return binary_cross_entropy_with_logits(logits, target)


def twice(logits, target):
    return 2 * once(logits, target)
"""
TRIALS = 2 * 4 * 2
OUTAGE_SECONDS = 30.0
SECONDS_A_STEP = 2.0
"""Eight trials for each of two workers, four steps each: over a minute on any machine."""
FROM_RUN_TO_RUN = ["run_id", "seconds"]
"""Columns of the trials table that differ from one run of a sweep to the next."""


@pytest.fixture
def home(tmp_path: Path, server: Server) -> Home:
    (tmp_path / "grid.yaml").write_text(GRID)
    (tmp_path / "paced.py").write_text(PACED)
    server.start()
    return Home(tmp_path / "home", server.uri)


def segsweep(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "segsweep", *map(str, arguments)]


@contextmanager
def launched(home: Home, server: Server) -> Iterator[subprocess.Popen[str]]:
    """A launch in a process of its own, whose server is stopped when the first trial has finished."""
    grid = home.folder.parent / "grid.yaml"
    command = segsweep("launch", grid, "--home", home.folder, "--tracking", home.uri)
    paced = {**os.environ, "SECONDS_A_STEP": str(SECONDS_A_STEP)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=paced) as process:
        assert process.stdout is not None
        assert any(line.startswith("finished") for line in process.stdout)
        server.stop()
        yield process


def begun(home: Home) -> int:
    """Trials that have been started so far."""
    return len({epoch.trial for epoch in read_journals(home.journal)})


def assert_whole(home: Home, tmp_path: Path) -> None:
    """Every trial finished in one run, and the tables of the sweep are those of one that nothing happened to."""
    client = MlflowClient(home.uri)
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    runs = client.search_runs(experiments, "tags.`segsweep.kind` = 'trial'")
    assert len({run.data.tags["segsweep.trial"] for run in runs}) == len(runs) == TRIALS
    assert {run.data.tags["segsweep.state"] for run in runs} == {"finished"}
    assert all(len(client.get_metric_history(run.info.run_id, "train/loss")) == 2 for run in runs)
    undisturbed = Home(tmp_path / "undisturbed")
    api.launch(tmp_path / "grid.yaml", home=undisturbed, executor=InProcessExecutor())
    expected, found = api.tables("tiny", home=undisturbed), api.tables("tiny", home=home)
    assert found.cases.equals(expected.cases)
    assert found.trials.drop(columns=FROM_RUN_TO_RUN).equals(expected.trials.drop(columns=FROM_RUN_TO_RUN))


def test_a_server_that_is_away_for_half_a_minute(home: Home, server: Server, tmp_path: Path) -> None:
    with launched(home, server) as process:
        before = begun(home)
        time.sleep(OUTAGE_SECONDS)
        assert before < begun(home) < TRIALS, "the outage is to fall into the middle of the sweep"
        server.start()
        said, complaints = process.communicate()
    assert (process.returncode, complaints) == (0, "")
    assert said.splitlines()[-1] == f"tiny: {TRIALS} trials run now; {TRIALS} finished"
    assert_whole(home, tmp_path)
    assert not home.spool.exists()


def test_a_server_that_does_not_come_back_before_the_launch_ends(home: Home, server: Server, tmp_path: Path) -> None:
    with launched(home, server) as process:
        _, complaints = process.communicate()
    assert process.returncode == 1
    (complaint,) = complaints.splitlines()
    said = re.fullmatch(
        r"segsweep: the tracking store is away: (\d+) trials? (?:is|are) complete and kept in "
        rf"{re.escape(str(home.spool))}; `segsweep sync` delivers them",
        complaint,
    )
    assert said is not None, complaint
    assert 0 < int(said[1]) <= TRIALS
    server.start()
    synced = subprocess.run(segsweep("sync", "--home", home.folder), capture_output=True, text=True, check=True)
    assert synced.stdout.splitlines()[-1].startswith(f"{home.uri}: ")
    report = segsweep("report", "tiny", "--home", home.folder, "--tracking", home.uri)
    assert "report:" in subprocess.run(report, capture_output=True, text=True, check=True).stdout
    assert_whole(home, tmp_path)
