"""Places where tests run slices: a store in a folder, a tracker in memory."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import torch

from segsweep.store.claims import Claims
from segsweep.store.folder import FolderBlobs
from segsweep.tracking.memory import MemoryTracker
from segsweep.tracking.protocol import Ending, Tracker
from segsweep.training.journal import Journal
from segsweep.training.workplace import Progress, Workplace


def workplace(
    folder: Path, tracker: Tracker | None = None, report: Callable[[Progress], None] = lambda progress: None
) -> Workplace:
    """A place of its own: nothing done elsewhere is known there, unless the tracker or the folder are shared."""
    used = tracker or MemoryTracker()
    blobs = FolderBlobs(folder / "store")
    return Workplace(
        parent=used.open_sweep("tiny", {}),
        tracker=used,
        blobs=blobs,
        claims=Claims(blobs),
        journal=Journal(folder / "journal"),
        device=torch.device("cpu"),
        report=report,
    )


def another_process(place: Workplace) -> Workplace:
    """The same place as seen by somebody else: the store and the tracker are the same, the claims are others."""
    return replace(place, claims=Claims(place.blobs))


def states(endings: Mapping[str, Ending]) -> dict[str, str]:
    """Trial id to state."""
    return {trial: ending.state for trial, ending in endings.items()}
