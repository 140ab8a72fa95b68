"""Running slices somewhere else, and nothing more."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from segsweep.orchestration.outcome import Outcome
from segsweep.orchestration.site import Node
from segsweep.orchestration.slices import Slice
from segsweep.spec.search import Asha
from segsweep.spec.settings import Resources
from segsweep.store.blobs import Blobs
from segsweep.store.process import Process, this_process
from segsweep.tracking.protocol import Ending, Tracker
from segsweep.training.measured import Measured

if TYPE_CHECKING:
    from segsweep.orchestration.candidates import Candidates


@dataclass(frozen=True)
class Errand:
    """What every worker needs to know beside its slice.

    Args:
        parent: run that the trials' runs are children of.
        tracker: store that they are written to.
        blobs: store of warm starts, checkpoints and claims.
        journal: folder of the journals.
        modules: folder of the grid file, where the user's own losses are found.
        forecast: trial id to the seconds that it is expected to take, where that is known.
        void: claim to its fence, where the claim is known to be void though it looks held.
        last: whether this is the last attempt: what failed for want of GPU memory is then called failed.
        lanes: how the trials of a cohort are trained side by side: `sequential`, `fused` or `auto`.
        keep_weights: whether the runs of finished trials hold their weights.
        asha: which trials are stopped early; None = none.
        launch: the process that sends it.
    """

    parent: str
    tracker: Tracker
    blobs: Blobs
    journal: Path
    modules: Path
    forecast: Mapping[str, float] = field(default_factory=dict)
    void: Mapping[str, int] = field(default_factory=dict)
    last: bool = False
    lanes: str = "sequential"
    keep_weights: bool = False
    asha: Asha | None = None
    launch: Process = field(default_factory=this_process)


@dataclass(frozen=True)
class SliceEvent:
    """News of one slice.

    Args:
        number: of the slice, in the order given.
        phase: `data`, `warm start`, `training`, `evaluation`, `ended` or `lost` (its worker died).
        done: share of the phase, 0 to 1.
        endings: trial id to how it ended, for those that have.
        lost: how the worker ended, where it was lost.
    """

    number: int
    phase: str
    done: float
    endings: Mapping[str, Ending]
    lost: Ending | None = None


@dataclass(frozen=True)
class Measurements:
    """What workers measured side by side.

    Args:
        startup: seconds until they had started.
        shapes: for each shape, in the order given, what each worker found.
    """

    startup: float
    shapes: Sequence[Sequence[Measured]]


@dataclass(frozen=True)
class CandidateEvent:
    """News of one candidate of a search.

    Args:
        trials: its trials.
        phase: as of a slice.
        done: share of the phase over all its trials, 0 to 1.
        outcome: how it ended; None while it has not, or where its worker was lost.
    """

    trials: Slice
    phase: str
    done: float
    outcome: Outcome | None = None


class Executor(Protocol):
    """A place where slices can be run, and candidates be tried."""

    def nodes(self) -> Sequence[Node]:
        """The machines it runs them on."""
        ...

    def workers(self, resources: Resources) -> int:
        """How many slices would run side by side."""
        ...

    def run(
        self,
        slices: Sequence[Slice],
        errand: Errand,
        resources: Resources,
        on_event: Callable[[SliceEvent], None],
        may_start: Callable[[Slice], bool],
    ) -> None:
        """Run all slices; returns when each has ended or been lost. A lost slice does not stop the others.

        Args:
            slices: in the order in which they should start.
            errand: what the workers need to know.
            resources: of a worker.
            on_event: told what happens; what it raises ends the run.
            may_start: asked just before a slice starts; one that may not is left out.

        Raises:
            ClusterError: what runs the slices has ended.
        """
        ...

    def measure(
        self,
        shapes: Sequence[Slice],
        modules: Path,
        resources: Resources,
        workers: int,
        on_measured: Callable[[int], None],
    ) -> Measurements:
        """Measure what trials cost, on as many workers side by side as would run them.

        Args:
            shapes: trials of each.
            modules: folder of the grid file, where the user's own losses are found.
            resources: of a worker.
            workers: that run side by side; no more than there are.
            on_measured: called with the number of shapes that are done.
        """
        ...

    def search(
        self,
        candidates: "Candidates",
        errand: Errand,
        resources: Resources,
        on_event: Callable[[CandidateEvent], None],
        may_start: Callable[[Slice], bool],
    ) -> None:
        """Try as many candidates of a study as it has left; returns when each has ended or been lost.

        Args:
            candidates: the study's record.
            errand: what the workers need to know.
            resources: of a worker.
            on_event: told what happens; what it raises ends the search.
            may_start: asked just before a candidate starts; after one that may not, none does.

        Raises:
            ClusterError: what runs the candidates has ended.
        """
        ...
