"""A search on Ray whose processes are killed goes on with its study."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from grids import PHANTOM, tiny_sweep

from segsweep import api
from segsweep.orchestration.home import Home
from segsweep.orchestration.sweep_report import gather
from segsweep.records.schemas import SEARCH
from segsweep.records.tables import read
from segsweep.tracking.protocol import SEARCH_FILE

TRIALS = 6
GRID = [
    {"loss": "dice", "epsilon": {"low": 1.0e-7, "high": 1.0e4, "log": True}},
    {"loss": "wce", "weight": {"low": 0.5, "high": 16, "log": True}},
]


@pytest.mark.faults
@pytest.mark.ray
def test_a_search_killed_on_ray_goes_on_with_its_study(tmp_path: Path) -> None:
    grid, home = tmp_path / "grid.yaml", Home(tmp_path / "home")
    dataset = {"phantom": {**PHANTOM, "steps": 40}, "name": "phantoms"}
    grid.write_text(tiny_sweep(datasets=dataset, grid=GRID, search={"trials": TRIALS}, network="unet-s"))
    output = tmp_path / "launch.log"
    command = [sys.executable, "-m", "segsweep", "launch", str(grid), "--home", str(home.folder)]
    with output.open("w") as log, subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True) as launch:
        wait_for(lambda: output.read_text().count("searched ") >= 2 or launch.poll() is not None)
        assert launch.poll() is None, output.read_text()
        for process in [launch.pid, *descendants(launch.pid)]:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
    before = output.read_text().count("searched ")
    launched = api.launch(grid, home=home)
    rows = read(home.sweep("tiny") / SEARCH_FILE, SEARCH).to_pylist()
    assert [row["number"] for row in rows] == list(range(1, TRIALS + 1))
    assert 2 <= before < TRIALS
    assert launched.untried == 0
    assert set(launched.manifest.states().values()) <= {"finished", "searched"}
    members = {trial for row in rows if row["front"] for trial in row["trials"]}
    _, tables = gather("tiny", home, lambda: api.find_tracker(home))
    assert set(tables.cases["trial"].to_pylist()) == members
    assert b"search-1-pareto" in launched.report.html.read_bytes()


def descendants(process: int) -> list[int]:
    """The children of a process, theirs, and so on; as Linux lists them."""
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    children = [int(child) for task in tasks for child in task.read_text().split()]
    return children + [later for child in children for later in descendants(child)]


def wait_for(condition: object, seconds: float = 240.0) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.2)
