"""A folder that holds what lies below a prefix of a bucket."""

import json
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import Any

from segsweep.errors import StoreError
from segsweep.store.s3_download import OnBytes, S3Object, download, list_objects

_LISTED = ".objects"
"""A line per file that is there: its name below the prefix, and the version of the object it is a copy of."""


class S3Mirror:
    """What lies below a prefix, and how much of it a folder lacks.

    Args:
        client: of boto3.
        bucket: its name.
        prefix: without a slash at its end.
        folder: of the copies.
        wanted: whether a key below the prefix is copied at all.

    Raises:
        StoreError: the bucket cannot be listed, or a key would lie outside the folder.
    """

    def __init__(
        self, client: Any, bucket: str, prefix: str, folder: Path, wanted: Callable[[PurePosixPath], bool]
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._folder = folder
        self._objects: dict[str, S3Object] = {}
        for found in list_objects(client, bucket, f"{prefix}/"):
            name = PurePosixPath(found.key.removeprefix(f"{prefix}/"))
            if ".." in name.parts or name.is_absolute() or "\\" in found.key:
                raise StoreError(f"s3://{bucket}/{found.key}: a key that would leave the folder it is copied to")
            if wanted(name):
                self._objects[str(name)] = found
        here = _listed(folder / _LISTED)
        self._stale = set(here) - set(self._objects)
        self._lacking = {
            name: found
            for name, found in self._objects.items()
            if here.get(name) != found.etag or not _has_size(folder / name, found.size)
        }

    @property
    def size(self) -> int:
        """Bytes of all objects."""
        return sum(found.size for found in self._objects.values())

    @property
    def lacking(self) -> int:
        """Bytes that are not in the folder."""
        return sum(found.size for found in self._lacking.values())

    @property
    def is_current(self) -> bool:
        """Whether the folder holds every object as it is now, and nothing else."""
        return not self._lacking and not self._stale

    @property
    def files(self) -> int:
        """Number of objects."""
        return len(self._objects)

    def copy(self, on_bytes: OnBytes) -> None:
        """Make the folder hold what lies below the prefix, and nothing else.

        Raises:
            StoreError: an object cannot be read.
        """
        listed = self._folder / _LISTED
        here = _listed(listed)
        for name in here.keys() & (self._stale | self._lacking.keys()):
            (self._folder / name).unlink(missing_ok=True)
            del here[name]
        self._folder.mkdir(parents=True, exist_ok=True)
        listed.write_text("".join(_line(name, tag) for name, tag in here.items()))
        names = {self._folder / name: name for name in self._lacking}
        lock = Lock()

        def note(path: Path) -> None:
            with lock, listed.open("a") as lines:
                lines.write(_line(names[path], self._lacking[names[path]].etag))

        wanted = {path: self._lacking[name] for path, name in names.items()}
        download(self._client, self._bucket, wanted, on_bytes, note)


def _line(name: str, etag: str) -> str:
    return json.dumps([name, etag]) + "\n"


def _listed(path: Path) -> dict[str, str]:
    """The last line may have been cut short by whatever stopped its writer."""
    found: dict[str, str] = {}
    if path.exists():
        for line in path.read_text().splitlines():
            try:
                name, etag = json.loads(line)
            except ValueError:
                continue
            found[name] = etag
    return found


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size
