"""A tracking store that lives and dies with the process; the one that tests and notebooks use."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count

import pyarrow as pa

from segsweep.errors import TrackingError
from segsweep.tracking.protocol import (
    Curve,
    Ending,
    Point,
    RegisteredModel,
    RunDescription,
    RunRecord,
    SweepRecord,
    Undelivered,
    best_runs,
    latest_first,
)

_RUNNING = Ending("running")


@dataclass
class MemoryRun:
    """One run and all that was logged to it, in order."""

    run_id: str
    parent: str | None
    description: RunDescription
    ending: Ending = _RUNNING
    points: list[Point] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    tables: dict[str, pa.Table] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """How it stands."""
        return self.ending.state

    @property
    def reason(self) -> str | None:
        """Why it is not finished."""
        return self.ending.reason

    def log(self, step: int, metrics: Mapping[str, float], at: float | None = None) -> None:
        """Append a point."""
        self.points.append(Point(step, dict(metrics), time.time() if at is None else at))

    def finish(
        self,
        ending: Ending,
        metrics: Mapping[str, float],
        tables: Mapping[str, pa.Table],
        files: Mapping[str, bytes] = {},
    ) -> None:
        """Keep the tables and files and close the run."""
        self.metrics.update(metrics)
        self.tables.update(tables)
        self.files.update(files)
        self.ending = ending

    def record(self) -> RunRecord:
        """What `find` and `running` say of it."""
        tags, ending = self.description.tags, self.ending
        of = tags.get("segsweep.trial") or tags["segsweep.warm_start"]
        return RunRecord(of, self.run_id, ending.state, ending.reason, self.description.fence, ending.kind)


class MemoryTracker:
    """Runs in a dict, in the order they were opened."""

    def __init__(self) -> None:
        self.runs: dict[str, MemoryRun] = {}
        self._numbers = count()  # several threads may open runs at once
        self._sweeps: dict[str, str] = {}
        self._launched: dict[str, tuple[float, float | None]] = {}
        self._models: dict[str, tuple[RegisteredModel, ...]] = {}

    def prepare(self) -> None:
        """There is nothing to prepare."""

    def open_sweep(self, name: str, tags: Mapping[str, str]) -> str:
        """The parent run of a sweep, new or found again."""
        if name not in self._sweeps:
            self._sweeps[name] = self._add(None, RunDescription(name, "sweep", {}, tags)).run_id
        started, _ = self._launched.get(name, (time.time(), None))
        self._launched[name] = (started, None)
        return self._sweeps[name]

    def open_run(self, parent: str, description: RunDescription) -> MemoryRun:
        """A new run under a parent."""
        return self._add(parent, description)

    def flush(self) -> None:
        """Everything is here at once."""

    def deliver(self, patience: float, told: Callable[[int], None]) -> tuple[Undelivered, ...]:
        """Nothing waits."""
        return ()

    def find(self, cohorts: Iterable[str]) -> dict[str, RunRecord]:
        """The run that stands for every trial of these cohorts."""
        wanted = set(cohorts)
        return best_runs(
            run.record()
            for run in list(self.runs.values())
            if run.description.kind == "trial" and run.description.tags["segsweep.cohort"] in wanted
        )

    def running(self, parent: str) -> list[RunRecord]:
        """The runs under a parent that have not ended."""
        return [run.record() for run in list(self.runs.values()) if run.parent == parent and run.state == "running"]

    def end(self, run_id: str, ending: Ending) -> None:
        """Close a run from outside."""
        self.runs[run_id].ending = ending

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

    def sweeps(self) -> tuple[SweepRecord, ...]:
        """Every sweep."""
        return latest_first(
            SweepRecord(name, run, "running" if ended is None else self.runs[run].state, started, ended)
            for (name, run), (started, ended) in zip(self._sweeps.items(), self._launched.values(), strict=True)
        )

    def read_curves(self, run_id: str) -> dict[str, Curve]:
        """Everything logged; of a step that was logged twice the later value."""
        if run_id not in self.runs:
            raise TrackingError(f"there is no run {run_id}")
        found: dict[str, dict[int, float]] = {}
        for point in self.runs[run_id].points:
            for metric, value in point.metrics.items():
                found.setdefault(metric, {})[point.step] = value
        return {metric: tuple(sorted(values.items())) for metric, values in found.items()}

    def close_sweep(self, parent: str, state: str, note: str = "") -> None:
        """Mark a parent run as ended."""
        name = self.runs[parent].description.name
        self._launched[name] = (self._launched[name][0], time.time())
        self.runs[parent].ending = Ending(state, note or None)

    def register_model(self, name: str, run_id: str, tags: Mapping[str, str], note: str) -> RegisteredModel:
        """A new version of a model; nobody reads the note here."""
        before = self.models(name)
        made = RegisteredModel(name, len(before) + 1, run_id, dict(tags))
        self._models[name] = (*before, made)
        return made

    def models(self, name: str) -> tuple[RegisteredModel, ...]:
        """The versions of a model."""
        return self._models.get(name, ())

    def _add(self, parent: str | None, description: RunDescription) -> MemoryRun:
        run = MemoryRun(f"run-{next(self._numbers)}", parent, description)
        self.runs[run.run_id] = run
        return run
