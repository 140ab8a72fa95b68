"""What every test stands on: an environment of its own, one thread, small sweeps, stores and a server."""

import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from grids import tiny_sweep
from hypothesis import settings
from mlflow_server import Server
from postgres_server import Postgres, binaries

from segsweep.orchestration.home import Home
from segsweep.tracking.memory import MemoryTracker

# other people's processes share the machine, so a slow example says nothing
settings.register_profile("segsweep", deadline=None)
settings.load_profile("segsweep")

OWN_VARIABLES = ("SEGSWEEP_HOME", "SEGSWEEP_CACHE", "MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME", "RAY_ADDRESS")

S3_KEYS = {"AWS_ACCESS_KEY_ID": "someone", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
TEAM_BUCKET = "team"


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Another number of threads gives other bits."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _clean_environ(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the caller's settings or leaves anything outside its own folder."""
    for name in OWN_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    own = tmp_path_factory.mktemp("environment")
    monkeypatch.setenv("SEGSWEEP_HOME", str(own / "home"))
    monkeypatch.setenv("SEGSWEEP_CACHE", str(own / "cache"))
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("DO_NOT_TRACK", "true")


@pytest.fixture
def memory_tracker() -> MemoryTracker:
    return MemoryTracker()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def grid_file(tmp_path: Path) -> Path:
    """A sweep of two losses on tiny phantoms."""
    path = tmp_path / "grid.yaml"
    path.write_text(tiny_sweep())
    return path


@pytest.fixture(scope="session")
def _empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Creating a store takes over a second, copying one does not."""
    from segsweep.tracking.mlflow_tracker import MlflowTracker  # few tests need it, and it takes a second

    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    MlflowTracker(f"sqlite:///{path}", path.parent / "spool").prepare()
    return path


@pytest.fixture
def store(_empty_store: Path, tmp_path: Path) -> str:
    """Tracking URI of a store of this test's own."""
    shutil.copy(_empty_store, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path}/mlflow.db"


@pytest.fixture
def server(store: str, tmp_path: Path) -> Iterator[Server]:
    """A server on that store; it has to be started."""
    made = Server(tmp_path)
    yield made
    made.stop()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real datasets; tests that need it are skipped where it is not."""
    folder = Path(os.environ.get("SEGSWEEP_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder}; set SEGSWEEP_DATA")
    return folder.resolve()


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """A real S3 API over HTTP."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL."""
    found = binaries()
    if found is None:
        pytest.skip("no PostgreSQL here; Debian's package is `postgresql`")
    made = Postgres(found)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="session")
def _team_server(postgres: Postgres, s3_endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Starting one on a new database takes longer than all tests on it."""
    from segsweep.store.s3_client import s3_client

    environment = {**S3_KEYS, "AWS_ENDPOINT_URL_S3": s3_endpoint, "MLFLOW_DISABLE_TELEMETRY": "true"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        s3_client().create_bucket(Bucket=TEAM_BUCKET)
    postgres.make("mlflow")
    made = Server(tmp_path_factory.mktemp("team"), postgres.uri("mlflow"), f"s3://{TEAM_BUCKET}/artifacts", environment)
    made.start()
    postgres.make("empty", template="mlflow")
    yield made
    made.stop()


@pytest.fixture
def team_server(_team_server: Server, postgres: Postgres) -> Server:
    """A server as teams have one, on PostgreSQL and with artifacts proxied to S3; it holds nothing yet."""
    postgres.make("mlflow", template="empty")
    return _team_server


@pytest.fixture
def s3_environment(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**S3_KEYS, "AWS_ENDPOINT_URL_S3": s3_endpoint}.items():
        monkeypatch.setenv(name, value)
