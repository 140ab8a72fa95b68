"""Trials stopped early on Ray: they are recorded as such, compared with nothing, left alone, and finished if asked."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from grids import tiny_sweep

from segsweep import api
from segsweep.orchestration.home import Home
from segsweep.orchestration.launch import Launched

RATES = [0.5, 0.3, 1e-3, 1e-4, 1e-5, 1e-6]
"""The best comes first: who comes later is measured by it."""
EPOCHS = 6


def launch(folder: Path, **changes: Any) -> Launched:
    grid = folder / "grid.yaml"
    train = {"epochs": EPOCHS, "lr": 0.1, "batch_size": 2, "patience": 100}
    grid.write_text(tiny_sweep(grid={"loss": "ce", "lr": RATES}, warm_start="none", train=train, **changes))
    return api.launch(grid, home=Home(folder / "home"))


@pytest.mark.faults
@pytest.mark.ray
def test_stopped_trials_are_left_alone_until_a_grid_asks_for_them(tmp_path: Path) -> None:
    halving = {"asha": {"grace": 2, "factor": 2}}
    halved = launch(tmp_path, search=halving)
    states = halved.manifest.states()
    assert set(states.values()) == {"finished", "stopped"}
    trials, cases = api.tables("tiny", home=Home(tmp_path / "home"))
    stopped = trials[trials.state == "stopped"]
    assert (stopped.epochs < EPOCHS).all()
    assert (stopped.reason == [f"stopped by ASHA at epoch {epochs}" for epochs in stopped.epochs]).all()
    assert set(cases.trial) == {trial for trial, state in states.items() if state == "finished"}
    assert "stopped before their end" in halved.report.summary
    assert launch(tmp_path, search=halving).started == 0
    whole = launch(tmp_path)
    assert whole.started == Counter(states.values())["stopped"]
    assert set(whole.manifest.states().values()) == {"finished"}
    trials, _ = api.tables("tiny", home=Home(tmp_path / "home"))
    assert (trials.epochs == EPOCHS).all()
