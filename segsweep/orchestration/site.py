"""The machines that workers run on, and how many of them share a GPU."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor

from segsweep.spec.settings import Resources

HEADROOM = 0.1
"""Share of a GPU's memory that is left free: other batches and PyTorch's cache may need a little more than measured."""
CONTEXT_BYTES = 600 * 2**20
"""What CUDA takes for itself in every process; torch does not count it."""

_ROUNDING = 1e-6


@dataclass(frozen=True)
class Node:
    """One machine: its name, its CPU cores and its GPUs."""

    name: str
    cpus: float
    gpus: float


def room(nodes: Sequence[Node], *, cpus: float, gpus: float) -> int:
    """How many workers fit side by side; none of them is spread over two machines.

    Args:
        nodes: of the cluster.
        cpus: of a worker.
        gpus: of a worker.
    """
    # a share such as 0.1 is no binary number: what is short by a rounding error fits
    by_cpus = [floor(node.cpus / cpus + _ROUNDING) for node in nodes]
    by_gpus = [floor(node.gpus / gpus + _ROUNDING) for node in nodes] if gpus > 0 else by_cpus
    return sum(map(min, by_cpus, by_gpus))


def workers_per_gpu(needed: int, memory: int, *, cpus: float, cores: float) -> int:
    """How many workers one GPU takes, at least 1.

    Args:
        needed: bytes that a worker holds of it.
        memory: bytes that it has.
        cpus: that a worker asks for; it counts for no less than a core, which makes its batches.
        cores: of the machine, for each of its GPUs.
    """
    by_memory = floor((1 - HEADROOM) * memory / (needed + CONTEXT_BYTES))
    by_cores = floor(cores / max(1.0, cpus))
    return max(1, min(by_memory, by_cores))


def packed(resources: Resources, nodes: Sequence[Node], needs: Iterable[tuple[int, int]]) -> Resources:
    """The share of a GPU that each worker takes where the grid leaves it to us (`gpus: auto`).

    Unchanged where there is no GPU or nothing was measured on one.

    Args:
        resources: of the grid.
        nodes: of the cluster; the one with the fewest cores for a GPU decides.
        needs: for each shape of the sweep, the bytes that a worker holds of a GPU, and the bytes of that GPU, 0 on a
            CPU; the largest need decides.
    """
    found = list(needs)
    equipped = [node for node in nodes if node.gpus >= 1]
    if resources.gpus != "auto" or not equipped or not found or any(memory == 0 for _, memory in found):
        return resources
    cores = min(node.cpus / node.gpus for node in equipped)
    together = min(workers_per_gpu(needed, memory, cpus=resources.cpus, cores=cores) for needed, memory in found)
    # Ray counts shares in ten-thousandths; rounded up, the last worker would find no room
    return resources.model_copy(update={"gpus": floor(10_000 / together) / 10_000})
