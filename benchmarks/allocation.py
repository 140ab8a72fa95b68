"""What it gains to keep freed memory: `OMP_NUM_THREADS=1 python benchmarks/allocation.py [--repeats 3]`.

A training step (forward, cross-entropy, backward) of `unet-m` in processes that take turns, with malloc as it is and
as segsweep's workers set it, in a thread beside the main one, as Ray Tune trains: medians of CPU time per step, page
faults per step, and the most memory held.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import torch
from torch.nn import functional as F

from segsweep.spec.settings import Network
from segsweep.training.allocation import keep_freed_memory
from segsweep.training.layout import lay_out
from segsweep.training.networks import build_network

SHAPES = {(64, 64): (8, 1), (128, 128): (8, 1), (32, 32, 32): (4, 1), (40, 56, 40): (8, 3), (64, 64, 64): (4, 1)}
"""Training grid to batch size and maps predicted."""
STEPS = 12


def measure(size: tuple[int, ...]) -> dict[str, float]:
    batch, maps = SHAPES[size]
    torch.set_num_threads(1)
    network = build_network(Network(preset="unet-m"), axes=len(size), channels=1, outputs=maps, seed=0)
    network = lay_out(network, torch.device("cpu"))
    images = torch.randn(batch, 1, *size, generator=torch.Generator().manual_seed(0))
    targets = (torch.randn(batch, maps, *size, generator=torch.Generator().manual_seed(1)) > 1).float()
    seconds, faults = [], []
    for _ in range(3 + STEPS):
        start, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        network.zero_grad()
        F.binary_cross_entropy_with_logits(network(images), targets).backward()
        seconds.append(time.process_time() - start)
        faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"ms": 1000 * statistics.median(seconds[3:]), "faults": statistics.median(faults[3:]), "MiB": most}


def in_a_process(size: tuple[int, ...], how: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--step", how, *map(str, size)]
    found: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        how, *size = asked.step
        if how == "kept":
            keep_freed_memory()
        with ThreadPoolExecutor(1) as aside:
            print(json.dumps(aside.submit(measure, tuple(map(int, size))).result()))
        return
    print("| grid | batch | as it is, ms | page faults | MiB | kept, ms | page faults | MiB | faster by |")
    print("| --- " * 9 + "|")
    for size, (batch, _) in SHAPES.items():
        runs = [{how: in_a_process(size, how) for how in ("as it is", "kept")} for _ in range(asked.repeats)]
        median = {
            how: {what: statistics.median(run[how][what] for run in runs) for what in ("ms", "faults", "MiB")}
            for how in ("as it is", "kept")
        }
        cells = " | ".join(f"{each['ms']:.1f} | {each['faults']:.0f} | {each['MiB']:.0f}" for each in median.values())
        gain = statistics.median(run["as it is"]["ms"] / run["kept"]["ms"] for run in runs)
        print(f"| {'×'.join(map(str, size))} | {batch} | {cells} | {gain:.2f}× |", flush=True)


if __name__ == "__main__":
    main()
