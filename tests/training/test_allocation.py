import platform
import subprocess
import sys

import pytest

STEPS = """
import resource
import torch
from segsweep.training.allocation import give_back_freed_memory, keep_freed_memory

def step():
    maps = [torch.zeros(1 << 22) for _ in range(8)]  # 128 MiB

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()

def faults():
    for _ in range(5):
        step()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        step()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

before = resident()
print(faults())
keep_freed_memory()
print(faults())
print(resident() - before)
give_back_freed_memory()
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told to keep memory")
def test_steps_use_the_memory_of_those_before_and_it_can_be_given_back() -> None:
    # in a process of its own: what malloc is told, it is told for good
    ran = subprocess.run([sys.executable, "-c", STEPS], capture_output=True, text=True, check=True)
    faults, faults_where_kept, kept, given_back = map(int, ran.stdout.split())
    mib = 1 << 20
    assert faults > 128 * mib / 4096
    assert faults_where_kept < faults / 100
    assert kept > 120 * mib
    assert given_back < 8 * mib
