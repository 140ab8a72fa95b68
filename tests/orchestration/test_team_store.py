"""A sweep on what a team has: MLflow on PostgreSQL with artifacts proxied to S3, checkpoints and claims in S3."""

import socket
from pathlib import Path
from typing import Any

import psycopg
import pytest
from grids import tiny_sweep
from launching import Bench
from mlflow_server import Server
from postgres_server import Postgres

from segsweep.api import launch, open_tracker
from segsweep.orchestration.home import Home
from segsweep.orchestration.in_process import InProcessExecutor
from segsweep.orchestration.sweep_report import gather
from segsweep.store.s3_client import s3_client
from segsweep.tracking.memory import MemoryTracker
from segsweep.tracking.mlflow_tracker import MlflowTracker

pytestmark = pytest.mark.slow

GRID = {"folds": {"k": 2, "run": [0, 1]}}


def keys(prefix: str) -> list[str]:
    """Of what lies in the team's bucket."""
    pages = s3_client().get_paginator("list_objects_v2").paginate(Bucket="team", Prefix=prefix)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


@pytest.mark.usefixtures("s3_environment")
def test_it_ends_as_on_one_machine(
    team_server: Server, postgres: Postgres, memory_tracker: MemoryTracker, tmp_path: Path
) -> None:
    grid = tmp_path / "grid.yaml"
    grid.write_text(tiny_sweep(**GRID, keep="weights"))
    home = Home(tmp_path / "team", team_server.uri, "s3://team/store")
    launched = launch(grid, home=home, executor=InProcessExecutor())
    assert [entry.state for entry in launched.manifest.entries] == ["finished"] * 4
    assert launch(grid, home=home, executor=InProcessExecutor()).started == 0

    alone = Bench(tmp_path, Home(tmp_path / "alone"), memory_tracker)
    alone.launch(**GRID)
    somebody_elses = Home(tmp_path / "elsewhere", team_server.uri)
    _, tables = gather("tiny", somebody_elses, lambda: open_tracker(somebody_elses))
    assert tables.cases.equals(alone.tables().cases)

    with psycopg.connect(postgres.uri("mlflow").replace("+psycopg", "")) as connection:
        query = "SELECT count(DISTINCT run_uuid), count(DISTINCT value) FROM tags WHERE key = 'segsweep.trial'"
        assert connection.execute(query).fetchone() == (4, 4)
    artifacts = keys("artifacts/")
    for entry in launched.manifest.entries:
        mine = {key.rpartition("/")[2] for key in artifacts if f"/{entry.run_id}/" in key}
        assert mine == {"cases.parquet", "trials.parquet", "overlays.parquet", "weights.pt", "network.json"}
    assert len(keys("store/warm-starts/")) == 2
    assert keys("store/checkpoints/") == []


def test_whoever_reaches_the_server_need_not_reach_the_object_store(
    team_server: Server, s3_endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind a server in a cluster the store has a name that nobody outside knows."""
    find, port = socket.getaddrinfo, int(s3_endpoint.rpartition(":")[2])

    def find_others(host: Any, where: Any, *arguments: Any, **keywords: Any) -> Any:
        if where in (port, str(port)):
            raise socket.gaierror("Name or service not known")
        return find(host, where, *arguments, **keywords)

    monkeypatch.setattr(socket, "getaddrinfo", find_others)
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", "1")  # bytes: as if the files were large
    tracker = MlflowTracker(team_server.uri, tmp_path / "spool")
    parent = tracker.open_sweep("polyps", {})
    tracker.write_files(parent, {"a.bin": bytes(range(256))})
    assert tracker.read_file(parent, "a.bin") == bytes(range(256))
