"""A grid sent to `segsweep serve` becomes a job of a Ray cluster, and the service shows what becomes of it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from clients import TOKEN, until
from grids import tiny_sweep
from mlflow_server import Server
from processes import ask, serving
from ray_cluster import ray_cluster

from segsweep.orchestration.home import Home

BEARER = {"Authorization": f"Bearer launch-{TOKEN}"}
RAY = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0123456789abcdef" * 4}


@pytest.fixture
def service(home: Home, store: str, tmp_path: Path) -> Iterator[str]:
    """Address of a service beside a cluster and a tracking server."""
    pytest.importorskip("aiohttp_cors", reason="the Jobs API comes with segsweep[cluster]")
    home.folder.mkdir()
    server = Server(Path(store.removeprefix("sqlite:///")).parent)
    python = os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")])
    places = {"MLFLOW_TRACKING_URI": server.uri, "SEGSWEEP_HOME": str(tmp_path / "head"), "PYTHONPATH": python}
    with ExitStack() as stack:
        server.start()
        stack.callback(server.stop)
        # Ray makes sockets there, whose paths must be short
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ray")))
        cluster = stack.enter_context(ray_cluster(folder, {**RAY, **places}))
        options = ("--address", cluster, "--tracking", server.uri)
        tokens = {"SEGSWEEP_TOKENS": f"{TOKEN},launch-{TOKEN}"}
        _, address = stack.enter_context(serving(home, *options, **tokens, **RAY))
        yield address


@pytest.mark.slow
def test_from_a_request_to_results(service: str) -> None:
    sweeps = f"{service}/api/v1/sweeps"
    grid = tiny_sweep(train={"epochs": 20, "lr": 0.01, "batch_size": 2}).encode()
    status, said = ask(sweeps, grid, **BEARER)
    assert (status, said["sweep"], said["page"]) == (202, "tiny", "/sweeps/tiny")

    again, refusal = ask(sweeps, grid, **BEARER)
    assert (again, refusal) == (409, {"detail": f"tiny: the job {said['job']} launches it now"})

    sweep = f"{service}{said['progress']}"
    until(lambda: ask(sweep, **BEARER)[1].get("state") == "finished", seconds=300)
    assert ask(sweep, **BEARER)[1]["states"] == {"finished": 2}
    until(lambda: ask(f"{sweep}/settings", **BEARER)[0] == 200)
    # when its job has ended it may be launched again
    until(lambda: ask(sweeps, grid, **BEARER)[0] == 202)
