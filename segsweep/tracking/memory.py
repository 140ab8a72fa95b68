"""A tracking store that lives and dies with the process; the one that tests and notebooks use."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from segsweep.errors import TrackingError
from segsweep.tracking.protocol import RunDescription, RunRecord


@dataclass
class MemoryRun:
    """One run and all that was logged to it, in order."""

    run_id: str
    parent: str | None
    description: RunDescription
    state: str = "running"
    reason: str | None = None
    points: list[tuple[int, Mapping[str, float]]] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    tables: dict[str, pa.Table] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    def log(self, step: int, metrics: Mapping[str, float]) -> None:
        """Append a point."""
        self.points.append((step, dict(metrics)))

    def finish(
        self, state: str, reason: str | None, metrics: Mapping[str, float], tables: Mapping[str, pa.Table]
    ) -> None:
        """Keep the tables and close the run."""
        self.metrics.update(metrics)
        self.tables.update(tables)
        self.state, self.reason = state, reason


class MemoryTracker:
    """Runs in a dict, in the order they were opened."""

    def __init__(self) -> None:
        self.runs: dict[str, MemoryRun] = {}
        self._sweeps: dict[str, str] = {}

    def prepare(self) -> None:
        """There is nothing to prepare."""

    def open_sweep(self, name: str, tags: Mapping[str, str]) -> str:
        """The parent run of a sweep, new or found again."""
        if name not in self._sweeps:
            self._sweeps[name] = self._add(None, RunDescription(name, "sweep", {}, tags)).run_id
        return self._sweeps[name]

    def open_run(self, parent: str, description: RunDescription) -> MemoryRun:
        """A new run under a parent."""
        return self._add(parent, description)

    def find(self, cohorts: Iterable[str]) -> dict[str, RunRecord]:
        """The best run of every trial of these cohorts."""
        wanted = set(cohorts)
        found: dict[str, RunRecord] = {}
        for run in self.runs.values():
            trial = run.description.tags.get("segsweep.trial")
            if trial is None or run.description.tags.get("segsweep.cohort") not in wanted:
                continue
            if trial not in found or found[trial].state != "finished":
                found[trial] = RunRecord(trial, run.run_id, run.state, run.reason)
        return found

    def interrupt(self, parent: str) -> None:
        """Close the runs that were left open."""
        for run in self.runs.values():
            if run.parent == parent and run.state == "running":
                run.state = "interrupted"

    def read_table(self, run_id: str, name: str) -> pa.Table:
        """A table of a run."""
        try:
            return self.runs[run_id].tables[name]
        except KeyError as error:
            raise TrackingError(f"run {run_id} has no table {name}") from error

    def write_files(self, run_id: str, files: Mapping[str, bytes]) -> None:
        """Attach files to a run."""
        self.runs[run_id].files.update(files)

    def read_file(self, run_id: str, name: str) -> bytes:
        """An attached file."""
        try:
            return self.runs[run_id].files[name]
        except KeyError as error:
            raise TrackingError(f"run {run_id} has no file {name}") from error

    def find_sweep(self, name: str) -> str | None:
        """The parent run of a sweep, if there is one."""
        return self._sweeps.get(name)

    def close_sweep(self, parent: str, state: str, note: str = "") -> None:
        """Mark a parent run as ended."""
        self.runs[parent].state, self.runs[parent].reason = state, note or None

    def _add(self, parent: str | None, description: RunDescription) -> MemoryRun:
        run = MemoryRun(f"run-{len(self.runs)}", parent, description)
        self.runs[run.run_id] = run
        return run
