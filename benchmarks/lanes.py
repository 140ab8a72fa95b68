"""Lanes in turn against lanes stacked: seconds of a training step of all of them, and what `auto` chooses.

    OMP_NUM_THREADS=1 python benchmarks/lanes.py [--device cuda] [--repeats 5]

Each step trains K lanes with soft Dice on one batch: a U-Net of 8-64 channels (`unet-s`) on 64² (batch 8), 32³ (4) and
64³ (2). Medians of interleaved repeats. The last column is what the choice of `auto` takes against the better of both;
to reach: 1.10 at most. On a GPU the peak memory of both is printed too.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

from segsweep.data.batches import Batch
from segsweep.losses import Dice
from segsweep.spec.settings import Network, Stopping
from segsweep.training.execution import Execution, Named
from segsweep.training.execution_choice import measure
from segsweep.training.fused import Fused
from segsweep.training.lane import Lane
from segsweep.training.networks import build_network
from segsweep.training.sequential import Sequential

SHAPES = {(64, 64): 8, (32, 32, 32): 4, (64, 64, 64): 2}
"""Training grid to batch size."""
COUNTS = (2, 4, 8, 16)


def lanes(count: int, axes: int, device: torch.device) -> Named:
    amp = device.type == "cuda"
    return [
        (
            str(number),
            Lane(
                build_network(Network(preset="unet-s"), axes=axes, channels=1, outputs=1, seed=number),
                Dice(),
                Stopping(epochs=1),
                lr=1e-4,
                device=device,
                amp=amp,
            ),
        )
        for number in range(count)
    ]


def batch(size: tuple[int, ...], device: torch.device) -> Batch:
    generator = torch.Generator().manual_seed(0)
    shape = (SHAPES[size], 1, *size)
    images = torch.randn(shape, generator=generator)
    return Batch(images.to(device), (torch.rand(shape, generator=generator) < 0.1).float().to(device))


def each(given: Named, work: Callable[[str, Lane], Any]) -> None:
    for name, lane in given:
        work(name, lane)


def seconds(execution: Execution, given: Named, on: Batch) -> float:
    start = now(on)
    execution.step(given, on, each, seed=0)
    return now(on) - start


def now(on: Batch) -> float:
    """On a CPU the seconds of this thread: other processes must not be measured."""
    if on.images.is_cuda:
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.thread_time()


def peak_gib(execution: Execution, given: Named, on: Batch) -> str:
    if not on.images.is_cuda:
        return ""
    torch.cuda.reset_peak_memory_stats()
    seconds(execution, given, on)
    return f", {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB"


def row(size: tuple[int, ...], count: int, device: torch.device, repeats: int) -> str:
    given, on = lanes(count, len(size), device), batch(size, device)
    executions: dict[str, Execution] = {"sequential": Sequential(), "fused": Fused()}
    choice = measure(given, on)
    taken: dict[str, list[float]] = {name: [] for name in executions}
    for _ in range(1 + repeats):
        for name, execution in executions.items():
            taken[name].append(seconds(execution, given, on))
    medians = {name: statistics.median(values[1:]) for name, values in taken.items()}
    cells = [f"{medians[name] * 1e3:.1f}{peak_gib(executions[name], given, on)}" for name in executions]
    gain = medians["sequential"] / medians["fused"]
    regret = medians[choice.execution] / min(medians.values())
    grid = f"{'×'.join(map(str, size))}, batch {SHAPES[size]}"
    return f"| {grid} | {count} | {' | '.join(cells)} | {gain:.2f}× | {choice.execution} | {regret:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print("| grid | lanes | in turn, ms | stacked, ms | stacking gains | auto | auto / better |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for size in SHAPES:
        for count in COUNTS:
            print(row(size, count, torch.device(options.device), options.repeats), flush=True)


if __name__ == "__main__":
    main()
