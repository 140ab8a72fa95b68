import shutil
from pathlib import Path

import pytest

from segsweep.tracking.mlflow_tracker import MlflowTracker


@pytest.fixture(scope="session")
def _empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Creating a store takes over a second, copying one does not."""
    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    MlflowTracker(f"sqlite:///{path}").prepare()
    return path


@pytest.fixture
def store(_empty_store: Path, tmp_path: Path) -> str:
    """Tracking URI of a store of this test's own."""
    shutil.copy(_empty_store, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path}/mlflow.db"
