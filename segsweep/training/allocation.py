"""What becomes of the memory that a training step frees: it is kept for the next one."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

_LIBC = ctypes.CDLL(None)
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
"""Of `mallopt`, as glibc's malloc.h numbers them."""
_MIB = 1 << 20


def keep_freed_memory() -> None:
    """From now on this process uses memory that it has freed again, instead of handing it back.

    As it is, glibc hands the memory of large tensors back to the system and asks for it anew in every step; to be
    given each page once more takes a CPU up to a tenth of its time (benchmarks/allocation.py). Results stay as they
    are, and the most memory that is held stays within a few per cent. Without glibc nothing changes.
    """
    mallopt = getattr(_LIBC, "mallopt", None)
    # older ones refuse more than 32 MiB; to set the others alone would hand everything back that is mapped
    if mallopt is not None and (mallopt(_MMAP_THRESHOLD, 1024 * _MIB) or mallopt(_MMAP_THRESHOLD, 32 * _MIB)):
        mallopt(_TRIM_THRESHOLD, 2048 * _MIB - 1)
        mallopt(_TOP_PAD, 64 * _MIB)  # the size of a thread's heaps, which are unmapped as soon as they are empty


def give_back_freed_memory() -> None:
    """Hand what this process keeps back to the system."""
    if hasattr(_LIBC, "malloc_trim"):
        _LIBC.malloc_trim(0)


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """This process keeps freed memory from here on; what it holds at the end is handed back, for others to use."""
    keep_freed_memory()
    try:
        yield
    finally:
        give_back_freed_memory()
