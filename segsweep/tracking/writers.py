"""The folders of the processes that record runs: each belongs to one, and to whoever finds it when that has ended."""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from segsweep.tracking.spool import parcels


class OwnFolder:
    """This process's folder in a spool, for as long as there is something in it.

    The lock beside it is held by the process, not by one of its threads; the system sets it free when that ends.

    Args:
        spool: folder of all of them.
    """

    def __init__(self, spool: Path) -> None:
        self._spool = spool
        self._taken: tuple[Path, FileLock] | None = None

    def path(self) -> Path:
        """The folder, made when it is first asked for."""
        if self._taken is None:
            folder = self._spool / uuid.uuid4().hex
            lock = _lock(folder)
            lock.acquire()
            folder.mkdir(parents=True)
            self._taken = folder, lock
        return self._taken[0]

    def leave(self) -> None:
        """Leave nothing behind, unless a run is in the folder; then it stays this process's."""
        if self._taken is not None:
            folder, lock = self._taken
            with suppress(OSError):
                folder.rmdir()
                Path(lock.lock_file).unlink()
                lock.release()
                self._taken = None
                self._spool.rmdir()


def folders(spool: Path) -> list[Path]:
    """The folders of all processes."""
    return sorted(path for path in spool.glob("*") if path.is_dir())


def left_behind(spool: Path) -> Iterator[Path]:
    """The folders of processes that have ended, each held while it is looked at; one without runs is removed then."""
    for folder in folders(spool):
        lock = _lock(folder)
        try:
            lock.acquire()
        except Timeout:
            continue
        try:
            yield folder
            if not parcels(folder):
                shutil.rmtree(folder, ignore_errors=True)
                with suppress(OSError):
                    Path(lock.lock_file).unlink()
                    spool.rmdir()
        finally:
            lock.release()


def _lock(folder: Path) -> FileLock:
    return FileLock(f"{folder}.lock", timeout=0, thread_local=False)
