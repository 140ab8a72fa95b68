"""Two people who launch overlapping grids at the same time on one tracking server and one checkpoint store."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from grids import tiny_sweep
from mlflow import MlflowClient
from mlflow_server import Server

from segsweep import api
from segsweep.orchestration.home import Home

FOLDS = 2
LOSSES = {"mine": ["ce", "dice", "jaccard", "wce"], "theirs": ["dice", "jaccard", "wce", "lovasz"]}
TRIALS = FOLDS * 5


@pytest.mark.faults
@pytest.mark.ray
def test_each_trial_is_run_once_and_both_reports_are_complete(tmp_path: Path, server: Server) -> None:
    server.start()
    launches = {}
    for name, losses in LOSSES.items():
        grid = tmp_path / f"{name}.yaml"
        blocks = [{"loss": losses}]
        grid.write_text(tiny_sweep(name=name, grid=blocks, folds={"k": FOLDS, "run": [0, 1]}, resources={"workers": 1}))
        places = ["--home", tmp_path / name, "--tracking", server.uri, "--store", tmp_path / "store"]
        launches[name] = subprocess.Popen(
            [sys.executable, "-m", "segsweep", "launch", grid, *places],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    run_now = 0
    for name, process in launches.items():
        said, complaints = process.communicate()
        assert (process.returncode, complaints) == (0, "")
        assert said.splitlines()[-1].endswith(f"{FOLDS * len(LOSSES[name])} finished")
        run_now += int(said.splitlines()[-1].split()[1])
        cases = api.tables(name, home=Home(tmp_path / name, server.uri)).cases
        assert len(set(cases["trial"])) == FOLDS * len(LOSSES[name])
        assert (Home(tmp_path / name).sweep(name) / "report.html").is_file()
    assert run_now == TRIALS
    client = MlflowClient(server.uri)
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    runs = client.search_runs(experiments, "tags.`segsweep.kind` = 'trial'")
    assert Counter(run.data.tags["segsweep.state"] for run in runs) == {"finished": TRIALS}
    assert len({run.data.tags["segsweep.trial"] for run in runs}) == TRIALS
