"""One slice after the other in this very process: for tests, notebooks and debuggers."""

import os
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from segsweep.orchestration.executor import CandidateEvent, Errand, Measurements, SliceEvent
from segsweep.orchestration.site import Node
from segsweep.orchestration.slices import Slice
from segsweep.spec.settings import Resources

if TYPE_CHECKING:
    from segsweep.orchestration.candidates import Candidates
    from segsweep.training.workplace import Progress


class _Listener:
    """Passes on where a slice stands. An error in return waits for the slice's end: it is none of the slice's own."""

    def __init__(self, number: int, on_event: Callable[[SliceEvent], None]) -> None:
        self._number = number
        self._on_event = on_event
        self.raised: Exception | None = None

    def __call__(self, at: "Progress") -> None:
        if self.raised is None:
            try:
                self._on_event(SliceEvent(self._number, at.phase, at.done, dict(at.endings)))
            except Exception as error:
                self.raised = error


class InProcessExecutor:
    """No workers, no Ray; a breakpoint in a loss is reached. With nothing beside it, no trial is stopped early."""

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
            listener = _Listener(number, on_event)
            endings = work(piece, errand, max(1, int(resources.cpus)), listener, gpu=resources.gpus != 0)
            if listener.raised is not None:
                raise listener.raised
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

    def search(
        self,
        candidates: "Candidates",
        errand: Errand,
        resources: Resources,
        on_event: Callable[[CandidateEvent], None],
        may_start: Callable[[Slice], bool],
    ) -> None:
        """Try one candidate after the other, drawn by the searcher that draws them for Ray Tune."""
        from segsweep.orchestration.candidate_search import CandidateSearch  # noqa: PLC0415 (Optuna, for searches)
        from segsweep.orchestration.trying import try_candidate  # noqa: PLC0415 (torch)
        from segsweep.orchestration.work import at_work  # noqa: PLC0415

        searcher = CandidateSearch(candidates, may_start)
        for number in map(str, range(candidates.left())):
            parameters = searcher.suggest(number)
            if isinstance(parameters, str):
                return
            trials = candidates.study.trials(parameters)
            with at_work(
                errand,
                max(1, int(resources.cpus)),
                lambda at, trials=trials: on_event(CandidateEvent(trials, at.phase, at.done)),  # type: ignore[misc]
                gpu=resources.gpus != 0,
            ) as place:
                outcome = try_candidate(trials, place)
            searcher.on_trial_complete(number, {"outcome": outcome.to_json()})
            on_event(CandidateEvent(trials, "ended", 1.0, outcome))
