"""A Ray cluster of one node with its Jobs API, as `ray start` makes it."""

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from clients import until


@contextmanager
def ray_cluster(folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Start one and give the address of its Jobs API.

    Args:
        folder: for what it writes; Ray wants a short path.
        environment: of its processes.
    """
    gcs, jobs, *ports = _free_ports(5)
    names = ("node-manager-port", "object-manager-port", "dashboard-agent-listen-port")
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--num-cpus=2"]
    command += [f"--port={gcs}", f"--dashboard-port={jobs}"]
    command += [f"--{name}={port}" for name, port in zip(names, ports, strict=True)]
    command += [f"--temp-dir={folder}", "--object-store-memory=100000000", "--disable-usage-stats"]
    with (folder / "ray.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **environment},
            start_new_session=True,
        )
    try:
        address = f"http://127.0.0.1:{jobs}"
        until(lambda: _answers(f"{address}/api/version") or process.poll() is not None)
        assert process.poll() is None, (folder / "ray.log").read_text()
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=30)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError:  # it asks for a token
        return True
    except OSError:
        return False


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for taken in sockets:
            taken.bind(("127.0.0.1", 0))
        return [int(taken.getsockname()[1]) for taken in sockets]
