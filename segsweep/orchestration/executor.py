"""Running slices somewhere else, and nothing more."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from segsweep.orchestration.slices import Slice
from segsweep.spec.settings import Resources
from segsweep.tracking.protocol import Tracker


@dataclass(frozen=True)
class Errand:
    """What every worker needs to know beside its slice.

    Args:
        parent: run that the trials' runs are children of.
        tracker: store that they are written to.
        warm_starts: folder of warm-start weights.
        modules: folder of the grid file, where the user's own losses are found.
    """

    parent: str
    tracker: Tracker
    warm_starts: Path
    modules: Path


@dataclass(frozen=True)
class SliceEvent:
    """News of one slice.

    Args:
        number: of the slice, in the order given.
        phase: `data`, `warm start`, `training`, `evaluation`, `ended` or `lost` (its worker died).
        done: share of the phase, 0 to 1.
        states: trial id to state, for the trials that have ended.
        reason: why it was lost.
    """

    number: int
    phase: str
    done: float
    states: dict[str, str]
    reason: str | None = None


class Executor(Protocol):
    """A place where slices can be run."""

    def workers(self, resources: Resources) -> int:
        """How many slices would run side by side."""
        ...

    def run(
        self, slices: Sequence[Slice], errand: Errand, resources: Resources, on_event: Callable[[SliceEvent], None]
    ) -> None:
        """Run all slices; returns when each has ended or been lost. A lost slice does not stop the others."""
        ...
