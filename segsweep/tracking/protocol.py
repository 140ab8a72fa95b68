"""What the rest of the package asks of a tracking store.

Obligations of an implementation: one writer per run; a run that is `finished` has all its tables; points keep the time
at which they were measured, not the time at which they arrive. While the store is away, what a run writes is neither
lost nor waited for; everything else raises `OutageError` then.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import pyarrow as pa

CASES_FILE = "cases.parquet"
TRIALS_FILE = "trials.parquet"
OVERLAYS_FILE = "overlays.parquet"
SEARCH_FILE = "search.parquet"
SWEEP_FILE = "trials.json"
NETWORK_FILE = "network.json"
WEIGHTS_FILE = "weights.pt"


@dataclass(frozen=True)
class RunDescription:
    """A run before it has measured anything.

    Args:
        name: as shown in a list of runs.
        kind: `trial` or `warm start`.
        parameters: flat.
        tags: among them `segsweep.cohort`, and `segsweep.trial` or `segsweep.warm_start`.
        fence: number of the claim on the trial under which it runs; a later claim has a higher one. 0 where trials are
            not claimed.
    """

    name: str
    kind: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    fence: int = 0


@dataclass(frozen=True)
class Ending:
    """How a run ended.

    Args:
        state: one of `STATES`.
        reason: why it is not finished, in one line.
        kind: class of the reason, one of `REASON_CLASSES`.
    """

    state: str
    reason: str | None = None
    kind: str | None = None


class Point(NamedTuple):
    """Metrics of one step.

    Args:
        step: epoch; 0 for those of the whole run.
        metrics: name to value.
        at: when they were measured, seconds since the epoch (1970).
    """

    step: int
    metrics: Mapping[str, float]
    at: float


@dataclass(frozen=True)
class RunRecord:
    """What a store knows of a run without reading its tables.

    Args:
        trial: its trial; of the run of a warm start the id of that.
        run_id: the store's name for it.
        state: one of `STATES`.
        reason: why it is not finished.
        fence: number of the claim that it ran under.
        kind: class of the reason, one of `REASON_CLASSES`.
    """

    trial: str
    run_id: str
    state: str
    reason: str | None
    fence: int
    kind: str | None


def best_runs(records: Iterable[RunRecord]) -> dict[str, RunRecord]:
    """The run that stands for each trial.

    A finished run comes before any other, of several that of the highest fence; then the latest. Superseded runs count
    for nothing.

    Args:
        records: in the order in which the runs were opened.
    """
    best: dict[str, RunRecord] = {}
    for record in records:
        if record.state != "superseded" and _rank(record) >= _rank(best.get(record.trial, record)):
            best[record.trial] = record
    return best


def _rank(record: RunRecord) -> tuple[bool, int]:
    finished = record.state == "finished"
    return finished, record.fence if finished else 0


@dataclass(frozen=True)
class SweepRecord:
    """What a store knows of a sweep without reading its files.

    Args:
        name: of the sweep.
        run_id: its parent run.
        state: `running` while it is launched, then how the launch ended.
        started: when it was first launched, seconds since the epoch (1970).
        ended: when its last launch ended, likewise; None while it is running.
    """

    name: str
    run_id: str
    state: str
    started: float
    ended: float | None


@dataclass(frozen=True)
class RegisteredModel:
    """A version of a model in the registry.

    Args:
        name: of the model.
        version: counted from 1.
        run_id: of the run whose files it is made of.
        tags: what is known of it.
    """

    name: str
    version: int
    run_id: str
    tags: Mapping[str, str]


Curve = tuple[tuple[int, float], ...]
"""Values of one metric by step, steps in order."""


class Undelivered(NamedTuple):
    """A run that has not arrived in the store.

    Args:
        description: of the run.
        ended: whether it came to an end; else its process did.
        refused: why the store does not take it; None = the store was away.
    """

    description: RunDescription
    ended: bool
    refused: str | None


class Run(Protocol):
    """One run, open for writing."""

    def log(self, step: int, metrics: Mapping[str, float], at: float | None = None) -> None:
        """Note metrics; they may arrive later, in order.

        Args:
            step: epoch.
            metrics: name to value.
            at: when they were measured, seconds since the epoch (1970); None = now. A resumed trial tells its earlier
                epochs again, with their own times.
        """
        ...

    def finish(
        self,
        ending: Ending,
        metrics: Mapping[str, float],
        tables: Mapping[str, pa.Table],
        files: Mapping[str, bytes] = {},
    ) -> None:
        """Close the run; it is delivered whole, its state last."""
        ...


class Reader(Protocol):
    """What can be asked of a store."""

    def find(self, cohorts: Iterable[str]) -> dict[str, RunRecord]:
        """The run that stands for every trial of these cohorts (see `best_runs`), whatever sweep ran it."""
        ...

    def read_table(self, run_id: str, name: str) -> pa.Table:
        """A table of a finished run.

        Raises:
            TrackingError: it is not there.
        """
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

    def sweeps(self) -> tuple[SweepRecord, ...]:
        """Every sweep of the store: those that are running, then the one that ended last."""
        ...

    def read_curves(self, run_id: str) -> dict[str, Curve]:
        """What a run has measured and delivered so far, by metric.

        Raises:
            TrackingError: there is no such run.
        """
        ...


class Tracker(Reader, Protocol):
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
        """A new run under a parent; in the store at once, or when that is there again."""
        ...

    def flush(self) -> None:
        """Wait until what this process has written is in the store, or the store is found to be away."""
        ...

    def deliver(self, patience: float, told: Callable[[int], None]) -> tuple[Undelivered, ...]:
        """Deliver what waits on this machine, also what dead processes left.

        Args:
            patience: seconds without any success after which to give up.
            told: called now and then with the number of runs that wait.

        Returns:
            What waits still.
        """
        ...

    def running(self, parent: str) -> list[RunRecord]:
        """The runs of a sweep, of trials and of warm starts, that have not ended."""
        ...

    def end(self, run_id: str, ending: Ending) -> None:
        """Close a run whose process is gone, or mark one as superseded."""
        ...

    def write_files(self, run_id: str, files: Mapping[str, bytes]) -> None:
        """Attach files to a run, in place of older ones of the same name."""
        ...

    def close_sweep(self, parent: str, state: str, note: str = "") -> None:
        """Mark a parent run as ended, with a note for people (Markdown)."""
        ...

    def register_model(self, name: str, run_id: str, tags: Mapping[str, str], note: str) -> RegisteredModel:
        """A new version of a model, of the files of a run, with a note for people (Markdown)."""
        ...

    def models(self, name: str) -> tuple[RegisteredModel, ...]:
        """The versions of a model, the first one first; none where there is no such model."""
        ...


def latest_first(records: Iterable[SweepRecord]) -> tuple[SweepRecord, ...]:
    """The order in which people look for a sweep."""
    return tuple(
        sorted(records, key=lambda record: (record.ended is None, record.ended or 0.0, record.started), reverse=True)
    )
