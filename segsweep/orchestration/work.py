"""What a worker does with a slice, wherever it runs."""

from collections.abc import Callable

import torch

from segsweep.orchestration.executor import Errand
from segsweep.orchestration.planning import find_modules_in
from segsweep.orchestration.slices import Slice
from segsweep.training.cohort import run_slice
from segsweep.training.workplace import Progress, Workplace


def work(
    piece: Slice, errand: Errand, threads: int, report: Callable[[Progress], None], *, gpu: bool
) -> dict[str, str]:
    """Run a slice on this process's device.

    Args:
        piece: the trials.
        errand: where they are recorded.
        threads: of this worker; the same number gives the same bits.
        report: called as the slice goes on.
        gpu: whether this worker was given one, whole or in part.

    Returns:
        Trial id to state.
    """
    find_modules_in(errand.modules)
    torch.set_num_threads(threads)
    device = torch.device("cuda" if gpu and torch.cuda.is_available() else "cpu")
    return run_slice(piece, Workplace(errand.parent, errand.tracker, errand.warm_starts, device, report))
