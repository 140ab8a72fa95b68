"""An append-only journal of the epochs that were started: what was done, by whom, and what was done twice."""

import json
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Started:
    """One epoch of one trial or warm start.

    Args:
        trial: id of the trial or the warm start.
        epoch: counted from 1.
        pid: of the process that trained it.
        start: seconds since 1970.
    """

    trial: str
    epoch: int
    pid: int
    start: float


class Journal:
    """The lines that one process writes; each is in the file before the epoch begins.

    Args:
        folder: of all journals; every process has a file of its own in it.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"{socket.gethostname()}-{os.getpid()}-{time.time_ns()}.jsonl"

    def note(self, trial: str, epoch: int) -> None:
        """Append that an epoch starts now."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(Started(trial, epoch, os.getpid(), time.time()))) + "\n")


def read_journals(folder: Path) -> Iterator[Started]:
    """Every epoch that any process started, process by process."""
    for path in sorted(folder.glob("*.jsonl")):
        lines = path.read_text(encoding="utf-8").split("\n")
        yield from (Started(**json.loads(line)) for line in lines[:-1])  # a full disk may have cut the last one
