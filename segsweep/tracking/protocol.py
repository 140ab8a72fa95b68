"""What the rest of the package asks of a tracking store.

Obligations of an implementation: one writer per run; a run that is `finished` has all its tables; points keep the time
at which they were measured, not the time at which they arrive.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

CASES_FILE = "cases.parquet"
TRIALS_FILE = "trials.parquet"
OVERLAYS_FILE = "overlays.parquet"
SWEEP_FILE = "trials.json"


@dataclass(frozen=True)
class RunDescription:
    """A run before it has measured anything.

    Args:
        name: as shown in a list of runs.
        kind: `trial` or `warm start`.
        parameters: flat.
        tags: among them `segsweep.trial` and `segsweep.cohort`.
    """

    name: str
    kind: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class RunRecord:
    """What a store knows of a trial's run without reading its tables."""

    trial: str
    run_id: str
    state: str
    reason: str | None


class Run(Protocol):
    """One run, open for writing."""

    @property
    def run_id(self) -> str:
        """The store's name for it."""
        ...

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Note metrics measured now; they may arrive later, in order."""
        ...

    def finish(
        self, state: str, reason: str | None, metrics: Mapping[str, float], tables: Mapping[str, pa.Table]
    ) -> None:
        """Deliver everything and close the run; the state is written last."""
        ...


class Tracker(Protocol):
    """A store of sweeps and their runs."""

    def prepare(self) -> None:
        """Create or migrate the store; called once, before any worker starts.

        Raises:
            TrackingError: the store cannot be reached.
        """
        ...

    def open_sweep(self, name: str, tags: Mapping[str, str]) -> str:
        """The parent run of a sweep, new or found again; returns its id."""
        ...

    def open_run(self, parent: str, description: RunDescription) -> Run:
        """A new run under a parent."""
        ...

    def find(self, cohorts: Iterable[str]) -> dict[str, RunRecord]:
        """The best run of every trial of these cohorts, whatever sweep ran it.

        A finished run comes before any other, then the latest.
        """
        ...

    def interrupt(self, parent: str) -> None:
        """Close the runs of a sweep that a dead process left open."""
        ...

    def read_table(self, run_id: str, name: str) -> pa.Table:
        """A table of a finished run.

        Raises:
            TrackingError: it is not there.
        """
        ...

    def write_files(self, run_id: str, files: Mapping[str, bytes]) -> None:
        """Attach files to a run, in place of older ones of the same name."""
        ...

    def read_file(self, run_id: str, name: str) -> bytes:
        """An attached file.

        Raises:
            TrackingError: it is not there.
        """
        ...

    def find_sweep(self, name: str) -> str | None:
        """The parent run of a sweep, if there is one."""
        ...

    def close_sweep(self, parent: str, state: str, note: str = "") -> None:
        """Mark a parent run as ended, with a note for people (Markdown)."""
        ...
