"""What becomes of the memory that a training step frees: it is kept for the next one."""

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Of `mallopt`, as glibc's malloc.h numbers them."""
_LIBC = ctypes.CDLL(None)


def keep_freed_memory() -> None:
    """Let this process keep up to 2 GiB that it has freed, and use them again.

    As it is, glibc hands the memory of large tensors back to the system and asks for it anew in every step; to be
    given each page once more takes a CPU up to a tenth of its time (benchmarks/allocation.py). Results and the most
    memory that is held stay as they are. Without glibc nothing changes.
    """
    if hasattr(_LIBC, "mallopt"):
        _LIBC.mallopt(_MMAP_THRESHOLD, 1 << 30)
        _LIBC.mallopt(_TRIM_THRESHOLD, (1 << 31) - 1)


def give_back_freed_memory() -> None:
    """Hand what this process keeps back to the system."""
    if hasattr(_LIBC, "malloc_trim"):
        _LIBC.malloc_trim(0)
