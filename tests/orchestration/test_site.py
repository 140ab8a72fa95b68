"""How many workers share a GPU."""

import pytest

from segsweep.orchestration.site import CONTEXT_BYTES, Node, packed, room, workers_per_gpu
from segsweep.spec.settings import Resources

GIB = 2**30
CARD = 40 * GIB
MACHINE = Node("machine", cpus=16, gpus=2)


@pytest.mark.parametrize(
    ("needed", "cpus", "cores", "workers"),
    [
        (9 * GIB - CONTEXT_BYTES, 1, 64, 4),
        (9 * GIB - CONTEXT_BYTES + 1, 1, 64, 3),  # 36 of 40 GiB are given away
        (0, 1, 8, 8),
        (0, 2, 8, 4),
        (0, 0.5, 8, 8),  # a worker gets a core, whatever it asks for
        (100 * GIB, 1, 8, 1),  # it may fail, but not before it was tried
        (0, 16, 8, 1),
    ],
)
def test_memory_and_cores_say_how_many(needed: int, cpus: float, cores: float, workers: int) -> None:
    assert workers_per_gpu(needed, CARD, cpus=cpus, cores=cores) == workers


@pytest.mark.parametrize(
    ("cpus", "gpus", "workers"),
    [
        (1, 0, 7),
        (2, 0, 3),  # 1 of 3 cores and 4 of 4 stay together
        (0.1, 0, 70),
        (1, 1, 2),
        (1, 0.5, 4),
        (3, 0.5, 1),
        (8, 0, 0),
    ],
)
def test_a_worker_is_on_one_machine(cpus: float, gpus: float, workers: int) -> None:
    assert room([Node("plain", 3, 0), Node("equipped", 4, 2)], cpus=cpus, gpus=gpus) == workers


@pytest.mark.parametrize("share", [1 / 3, 0.1, 0.3333, 0.142857])
def test_shares_that_are_no_binary_number_fill_a_gpu(share: float) -> None:
    assert room([Node("one", 100, 1)], cpus=1, gpus=share) == int(1 / share + 1e-9)


def test_auto_becomes_the_share_that_was_measured() -> None:
    assert packed(Resources(), [MACHINE], [(GIB, CARD), (9 * GIB - CONTEXT_BYTES, CARD)]).gpus == 0.25


@pytest.mark.parametrize("together", [3, 6, 7])
def test_shares_that_are_no_round_number_still_fit_one_gpu(together: int) -> None:
    share = packed(Resources(), [Node("machine", cpus=together, gpus=1)], [(GIB, CARD)]).gpus
    assert isinstance(share, float)
    assert together * share <= 1 < (together + 1) * share


def test_the_machine_with_the_fewest_cores_for_a_gpu_decides() -> None:
    assert packed(Resources(), [MACHINE, Node("old", cpus=4, gpus=2), Node("plain", 1, 0)], [(0, CARD)]).gpus == 0.5


@pytest.mark.parametrize(
    ("resources", "nodes", "needs"),
    [
        (Resources(gpus=0.7), [MACHINE], [(GIB, CARD)]),
        (Resources(gpus=0), [MACHINE], [(GIB, CARD)]),
        (Resources(), [Node("plain", 8, 0)], [(GIB, 0)]),
        (Resources(), [MACHINE], [(GIB, 0)]),
        (Resources(), [MACHINE], []),
    ],
    ids=["the grid says", "no GPU wanted", "no GPU there", "measured on a CPU", "never measured"],
)
def test_otherwise_the_grid_stands(resources: Resources, nodes: list[Node], needs: list[tuple[int, int]]) -> None:
    assert packed(resources, nodes, needs) == resources
