"""How a network is laid out for a CPU: `OMP_NUM_THREADS=1 python benchmarks/layout.py [--repeats 5]`.

A training step (forward, cross-entropy, backward) of the presets as they are made, with faster activations alone, and
with the layout of their few-channel convolutions changed as well, which is how they are trained: ms of CPU time of one
thread, medians of interleaved repeats, and how much faster both are.
"""

import argparse
import copy
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

from segsweep.spec.settings import Network
from segsweep.training.networks import build_network, lay_out, quicken_activations

SHAPES = {(128, 128): 8, (32, 32, 32): 4, (40, 56, 40): 4, (64, 64, 64): 2}
"""Training grid to batch size."""
CPU = torch.device("cpu")


def step_seconds(network: nn.Module, images: torch.Tensor, targets: torch.Tensor) -> float:
    network.zero_grad()
    start = time.process_time()
    F.binary_cross_entropy_with_logits(network(images), targets).backward()
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    print("| network | grid | batch | as made, ms | activations | faster by | and layout | faster by |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for preset in ("unet-s", "unet-m", "unet-l"):
        for size, batch in SHAPES.items():
            made = build_network(Network(preset=preset), axes=len(size), channels=1, outputs=1, seed=0)
            activated = copy.deepcopy(made)
            quicken_activations(activated)
            networks = {"made": made, "activated": activated, "laid out": lay_out(copy.deepcopy(made), CPU)}
            images = torch.randn(batch, 1, *size, generator=torch.Generator().manual_seed(0))
            targets = (images > 1).float()
            seconds: dict[str, list[float]] = {name: [] for name in networks}
            for _ in range(1 + repeats):
                for name, network in networks.items():
                    seconds[name].append(step_seconds(network, images, targets))
            plain, *others = (1000 * statistics.median(taken[1:]) for taken in seconds.values())
            grid = "×".join(map(str, size))
            found = " | ".join(f"{other:.1f} | {plain / other:.2f}×" for other in others)
            print(f"| {preset} | {grid} | {batch} | {plain:.1f} | {found} |", flush=True)


if __name__ == "__main__":
    main()
