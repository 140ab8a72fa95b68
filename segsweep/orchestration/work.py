"""What a worker does with a slice or a candidate, wherever it runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from segsweep.orchestration.delivering import PATIENCE
from segsweep.orchestration.executor import Errand
from segsweep.orchestration.planning import find_modules_in
from segsweep.orchestration.slices import Slice
from segsweep.spec.trials import Trial
from segsweep.store.claims import Claims
from segsweep.tracking.protocol import Ending
from segsweep.training.allocation import freed_memory_kept
from segsweep.training.cohort import run_slice
from segsweep.training.journal import Journal
from segsweep.training.lane import Epoch
from segsweep.training.measured import Measured
from segsweep.training.probe import probe
from segsweep.training.workplace import Progress, Workplace


def go_on(trial: Trial, epoch: Epoch) -> bool:
    """Nothing is stopped early."""
    return True


def work(
    piece: Slice,
    errand: Errand,
    threads: int,
    report: Callable[[Progress], None],
    goes_on: Callable[[Trial, Epoch], bool] = go_on,
    *,
    gpu: bool,
) -> dict[str, Ending]:
    """Run a slice on this process's device.

    Args:
        piece: the trials.
        errand: where they are recorded.
        threads: of this worker; the same number gives the same bits.
        report: called as the slice goes on.
        goes_on: asked after each epoch whether a trial is to go on.
        gpu: whether this worker was given one, whole or in part.

    Returns:
        Trial id to how it ended.
    """
    with at_work(errand, threads, report, goes_on, gpu=gpu) as place:
        return run_slice(piece, place)


@contextmanager
def at_work(
    errand: Errand,
    threads: int,
    report: Callable[[Progress], None],
    goes_on: Callable[[Trial, Epoch], bool] = go_on,
    *,
    gpu: bool,
) -> Iterator[Workplace]:
    """This process as a place where slices are run; the arguments are those of `work`."""
    device = _settle(errand.modules, threads, gpu=gpu)
    with freed_memory_kept(), Claims(errand.blobs) as claims:
        yield Workplace(
            parent=errand.parent,
            tracker=errand.tracker,
            blobs=errand.blobs,
            claims=claims,
            journal=Journal(errand.journal),
            device=device,
            report=report,
            forecast=errand.forecast,
            void=errand.void,
            last=errand.last,
            lanes=errand.lanes,
            keep_weights=errand.keep_weights,
            goes_on=goes_on,
            # what lies on another node is delivered by nobody else once its workers have ended
            patience=0.0 if errand.launch.is_here() else PATIENCE,
        )


def measure(trials: Slice, modules: Path, threads: int, *, gpu: bool) -> Measured:
    """Measure trials of one shape on this process's device.

    Args:
        trials: of one shape.
        modules: folder where the user's own losses are found.
        threads: of this worker.
        gpu: whether this worker was given one, whole or in part.
    """
    device = _settle(modules, threads, gpu=gpu)
    with freed_memory_kept():
        return probe(trials, device)


def _settle(modules: Path, threads: int, *, gpu: bool) -> torch.device:
    """Make this process one that trials can be run in."""
    find_modules_in(modules)
    torch.set_num_threads(threads)
    return torch.device("cuda" if gpu and torch.cuda.is_available() else "cpu")
