"""Where sweeps are kept on this machine, and where they are tracked."""

import os
from dataclasses import dataclass
from pathlib import Path

from segsweep.store.blobs import Blobs
from segsweep.store.open import open_blobs

DEFAULT_HOME = "segsweep-runs"


@dataclass(frozen=True)
class Home:
    """A folder of sweeps with the store that tracks them.

    Args:
        folder: everything segsweep writes, apart from decoded data.
        tracking: MLflow tracking URI; None = the embedded SQLite store in the folder.
        store: folder or `s3://bucket/prefix` of warm starts, checkpoints and claims, which all who share trials share;
            None = in the folder.
    """

    folder: Path
    tracking: str | None = None
    store: str | None = None

    @classmethod
    def from_environment(cls) -> "Home":
        """$SEGSWEEP_HOME, else ./segsweep-runs; tracked at $MLFLOW_TRACKING_URI, with the store $SEGSWEEP_STORE."""
        folder = Path(os.environ.get("SEGSWEEP_HOME") or DEFAULT_HOME)
        return cls(folder, os.environ.get("MLFLOW_TRACKING_URI") or None, os.environ.get("SEGSWEEP_STORE") or None)

    @property
    def embedded(self) -> bool:
        """Whether this folder is the only one that its store's sweeps are written from."""
        return self.tracking is None

    @property
    def uri(self) -> str:
        """MLflow tracking URI."""
        return self.tracking or f"sqlite:///{self._database.absolute()}"

    @property
    def has_runs(self) -> bool:
        """Whether there is a store; one that lies elsewhere is taken to be there."""
        return not self.embedded or self._database.exists()

    @property
    def artifacts(self) -> Path | None:
        """Folder for artifacts; None where a tracking server keeps them."""
        return None if self.uri.startswith(("http:", "https:")) else self.folder.absolute() / "artifacts"

    @property
    def downloads(self) -> Path | None:
        """Folder of tables fetched from a distant store; None where the artifacts are in this folder anyway."""
        return None if self.artifacts is not None else self.folder.absolute() / "downloads"

    @property
    def blobs(self) -> Blobs:
        """The store of warm starts, checkpoints and claims.

        Raises:
            StoreError: its address is of no known kind.
        """
        return open_blobs(self.store or str(self.folder.absolute() / "store"))

    @property
    def journal(self) -> Path:
        """Folder of the journals of the processes on this machine."""
        return self.folder.absolute() / "journal"

    @property
    def spool(self) -> Path:
        """Folder of runs on their way to the store."""
        return self.folder.absolute() / "spool"

    @property
    def measurements(self) -> Path:
        """Folder of what trials were measured to cost on this machine or cluster."""
        return self.folder / "measurements"

    @property
    def results(self) -> Path:
        """Folder of what `segsweep serve` has computed."""
        return self.folder.absolute() / "service"

    @property
    def _database(self) -> Path:
        return self.folder / "mlflow.db"

    def sweep(self, name: str) -> Path:
        """Folder of a sweep's tables and reports."""
        return self.folder / "sweeps" / name
