"""Measurements on Ray workers: as many side by side as a launch would have, all on the same shape at once."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import ray
from ray.exceptions import RayTaskError

from segsweep.orchestration.slices import Slice
from segsweep.training.measured import Measured


class _Prober:
    """A worker that measures."""

    def start(self) -> None:
        """Import what a worker needs, as its first slice would."""
        import segsweep.orchestration.ready  # noqa: F401, PLC0415

    def probe(self, trials: Slice, modules: Path, threads: int, gpu: bool) -> Measured:
        """One shape."""
        from segsweep.orchestration.work import measure  # noqa: PLC0415

        return measure(trials, modules, threads, gpu=gpu)


def probe_on_ray(
    shapes: Sequence[Slice],
    modules: Path,
    *,
    workers: int,
    cpus: float,
    gpus: float,
    on_probed: Callable[[int], None],
) -> tuple[float, list[list[Measured]]]:
    """Measure shapes one after the other, each on all workers at once.

    Args:
        shapes: trials of each.
        modules: folder where the user's own losses are found.
        workers: that run side by side; they must fit the cluster.
        cpus: of a worker.
        gpus: of a worker.
        on_probed: called with the number of shapes that are done.

    Returns:
        When the workers were ready (`time.monotonic`), and for each shape what each worker measured.

    Raises:
        SegsweepError: as in one process.
    """
    kind = ray.remote(num_cpus=cpus, num_gpus=gpus)(_Prober)
    probers = [kind.remote() for _ in range(workers)]
    try:
        ray.get([prober.start.remote() for prober in probers])
        ready = time.monotonic()
        found = []
        for number, trials in enumerate(shapes):
            threads = max(1, int(cpus))
            found.append(ray.get([prober.probe.remote(trials, modules, threads, gpus > 0) for prober in probers]))
            on_probed(number + 1)
        return ready, found
    except RayTaskError as error:
        raise error.cause from error  # what the worker raised, without Ray's account of where
    finally:
        for prober in probers:
            ray.kill(prober)
