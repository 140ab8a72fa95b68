"""What becomes of a run whose worker has been lost."""

import subprocess
import sys
from pathlib import Path

import pytest
from grids import tiny_sweep

from segsweep.orchestration.home import Home
from segsweep.orchestration.planning import plan_sweep
from segsweep.orchestration.sweep_run import SweepRun
from segsweep.store.claims import Claims, Observer
from segsweep.tracking.describe import describe_trial
from segsweep.tracking.memory import MemoryTracker
from segsweep.tracking.protocol import Ending

HOLD = """
import sys, time
from pathlib import Path
from segsweep.orchestration.home import Home
from segsweep.store.claims import Claims
print(Claims(Home(Path(sys.argv[1])).blobs).take(sys.argv[2]).fence, flush=True)
time.sleep(float(sys.argv[3]))
"""
LOST = Ending("interrupted", "its process died", "killed")


@pytest.mark.parametrize(("lasts", "told", "state"), [(1, True, "interrupted"), (60, False, "running")])
def test_a_lost_worker_may_take_a_moment_to_go(
    tmp_path: Path, memory_tracker: MemoryTracker, lasts: float, told: bool, state: str
) -> None:
    grid, home = tmp_path / "grid.yaml", Home(tmp_path / "home")
    grid.write_text(tiny_sweep())
    planned = plan_sweep(grid)
    trial = planned.plan.trials[0]
    command = [sys.executable, "-c", HOLD, str(home.folder), trial.id, str(lasts)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker, Claims(home.blobs) as claims:
        assert worker.stdout is not None
        fence = int(worker.stdout.readline())
        run = SweepRun(planned.sweep, tmp_path, memory_tracker, claims, Observer(claims))
        opened = memory_tracker.open_run(run.id, describe_trial(trial, fence))
        if told:
            run.lose({trial.id: LOST})
        run.end_left()
        assert opened.state == state
        assert opened.reason == (LOST.reason if told else None)
        worker.kill()
