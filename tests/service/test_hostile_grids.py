"""Two hundred grids that nobody means well, sent to `segsweep serve` as it runs."""

from collections.abc import Iterator
from pathlib import Path

from clients import until
from hostile_grids import hostile_grids
from processes import ask, serving

from segsweep.orchestration.home import Home

NOWHERE = "http://127.0.0.1:9"
"""No grid may come as far as the cluster."""
MOST_GROWTH = 64
"""MiB: a thousand times the largest grid; some 25 were measured."""


def test_each_is_refused_in_one_line_and_the_process_does_not_grow(home: Home, store: str) -> None:
    home.folder.mkdir()
    with serving(home, "--tracking", store, "--address", NOWHERE) as (process, address):
        sweeps = f"{address}/api/v1/sweeps"
        # what it needs for its own work it has by then
        until(lambda: ask(f"{address}/readyz")[0] == 200)
        assert ask(sweeps, b"name: a")[0] == 422
        before = _status(process.pid, "VmRSS")
        refused = 0
        for grid in hostile_grids():
            status, said = ask(sweeps, grid)
            assert (status, len(said["detail"].splitlines())) == (422, 1), (grid[:100], status, said)
            assert len(said["detail"]) <= 1_000
            refused += 1
        for large in (b"x" * 65_537, b"name: " + b"x" * 1_000_000, b"x" * 10_000_000, _chunks()):
            assert ask(sweeps, large)[0] == 413
        assert refused > 200
        assert _status(process.pid, "VmHWM") - before < MOST_GROWTH
        assert ask(sweeps)[0] == 200


def _chunks() -> Iterator[bytes]:
    """Ten megabytes that are not announced."""
    yield from (b"- name: x\n" * 1_000 for _ in range(1_000))


def _status(process: int, key: str) -> float:
    """MiB, as Linux tells them."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(f"{key}:"))) / 1024
