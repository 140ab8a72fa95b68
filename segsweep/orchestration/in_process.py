"""One slice after the other in this very process: for tests, notebooks and debuggers."""

import os
import platform
from collections.abc import Callable, Sequence
from pathlib import Path

from segsweep.orchestration.executor import Errand, Measurements, SliceEvent
from segsweep.orchestration.site import Node
from segsweep.orchestration.slices import Slice
from segsweep.spec.settings import Resources


class InProcessExecutor:
    """No workers, no Ray; a breakpoint in a loss is reached."""

    def __enter__(self) -> "InProcessExecutor":
        """There is nothing to start."""
        return self

    def __exit__(self, *_: object) -> None:
        """There is nothing to end."""

    def nodes(self) -> Sequence[Node]:
        """This machine, without its GPUs: they are not shared out here."""
        return [Node(platform.node(), float(os.cpu_count() or 1), 0.0)]

    def workers(self, resources: Resources) -> int:
        """One."""
        return 1

    def run(
        self,
        slices: Sequence[Slice],
        errand: Errand,
        resources: Resources,
        on_event: Callable[[SliceEvent], None],
        may_start: Callable[[Slice], bool],
    ) -> None:
        """Run the slices in their order."""
        from segsweep.orchestration.work import work  # noqa: PLC0415 (torch)

        for number, piece in enumerate(slices):
            if not may_start(piece):
                continue
            endings = work(
                piece,
                errand,
                max(1, int(resources.cpus)),
                lambda at, number=number: on_event(SliceEvent(number, at.phase, at.done, dict(at.endings))),  # type: ignore[misc]
                gpu=resources.gpus != 0,
            )
            on_event(SliceEvent(number, "ended", 1.0, endings))

    def measure(
        self,
        shapes: Sequence[Slice],
        modules: Path,
        resources: Resources,
        workers: int,
        on_measured: Callable[[int], None],
    ) -> Measurements:
        """Measure the shapes in their order."""
        from segsweep.orchestration.work import measure  # noqa: PLC0415 (torch)

        found = []
        for number, trials in enumerate(shapes):
            found.append([measure(trials, modules, max(1, int(resources.cpus)), gpu=resources.gpus != 0)])
            on_measured(number + 1)
        return Measurements(0.0, found)
