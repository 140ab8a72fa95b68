"""One slice after the other in this very process: for tests, notebooks and debuggers."""

from collections.abc import Callable, Sequence

from segsweep.orchestration.executor import Errand, SliceEvent
from segsweep.orchestration.slices import Slice
from segsweep.spec.settings import Resources


class InProcessExecutor:
    """No workers, no Ray; a breakpoint in a loss is reached."""

    def __enter__(self) -> "InProcessExecutor":
        """There is nothing to start."""
        return self

    def __exit__(self, *_: object) -> None:
        """There is nothing to end."""

    def workers(self, resources: Resources) -> int:
        """One."""
        return 1

    def run(
        self, slices: Sequence[Slice], errand: Errand, resources: Resources, on_event: Callable[[SliceEvent], None]
    ) -> None:
        """Run the slices in their order."""
        from segsweep.orchestration.work import work  # noqa: PLC0415 (torch)

        for number, piece in enumerate(slices):
            states = work(
                piece,
                errand,
                max(1, int(resources.cpus)),
                lambda at, number=number: on_event(SliceEvent(number, at.phase, at.done, dict(at.states))),  # type: ignore[misc]
                gpu=resources.gpus != 0,
            )
            on_event(SliceEvent(number, "ended", 1.0, states))
