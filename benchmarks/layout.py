"""How a network is laid out for a CPU: `OMP_NUM_THREADS=1 python benchmarks/layout.py [--repeats 9]`.

A training step (forward, cross-entropy, backward) of the presets as they are made, with one kind of layer changed, and
with all of them, which is how they are trained: medians of interleaved repeats, in CPU time of one thread.
"""

import argparse
import copy
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

from segsweep.spec.settings import Network
from segsweep.training.allocation import keep_freed_memory
from segsweep.training.layout import QUICK, lay_out, put_few_channels_innermost, quicken_layers
from segsweep.training.networks import build_network

SHAPES = {(64, 64): (8, 1), (128, 128): (8, 1), (32, 32, 32): (4, 1), (40, 56, 40): (4, 3), (64, 64, 64): (2, 1)}
"""Training grid to batch size and maps predicted."""
KINDS = ("activations", "last transposed", "norms", "few channels")
CPU = torch.device("cpu")


def variants(made: nn.Module) -> list[nn.Module]:
    """The network as it is made, with each kind of layer changed, and with all."""
    changed = [copy.deepcopy(made) for _ in KINDS]
    for network, (applies, quick) in zip(changed[:-1], QUICK, strict=True):
        quicken_layers(network, applies, quick)
    put_few_channels_innermost(changed[-1])
    return [made, *changed, lay_out(copy.deepcopy(made), CPU)]


def step_seconds(network: nn.Module, images: torch.Tensor, targets: torch.Tensor) -> float:
    network.zero_grad()
    start = time.process_time()
    F.binary_cross_entropy_with_logits(network(images), targets).backward()
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    keep_freed_memory()
    print(f"| network | grid | batch | maps | as made, ms | {' | '.join(KINDS)} | all, ms | faster by |")
    print("| --- " * (7 + len(KINDS)) + "|")
    for preset in ("unet-s", "unet-m", "unet-l"):
        for size, (batch, maps) in SHAPES.items():
            networks = variants(build_network(Network(preset=preset), axes=len(size), channels=1, outputs=maps, seed=0))
            images = torch.randn(batch, 1, *size, generator=torch.Generator().manual_seed(0))
            targets = (torch.randn(batch, maps, *size, generator=torch.Generator().manual_seed(1)) > 1).float()
            seconds: list[list[float]] = [[] for _ in networks]
            for _ in range(1 + repeats):
                for network, taken in zip(networks, seconds, strict=True):
                    taken.append(step_seconds(network, images, targets))
            plain, *others, laid_out = (1000 * statistics.median(taken[1:]) for taken in seconds)
            alone = " | ".join(f"{plain / other:.2f}×" for other in others)
            grid = "×".join(map(str, size))
            print(
                f"| {preset} | {grid} | {batch} | {maps} | {plain:.1f} | {alone} "
                f"| {laid_out:.1f} | {plain / laid_out:.2f}× |",
                flush=True,
            )


if __name__ == "__main__":
    main()
