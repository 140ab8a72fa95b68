"""Why a trial could not go on, as a class that decides whether another attempt makes sense."""

import errno

import torch

from segsweep.errors import DataError, GridError, StoreError, TrackingError, TrainingError

TRANSIENT = ("memory", "gpu memory", "disk", "storage", "tracking", "killed")
"""What may go well another time; everything else would only happen again."""

_FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
_CLASSES: tuple[tuple[type[Exception], str], ...] = (
    (DataError, "data"),
    (GridError, "settings"),
    (TrainingError, "diverged"),
    (TrackingError, "tracking"),
    (StoreError, "storage"),
    (torch.OutOfMemoryError, "gpu memory"),
    (MemoryError, "memory"),
    (OSError, "storage"),
)


def reason_class(error: Exception) -> str:
    """One of `segsweep.records.schemas.REASON_CLASSES`."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return "disk"
    # torch has no error of its own for this
    if isinstance(error, RuntimeError) and "can't allocate memory" in str(error):
        return "memory"
    return next((name for kind, name in _CLASSES if isinstance(error, kind)), "code")


def reason_line(error: Exception) -> str:
    """An error in one line; what segsweep raises on purpose already is one."""
    first = (str(error).splitlines() or ["no message"])[0]
    return first if reason_class(error) in ("data", "settings", "diverged") else f"{type(error).__name__}: {first}"
