"""A file that arrives in parts, in any order, over several attempts."""

import os
from pathlib import Path
from threading import Lock


class PartialFile:
    """The parts of a file that have arrived lie under a hidden name beside it; the file appears when all are there.

    Args:
        path: of the whole file.
        version: of what is being copied; parts of another version are thrown away.
        size: bytes of the whole.
        part: bytes of each part but the last.
    """

    def __init__(self, path: Path, version: str, size: int, part: int) -> None:
        self.partial = path.with_name(f".{path.name}.partial")
        self._path = path
        self._arrived = path.with_name(f".{path.name}.arrived")
        self._title = f"{version} {size} {part}"
        self._size = size
        self._part = part
        self._done: set[int] = set()
        self._lock = Lock()

    def open(self) -> None:
        """Find what an earlier attempt left, or make room for the whole."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._arrived.exists() and self.partial.exists():
            title, *parts = self._arrived.read_text().splitlines()[: self._count() + 1] or [""]
            if title == self._title and self.partial.stat().st_size == self._size:
                self._done = {int(part) for part in parts if part.isdecimal()}
                return
        with self.partial.open("wb") as content:
            content.truncate(self._size)
        self._arrived.write_text(f"{self._title}\n")

    @property
    def bytes_done(self) -> int:
        """How much has arrived."""
        return sum(end - first for first, end in map(self.bounds, self._done))

    def missing(self) -> list[int]:
        """Numbers of the parts that have not arrived."""
        return [part for part in range(self._count()) if part not in self._done]

    def bounds(self, part: int) -> tuple[int, int]:
        """Where a part starts, and where the next one does."""
        return part * self._part, min(self._size, (part + 1) * self._part)

    def write(self, part: int, content: bytes) -> bool:
        """Take in a part, from any thread.

        Returns:
            Whether it was the last one missing.
        """
        with self.partial.open("r+b") as whole:
            whole.seek(part * self._part)
            whole.write(content)
        with self._lock:
            # after the content: of a part that is listed all bytes are there
            with self._arrived.open("a") as listed:
                listed.write(f"{part}\n")
            self._done.add(part)
            return len(self._done) == self._count()

    def finish(self) -> None:
        """Let the file appear."""
        os.replace(self.partial, self._path)
        self._arrived.unlink()

    def discard(self) -> None:
        """Throw away what has arrived."""
        self.partial.unlink(missing_ok=True)
        self._arrived.unlink(missing_ok=True)

    def _count(self) -> int:
        return -(-self._size // self._part)
