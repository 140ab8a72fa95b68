"""Launching tiny sweeps in this process, and a user's own losses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grids import tiny_sweep

from segsweep.orchestration.collect import Tables
from segsweep.orchestration.executor import Executor, SliceEvent
from segsweep.orchestration.home import Home
from segsweep.orchestration.in_process import InProcessExecutor
from segsweep.orchestration.launch import Launch, Launched
from segsweep.orchestration.left import left_to_run
from segsweep.orchestration.planning import check_all, plan_sweep
from segsweep.orchestration.slices import Slice
from segsweep.records.schemas import CASES, TRIALS
from segsweep.records.tables import read
from segsweep.spec.trials import Trial
from segsweep.tracking.describe import describe_trial
from segsweep.tracking.memory import MemoryRun, MemoryTracker
from segsweep.tracking.protocol import CASES_FILE, TRIALS_FILE, Tracker

Event = tuple[int, Slice, SliceEvent]
Switch = Callable[[bool], None]

OWN_LOSSES = """
import os
from pathlib import Path

from torch.nn.functional import binary_cross_entropy_with_logits

SWITCH = Path(__file__).with_name("switch")


def fine(logits, target):
    return binary_cross_entropy_with_logits(logits, target)


def raises(logits, target):
    raise ValueError("no [/such] voxel\\nand a second line")


def raises_if_switched_on(logits, target):
    if SWITCH.exists():
        raise ValueError("switched on")
    return fine(logits, target)


def nan(logits, target):
    return fine(logits, target) * float("nan")


def no_memory(logits, target):
    raise MemoryError("nothing left")


def no_memory_if_switched_on(logits, target):
    if SWITCH.exists():
        SWITCH.unlink()
        raise MemoryError("nothing left")
    return fine(logits, target)


def interrupted_if_switched_on(logits, target):
    if SWITCH.exists():
        raise KeyboardInterrupt
    return fine(logits, target)


def kills_its_worker(logits, target):
    os._exit(7)
"""


@dataclass
class Bench:
    """Launches grids in this process as `segsweep.api.launch` does, on a tracker and a home of its own."""

    folder: Path
    home: Home
    tracker: Tracker
    events: list[Event] = field(default_factory=list)
    react: Callable[[SliceEvent], None] = lambda event: None

    def grid(self, **changes: Any) -> Path:
        path = self.folder / "grid.yaml"
        path.write_text(tiny_sweep(**changes))
        return path

    def trials(self, **changes: Any) -> tuple[Trial, ...]:
        return plan_sweep(self.grid(**changes)).plan.trials

    def launch(
        self, *, again: bool = False, fail_fast: bool = False, executor: Executor | None = None, **changes: Any
    ) -> Launched:
        planned = plan_sweep(self.grid(**changes))
        with Launch(planned, self.tracker, self.home) as started:
            left = left_to_run(planned, self.tracker, again=again)
            if again:
                started.forget_failures()
            if not left.trials:
                return started.report()
            check_all(planned, lambda dataset, done, total: None, print)
            return started.run(left, executor or InProcessExecutor(), self._on_event, fail_fast=fail_fast)

    def _on_event(self, slices: int, piece: Slice, event: SliceEvent) -> None:
        self.events.append((slices, piece, event))
        self.react(event)

    def open_run(self, trial: Trial) -> str:
        """A run of a trial as a process leaves it that is killed in the middle."""
        parent = self.tracker.open_sweep("tiny", {})
        self.tracker.open_run(parent, describe_trial(trial, fence=1))
        return self.tracker.find([trial.cohort])[trial.id].run_id

    def tables(self, name: str = "tiny") -> Tables:
        """The tables that lie in a sweep's folder."""
        folder = self.home.sweep(name)
        return Tables(read(folder / TRIALS_FILE, TRIALS), read(folder / CASES_FILE, CASES))

    def pages(self, name: str = "tiny") -> dict[str, bytes]:
        """Every file of a written report."""
        folder = self.home.sweep(name)
        paths = [folder / "report.html", folder / "report.md", *sorted((folder / "tables").iterdir())]
        return {path.name: path.read_bytes() for path in paths}


def runs_of(tracker: MemoryTracker, kind: str) -> list[MemoryRun]:
    return [run for run in list(tracker.runs.values()) if run.description.kind == kind]


def states_of(launched: Launched) -> dict[str, str]:
    """Loss to state; for sweeps that have each loss once."""
    return {str(entry.row["loss"]): entry.state for entry in launched.manifest.entries}


def losses_of(runs: Sequence[MemoryRun]) -> list[str]:
    return [run.description.parameters["loss"] for run in runs]
