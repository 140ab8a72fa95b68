"""A place where sweeps are launched in this process, and a user's own losses."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from launching import OWN_LOSSES, Bench, Switch

from segsweep.orchestration.home import Home
from segsweep.tracking.memory import MemoryTracker


@pytest.fixture
def bench(tmp_path: Path, home: Home, memory_tracker: MemoryTracker) -> Bench:
    return Bench(tmp_path, home, memory_tracker)


@pytest.fixture(autouse=True)
def _own_python_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Planning puts the grid's folder on the path; the next test's modules of the same name lie elsewhere."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    sys.modules.pop("own_losses", None)


@pytest.fixture
def own_losses(tmp_path: Path) -> Switch:
    """A module of losses beside the grid, and the switch that some of them look at."""
    (tmp_path / "own_losses.py").write_text(OWN_LOSSES)

    def switch(on: bool) -> None:
        (tmp_path / "switch").touch() if on else (tmp_path / "switch").unlink(missing_ok=True)

    return switch
