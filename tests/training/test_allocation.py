import ctypes
import platform
import subprocess
import sys
from types import SimpleNamespace

import pytest

from segsweep.training import allocation

STEPS = """
import resource
import sys
import threading
import torch
from segsweep.training.allocation import give_back_freed_memory, keep_freed_memory

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()

def step():
    maps = [torch.zeros(10 << 20) for _ in range(3)]  # 40 MiB each, more than glibc keeps of itself

def faults():
    for _ in range(5):
        step()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        step()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def run():
    print(faults())
    before = resident()
    keep_freed_memory()
    print(faults())
    print(resident() - before)
    give_back_freed_memory()
    print(resident() - before)

if sys.argv[1] == "thread":
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
else:
    run()
"""


# Ray Tune trains in a thread, whose memory glibc keeps apart
@pytest.mark.parametrize("where", ["main", "thread"])
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told to keep memory")
def test_steps_use_the_memory_of_those_before_and_it_can_be_given_back(where: str) -> None:
    # in a process of its own: what malloc is told, it is told for good
    ran = subprocess.run([sys.executable, "-c", STEPS, where], capture_output=True, text=True, check=True)
    faults, faults_where_kept, kept, given_back = map(int, ran.stdout.split())
    if faults < 1000:
        pytest.skip("this machine's pages are large, or its malloc keeps them anyway")
    assert faults_where_kept < faults / 10
    mib = 1 << 20
    assert kept > 100 * mib
    assert given_back < kept / 2


class OldMalloc:
    """glibc before 2.35, as mallopt(3) describes it."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.set: dict[int, int] = {}

    def mallopt(self, parameter: int, value: int) -> int:
        if parameter == -3 and value > self.most:
            return 0
        self.set[parameter] = value
        return 1


@pytest.mark.parametrize(("most", "threshold"), [(1 << 40, 1 << 30), (32 << 20, 32 << 20)])
def test_an_older_glibc_is_told_the_most_that_it_takes(
    monkeypatch: pytest.MonkeyPatch, most: int, threshold: int
) -> None:
    libc = OldMalloc(most)
    monkeypatch.setattr(allocation, "_LIBC", libc)
    allocation.keep_freed_memory()
    assert libc.set == {-3: threshold, -1: (1 << 31) - 1, -2: 64 << 20}


def test_where_no_threshold_is_taken_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    libc = OldMalloc(0)
    monkeypatch.setattr(allocation, "_LIBC", libc)
    allocation.keep_freed_memory()
    assert libc.set == {}


def test_without_mallopt_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocation, "_LIBC", SimpleNamespace())
    allocation.keep_freed_memory()
    allocation.give_back_freed_memory()


def test_values_fit_what_mallopt_takes() -> None:
    libc = OldMalloc(1 << 40)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(allocation, "_LIBC", libc)
        allocation.keep_freed_memory()
    assert all(ctypes.c_int(value).value == value for value in libc.set.values())
