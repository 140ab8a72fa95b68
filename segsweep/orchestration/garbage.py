"""What nobody will go on from: checkpoints, warm starts and half-written files that no tracked sweep needs."""

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from segsweep.data.cache import cache_folder
from segsweep.data.decode import unfinished_decodings
from segsweep.orchestration.collect import RECORDED, refresh
from segsweep.orchestration.home import Home
from segsweep.records.manifest import Manifest, ManifestEntry
from segsweep.store.blobs import Blob, Blobs
from segsweep.store.claims import Claims
from segsweep.store.folder import FolderBlobs
from segsweep.store.keys import CHECKPOINTS, WARM_STARTS, owner
from segsweep.tracking.protocol import SWEEP_FILE, Tracker

_OLD_SECONDS = 24 * 3600.0
"""A half-written file that has not changed for this long has no writer any more."""


@dataclass(frozen=True)
class Garbage:
    """Something that may go.

    Args:
        name: key or path.
        size: bytes.
        why: nobody needs it.
        delete: takes it away.
    """

    name: str
    size: int
    why: str
    delete: Callable[[], None]


def find_garbage(home: Home, tracker: Tracker) -> list[Garbage]:
    """Everything in a home's store and this node's cache that may go; nothing is deleted yet.

    What a living process holds is left alone, and so are the warm starts of tracked sweeps: a loss that is added to a
    finished grid starts from them.

    Args:
        home: folder and store.
        tracker: that knows all sweeps that use the store.

    Raises:
        TrackingError: a sweep cannot be read; what it needs is then not known.
        StoreError: the store cannot be read.
    """
    blobs = home.blobs
    entries = _entries(tracker)
    ended = {entry.trial for entry in entries if entry.state in RECORDED}
    known = {entry.trial for entry in entries} | {str(entry.row["warm_start"]) for entry in entries}
    weights = {owner(blob.key) for blob in blobs.list(WARM_STARTS)}
    found = []
    for blob in (*blobs.list(CHECKPOINTS), *blobs.list(WARM_STARTS)):
        name, checkpoint = owner(blob.key), blob.key.startswith(CHECKPOINTS)
        if name not in known:
            found.append(_of(blob, blobs, "no tracked sweep names it"))
        elif checkpoint and (name in ended or name in weights):
            found.append(_of(blob, blobs, "what it led to is there"))
    claims = Claims(blobs)
    held = {name for name in claims.names() if claims.look(name).held}
    return [item for item in found if owner(item.name) not in held] + _half_written(blobs)


def _entries(tracker: Tracker) -> Sequence[ManifestEntry]:
    manifests = [
        refresh(Manifest.from_json(tracker.read_file(sweep.run_id, SWEEP_FILE)), tracker) for sweep in tracker.sweeps()
    ]
    return [entry for manifest in manifests for entry in manifest.entries]


def _of(blob: Blob, blobs: Blobs, why: str) -> Garbage:
    return Garbage(blob.key, blob.size, why, partial(blobs.delete, blob.key))


def _half_written(blobs: Blobs) -> list[Garbage]:
    """What killed processes left behind while they wrote."""
    paths = list(blobs.unfinished()) if isinstance(blobs, FolderBlobs) else []
    paths += unfinished_decodings(cache_folder() / "decoded")
    long_ago = time.time() - _OLD_SECONDS
    return [
        Garbage(str(path), _size(path), "its writer was killed", partial(_remove, path))
        for path in paths
        if path.stat().st_mtime < long_ago
    ]


def _size(path: Path) -> int:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def _remove(path: Path) -> None:
    path.unlink() if path.is_file() else shutil.rmtree(path)
