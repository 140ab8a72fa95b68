"""`segsweep serve` as a process, on a real tracking store."""

import json
import signal
import subprocess
from pathlib import Path

import pytest
from clients import TOKEN, until
from processes import COMMAND, ask, serving
from stores import add_sweep, sweep_tables

from segsweep.api import open_tracker
from segsweep.orchestration.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A finished sweep in MLflow's embedded store."""
    home = Home(tmp_path / "home")
    add_sweep(open_tracker(home), "polyps", *sweep_tables("ce", "dice"), states={3: "failed"})
    return home


def test_from_start_to_sigterm(home: Home) -> None:
    with serving(home) as (process, address):
        until(lambda: ask(f"{address}/readyz")[0] == 200)
        _, sweep = ask(f"{address}/api/v1/sweeps/polyps")
        assert sweep["states"] == {"finished": 3, "failed": 1}
        until(lambda: ask(f"{address}/api/v1/sweeps/polyps/settings")[0] == 200)
        (trial, *_) = ask(f"{address}/api/v1/sweeps/polyps/trials")[1]["items"]
        _, found = ask(f"{address}/api/v1/sweeps/polyps/trials/{trial['trial']}/curves")
        assert len(found["curves"]["train/loss"]) == 11
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
    assert process.returncode in (0, -signal.SIGTERM)
    assert out == ""
    lines = [json.loads(line) for line in (home.folder / "log").read_text().splitlines()]
    assert any(line["message"] == "request" and line.get("sweep") == "polyps" for line in lines)
    assert "Application shutdown complete." in [line["message"] for line in lines]


def test_with_tokens(home: Home) -> None:
    with serving(home, SEGSWEEP_TOKENS=TOKEN) as (_, address):
        assert ask(f"{address}/api/v1/sweeps")[0] == 401
        assert ask(f"{address}/api/v1/sweeps", Authorization=f"Bearer {TOKEN}")[0] == 200


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--host", "0.0.0.0"], "--host 0.0.0.0: others can reach this address, so tokens are needed"),
        (["--mlflow", "javascript:alert()"], "--mlflow: an address that starts with http:// or https://"),
        (["--home", "nowhere"], "nowhere: no tracked runs"),
    ],
)
def test_what_is_refused_in_one_line(home: Home, options: list[str], complaint: str) -> None:
    ran = subprocess.run([*COMMAND, "--home", str(home.folder), *options], capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"segsweep: {complaint}")
    assert len(ran.stderr.splitlines()) == 1
