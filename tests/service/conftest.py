"""A service on a store of finished sweeps, and a client of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from clients import client_of, finished, served, until
from fastapi.testclient import TestClient
from stores import add_sweep, sweep_tables

from segsweep.service.app import build_service
from segsweep.service.settings import Settings
from segsweep.tracking.memory import MemoryTracker


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """On loopback, asking the store often."""
    return Settings("127.0.0.1", 0, tmp_path / "results", refresh_seconds=0.05)


@pytest.fixture(scope="session")
def finished_store() -> MemoryTracker:
    """Two sweeps that share the trials of one loss."""
    tracker = MemoryTracker()
    add_sweep(tracker, "polyps", *sweep_tables("ce", "dice"), states={3: "diverged"})
    add_sweep(tracker, "more-polyps", *sweep_tables("ce", "jaccard"))
    return tracker


@pytest.fixture(scope="session")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the results of the finished store; `client` fills it."""
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="session")
def client(finished_store: MemoryTracker, computed: Path) -> Iterator[TestClient]:
    """Of a service whose results have been computed."""
    settings = Settings("127.0.0.1", 0, computed, refresh_seconds=0.05)
    with client_of(build_service(settings, lambda: finished_store)) as opened:
        until(lambda: len(opened.get("/api/v1/sweeps").json()["items"]) == 2)
        for sweep in ("polyps", "more-polyps"):
            assert finished(opened, f"/api/v1/sweeps/{sweep}/comparisons").status_code == 200
        yield opened


@pytest.fixture(scope="session")
def server(client: TestClient, finished_store: MemoryTracker, computed: Path) -> Iterator[str]:
    """Address of the same service on a real port."""
    settings = Settings(
        "127.0.0.1",
        0,
        computed,
        refresh_seconds=0.05,
        mlflow="http://127.0.0.1:5000",
        # nothing answers there: a grid that came so far would be a 503
        cluster="http://127.0.0.1:9",
    )
    with served(build_service(settings, lambda: finished_store)) as address:
        yield address
