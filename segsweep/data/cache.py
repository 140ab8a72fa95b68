"""Where a node keeps what it need not make or fetch twice, and how much of it there may be."""

import os
import shutil
import time
from pathlib import Path

from filelock import FileLock

from segsweep.errors import DataError

_GIB = 2**30
_DEFAULT_GIB = 100.0
_IN_USE_SECONDS = 6 * 3600.0
"""A copy that was asked for this recently may be being read, and is not thrown away."""
_USED = ".used"


def cache_folder() -> Path:
    """Where decoded cases, file hashes and copies from buckets are kept: $SEGSWEEP_CACHE, else ~/.cache/segsweep."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get("SEGSWEEP_CACHE") or f"{base}/segsweep").expanduser()


def cache_bound() -> int:
    """Bytes that copies from buckets, and decoded cases as well, may take on this node.

    $SEGSWEEP_CACHE_GIB, else 100 GiB.

    Raises:
        DataError: the variable is no positive number.
    """
    given = os.environ.get("SEGSWEEP_CACHE_GIB", str(_DEFAULT_GIB))
    try:
        bound = float(given)
    except ValueError:
        bound = 0.0
    if not 0 < bound < float("inf"):
        raise DataError(f"SEGSWEEP_CACHE_GIB: a positive number of GiB, got {given!r}")
    return int(bound * _GIB)


def touch(copy: Path) -> None:
    """Say that a copy is being used."""
    (copy / _USED).touch()


def make_room(copies: Path, keep: Path, size: int, lacking: int) -> None:
    """Throw away the copies that were not used for longest, until another one fits.

    Args:
        copies: folder of all copies.
        keep: the one that room is made for.
        size: its bytes once it is whole.
        lacking: of these, what is not there yet.

    Raises:
        DataError: it does not fit, even so.
    """
    bound = cache_bound()
    others = sorted((copy for copy in copies.glob("*/*") if copy.is_dir() and copy != keep), key=_last_use)
    taken = {copy: _bytes_in(copy) for copy in others}
    for copy in others:
        if _fits(sum(taken.values()) + size, bound, lacking, copies):
            break
        if time.time() - _last_use(copy) > _IN_USE_SECONDS:
            shutil.rmtree(copy)
            taken.pop(copy)
    if not _fits(sum(taken.values()) + size, bound, lacking, copies):
        free, used = shutil.disk_usage(copies).free, sum(taken.values())
        raise DataError(
            f"{keep.name}: {size / _GIB:.1f} GiB do not fit into {copies}, where {used / _GIB:.1f} GiB are in use:"
            f" SEGSWEEP_CACHE_GIB is {bound / _GIB:g}, and {free / _GIB:.1f} GiB of the disk are free"
        )


def forget_unused(decoded: Path) -> None:
    """Throw away the decoded datasets that were not used for longest, until the others are within the bound.

    One that was used lately stays in any case. Arrays that a process has mapped stay readable for it.

    Args:
        decoded: folder of all decoded datasets; each has a lock beside it.
    """
    datasets = sorted((entry for entry in decoded.glob("[!.]*") if entry.is_dir()), key=_last_use)
    taken = {entry: _bytes_in(entry) for entry in datasets}
    excess = sum(taken.values()) - cache_bound()
    for entry in datasets:
        if excess <= 0:
            return
        with FileLock(f"{entry}.lock"):
            if time.time() - _last_use(entry) > _IN_USE_SECONDS:
                shutil.rmtree(entry, ignore_errors=True)
                excess -= taken[entry]


def _fits(whole: int, bound: int, lacking: int, folder: Path) -> bool:
    return whole <= bound and lacking < shutil.disk_usage(folder).free


def _last_use(copy: Path) -> float:
    used = copy / _USED
    return used.stat().st_mtime if used.exists() else 0.0


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
