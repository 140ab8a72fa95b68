"""Runs as folders on this machine, on their way to the store: whatever becomes of the store, nothing is lost.

A process that records runs has a folder of its own below the spool and holds a lock beside it for as long as it lives,
so that others know whose runs they may deliver. Each run is a folder in it: `run.json` says what it is and is there
from the start, `points.jsonl` grows, `files/` are its tables and files, and `ending.json` comes last.
"""

import json
import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from segsweep.records import tables as parquet
from segsweep.tracking.protocol import Ending, Point, RunDescription

_DESCRIPTION = "run.json"
_POINTS = "points.jsonl"
_ENDING = "ending.json"


@dataclass(frozen=True)
class Parcel:
    """A run on its way to a store.

    Args:
        folder: that holds it; its name is the key by which the run is known there.
        store: tracking URI.
        parent: run of its sweep there.
        sweep: name of that.
        opened: seconds since the epoch (1970).
        description: of the run.
    """

    folder: Path
    store: str
    parent: str
    sweep: str
    opened: float
    description: RunDescription

    @property
    def key(self) -> str:
        """One for each run, never given twice."""
        return self.folder.name

    @property
    def ended(self) -> bool:
        """Whether all of it is here."""
        return (self.folder / _ENDING).exists()

    def points(self, start: int) -> tuple[list[Point], int]:
        """The points from a byte of the file on, and the byte after the last; half a line is none yet."""
        try:
            with (self.folder / _POINTS).open("rb") as file:
                file.seek(start)
                lines = file.read()
        except FileNotFoundError:
            return [], start
        whole = lines[: lines.rfind(b"\n") + 1]
        return [Point(**json.loads(line)) for line in whole.splitlines()], start + len(whole)

    def files(self) -> list[Path]:
        """Tables and files."""
        return sorted(files_of(self.folder).iterdir())

    def ending(self) -> tuple[Ending, float]:
        """How the run ended, and when."""
        kept = json.loads((self.folder / _ENDING).read_text())
        return Ending(**kept["ending"]), kept["at"]


class SpooledRun:
    """One run, written to its folder.

    Args:
        folder: of the run.
        on_ending: called when all of it is there.
    """

    def __init__(self, folder: Path, on_ending: Callable[[], object]) -> None:
        self._folder = folder
        self._on_ending = on_ending

    def log(self, step: int, metrics: Mapping[str, float], at: float | None = None) -> None:
        """Append a line."""
        values = {name: float(value) for name, value in metrics.items()}
        append(self._folder, [Point(step, values, time.time() if at is None else at)])

    def finish(
        self,
        ending: Ending,
        metrics: Mapping[str, float],
        tables: Mapping[str, pa.Table],
        files: Mapping[str, bytes] = {},
    ) -> None:
        """Write everything, the ending last; that it arrives is seen to by another thread."""
        self.log(0, metrics)
        kept = files_of(self._folder)
        for name, table in tables.items():
            parquet.write(table, kept / name)
        for name, content in files.items():
            (kept / name).write_bytes(content)
        conclude(self._folder, ending, time.time())
        self._on_ending()


def new_parcel(folder: Path, store: str, parent: str, sweep: str, description: RunDescription) -> Parcel:
    """A new run's folder.

    Args:
        folder: of this process.
        store: tracking URI.
        parent: run of the sweep.
        sweep: its name.
        description: of the run.
    """
    parcel = Parcel(folder / uuid.uuid4().hex, store, parent, sweep, time.time(), description)
    with appearing(parcel.folder) as unborn:
        describe(unborn, parcel)
    return parcel


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """A folder that appears whole or not at all; it is filled under another name."""
    unborn = folder.with_name(f".{folder.name}")
    shutil.rmtree(unborn, ignore_errors=True)
    unborn.mkdir()
    yield unborn
    unborn.rename(folder)


def describe(folder: Path, parcel: Parcel) -> None:
    """Write what a run is, and where it goes."""
    kept = {
        "store": parcel.store,
        "parent": parcel.parent,
        "sweep": parcel.sweep,
        "opened": parcel.opened,
        "description": asdict(parcel.description),
    }
    write_whole(folder / _DESCRIPTION, json.dumps(kept))


def append(folder: Path, points: Iterable[Point]) -> None:
    """Add points."""
    with (folder / _POINTS).open("a") as file:
        file.writelines(json.dumps(point._asdict()) + "\n" for point in points)


def files_of(folder: Path) -> Path:
    """Where a run's tables and files lie."""
    files = folder / "files"
    files.mkdir(exist_ok=True)
    return files


def conclude(folder: Path, ending: Ending, at: float) -> None:
    """Write how a run ended; nothing comes after it."""
    write_whole(folder / _ENDING, json.dumps({"ending": asdict(ending), "at": at}))


def parcels(folder: Path) -> list[Parcel]:
    """The runs in a process's folder, in the order in which they were opened."""
    found = []
    for path in folder.glob("[!.]*"):
        with suppress(FileNotFoundError):  # it has arrived meanwhile
            found.append(_read(path))
    return sorted(found, key=lambda parcel: parcel.opened)


def stores_waited_for(spool: Path) -> list[str]:
    """The tracking URIs that runs wait for."""
    return sorted({parcel.store for folder in spool.glob("*/") for parcel in parcels(folder)})


def write_whole(path: Path, text: str) -> None:
    """Write a file under another name, then rename it."""
    unborn = path.with_name(f".{path.name}")
    unborn.write_text(text)
    os.replace(unborn, path)


def _read(folder: Path) -> Parcel:
    kept = json.loads((folder / _DESCRIPTION).read_text())
    return Parcel(folder, **{**kept, "description": RunDescription(**kept["description"])})
