"""A sweep from its grid file to its report; launching again goes on where it was left."""

import platform
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from segsweep import __version__
from segsweep.errors import GridError, TrackingError
from segsweep.orchestration.collect import RECORDED, collect, is_complete, refresh
from segsweep.orchestration.executor import Errand, Executor, SliceEvent
from segsweep.orchestration.home import Home
from segsweep.orchestration.outlook import recalled
from segsweep.orchestration.planning import Planned
from segsweep.orchestration.slices import Slice
from segsweep.orchestration.sweep_report import SweepReport, keep_tables, write_tables_report
from segsweep.records.manifest import PENDING, Manifest
from segsweep.spec.trials import Trial
from segsweep.tracking.protocol import CASES_FILE, OVERLAYS_FILE, SWEEP_FILE, TRIALS_FILE, Ending, RunRecord, Tracker

_MANIFEST_SECONDS = 30.0
"""While a sweep runs, its manifest is brought up to date this often at most: it asks the store once per cohort."""
_FAILURES = ("failed", "diverged")
"""States that a launch leaves as they are; `retry` runs them again."""


@dataclass(frozen=True)
class Left:
    """What a launch has to do.

    Args:
        trials: to run.
        finished: found finished, in whatever sweep.
        settled: found failed or diverged, and left so: trial to its run.
    """

    trials: tuple[Trial, ...]
    finished: tuple[Trial, ...]
    settled: Mapping[str, RunRecord]


@dataclass(frozen=True)
class Launched:
    """How a launch ended.

    Args:
        manifest: every trial with its state.
        report: where it was written.
        started: trials that this launch ran.
    """

    manifest: Manifest
    report: SweepReport
    started: int


def left_to_run(planned: Planned, tracker: Tracker, *, again: bool = False) -> Left:
    """Compare a plan with what the store has.

    Args:
        planned: the sweep.
        tracker: the store.
        again: whether failed and diverged trials are run again.
    """
    trials = planned.plan.trials
    runs = tracker.find(planned.plan.cohorts())
    states = {trial.id: runs[trial.id].state if trial.id in runs else PENDING for trial in trials}
    kept = ("finished",) if again else RECORDED
    return Left(
        trials=tuple(trial for trial in trials if states[trial.id] not in kept),
        finished=tuple(trial for trial in trials if states[trial.id] == "finished"),
        settled={trial.id: runs[trial.id] for trial in trials if states[trial.id] in _FAILURES and not again},
    )


class Launch:
    """One launch of a sweep, from open parent run to report.

    Used as a context manager: it holds the sweep, so that a second launch of it in the same folder is refused.

    Args:
        planned: the sweep.
        tracker: store, prepared.
        home: folder.
    """

    def __init__(self, planned: Planned, tracker: Tracker, home: Home) -> None:
        self._planned = planned
        self._tracker = tracker
        self._home = home
        self._folder = home.sweep(planned.sweep.name)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(self._folder / ".lock")
        self._manifest = Manifest.of(planned.sweep.name, planned.plan, planned.sweep.report.model_dump(mode="json"))
        self._parent: str | None = None

    def __enter__(self) -> "Launch":
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            name = self._planned.sweep.name
            raise GridError(f"{name}: this sweep is being launched by another process in {self._folder}") from error
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is not None and self._parent is not None:
                self._end_running(self._parent)
                self._tracker.close_sweep(self._parent, "interrupted")
        finally:
            self._lock.release()

    def _open(self) -> str:
        """The parent run, opened when there is first something to write to it: bad input leaves no run behind."""
        if self._parent is None:
            self._parent = self._tracker.open_sweep(self._planned.sweep.name, _environment())
            self._end_running(self._parent)
        return self._parent

    def run(self, left: Left, executor: Executor, on_event: Callable[[int, Slice, SliceEvent], None]) -> Launched:
        """Run what is left, then report.

        Args:
            left: what to run.
            executor: where.
            on_event: called with (number of slices, the slice, the event).
        """
        parent = self._open()
        self._write_manifest()
        (self._folder / TRIALS_FILE).unlink(missing_ok=True)
        outlook = recalled(self._planned, executor, self._home.measurements)
        trained = {path.stem for path in self._home.warm_starts.glob("*.pt")}
        slices, forecast = outlook.arrange(left.trials, trained=trained)
        written = time.monotonic()

        def forward(event: SliceEvent) -> None:
            nonlocal written
            if event.phase in ("ended", "lost") and time.monotonic() - written > _MANIFEST_SECONDS:
                with suppress(TrackingError):  # the last one counts, and that is written when all has ended
                    self._write_manifest()
                written = time.monotonic()
            on_event(len(slices), slices[event.number], event)

        expected = forecast.trials if forecast else {}
        errand = Errand(parent, self._tracker, self._home.warm_starts, self._planned.folder, expected)
        executor.run(slices, errand, outlook.resources, forward)
        return self.report(len(left.trials))

    def report(self, started: int = 0) -> Launched:
        """Report on what is tracked now.

        Args:
            started: trials that this launch ran.
        """
        parent = self._open()
        self._end_running(parent)
        manifest = self._write_manifest()
        tables = collect(manifest, self._tracker)
        keep_tables(tables, manifest, self._folder)
        sweep = self._planned.sweep
        report = write_tables_report(tables, sweep.report, name=sweep.name, folder=self._folder)
        files = (*report.files, *(self._folder / name for name in (CASES_FILE, TRIALS_FILE, OVERLAYS_FILE)))
        self._tracker.write_files(parent, {path.name: path.read_bytes() for path in files})
        self._tracker.close_sweep(parent, "finished" if is_complete(manifest) else "interrupted", report.summary)
        return Launched(manifest, report, started)

    def _end_running(self, parent: str) -> None:
        """Close the runs that a dead process left open."""
        for run in self._tracker.running(parent):
            self._tracker.end(run.run_id, Ending("interrupted"))

    def _write_manifest(self) -> Manifest:
        manifest = refresh(self._manifest, self._tracker)
        grid = self._planned.sweep.text.encode()
        self._tracker.write_files(self._open(), {SWEEP_FILE: manifest.to_json(), "grid.yaml": grid})
        return manifest


def _environment() -> dict[str, str]:
    return {
        "segsweep.version": __version__,
        "segsweep.python": platform.python_version(),
        "segsweep.platform": platform.platform(),
        "segsweep.git": _git_revision(),
    }


def _git_revision() -> str:
    """Of the folder that the launch was made from, where it is a checkout."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            capture_output=True,
            text=True,
            check=True,
            timeout=5,
            cwd=Path.cwd(),
        )
    except (OSError, subprocess.SubprocessError):
        return "none"
    return described.stdout.strip()
