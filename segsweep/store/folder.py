"""Blobs as files in a folder, which may be shared by several machines."""

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from segsweep.store.blobs import Blob

_UNFINISHED = ".unfinished-"


class FolderBlobs:
    """A key is a path below the folder.

    Args:
        folder: created with its first blob.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    def __str__(self) -> str:
        return str(self.folder)

    def get(self, key: str) -> bytes | None:
        """The content of a file."""
        try:
            return (self.folder / key).read_bytes()
        except FileNotFoundError:
            return None

    def put(self, key: str, content: bytes) -> None:
        """Write beside it, then rename: a full disk or a kill leaves the older file."""
        written = self._write(key, content)
        os.replace(written, self.folder / key)

    def create(self, key: str, content: bytes) -> bool:
        """Write beside it, then link: of several links to one name the file system lets one succeed."""
        written = self._write(key, content)
        try:
            os.link(written, self.folder / key)
        except FileExistsError:
            return False
        finally:
            written.unlink()
        return True

    def delete(self, key: str) -> None:
        """Remove a file, and the folders that are empty then."""
        path = self.folder / key
        path.unlink(missing_ok=True)
        with suppress(OSError):  # another file is in it, or came into it just now
            for parent in path.parents:
                if parent == self.folder:
                    break
                parent.rmdir()

    def list(self, prefix: str) -> "list[Blob]":
        """The files below the prefix; what was left unfinished is none."""
        start = self.folder / prefix.rpartition("/")[0]
        found = []
        for folder, _, names in os.walk(start):
            for name in names:
                path = Path(folder) / name
                key = path.relative_to(self.folder).as_posix()
                if key.startswith(prefix) and not name.startswith(_UNFINISHED):
                    with suppress(FileNotFoundError):  # deleted meanwhile
                        found.append(Blob(key, path.stat().st_size))
        return sorted(found, key=lambda blob: blob.key)

    def unfinished(self) -> Sequence[Path]:
        """Files that are being written, or were when their writer was killed."""
        return sorted(self.folder.rglob(f"{_UNFINISHED}*"))

    def _write(self, key: str, content: bytes) -> Path:
        folder = (self.folder / key).parent
        while True:
            folder.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):  # another process found the folder empty and removed it
                handle, name = tempfile.mkstemp(prefix=_UNFINISHED, dir=folder)
                break
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            os.unlink(name)
            raise
        return Path(name)
