"""What of a shipped grid a home holds: a trial is known by its id, whichever sweep ran it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median

from papers.published import completed
from papers.work import Parts, Work, parts_of, total
from segsweep.orchestration.collect import Tables, collect, refresh
from segsweep.orchestration.executor import Executor
from segsweep.orchestration.home import Home
from segsweep.orchestration.outlook import Outlook, recalled
from segsweep.orchestration.planning import Planned, plan_sweep
from segsweep.records.manifest import Manifest
from segsweep.reports.report import Report, build_report
from segsweep.spec.trials import Trial
from segsweep.tracking.protocol import Tracker
from segsweep.training.workload import by_shape, covers


@dataclass(frozen=True, eq=False)
class Tracked:
    """A shipped grid, and what has been run of it.

    Attributes:
        planned: every trial of the grid.
        tables: of those that have been run; the others are rows without cases.
        forecast: seconds that trials were forecast to take, by id; those that were never measured are not in it.
        workers: that the forecast is for, side by side.
    """

    planned: Planned
    tables: Tables
    forecast: Mapping[str, float]
    workers: int

    @property
    def name(self) -> str:
        """Of the sweep."""
        return self.planned.sweep.name

    @cached_property
    def seconds(self) -> dict[str, float]:
        """Finished trials by id, with what they took on a worker."""
        rows = self.tables.trials.select(["trial", "state", "seconds"]).to_pylist()
        return {row["trial"]: row["seconds"] or 0.0 for row in rows if row["state"] == "finished"}

    @cached_property
    def best_epochs(self) -> dict[str, int]:
        """Trials by id, with the epoch of the checkpoint that was chosen."""
        rows = self.tables.trials.select(["trial", "best_epoch"]).to_pylist()
        return {row["trial"]: row["best_epoch"] for row in rows}

    @property
    def left(self) -> tuple[Trial, ...]:
        """The trials that have no result."""
        return tuple(trial for trial in self.planned.plan.trials if trial.id not in self.seconds)

    def work(self, trials: Iterable[Trial], *, again: bool = False) -> Work:
        """What trials of the grid are to compute, if none stops early.

        Args:
            trials: whose work, with that of their warm starts.
            again: as if nothing had been run; otherwise warm starts that finished trials have used are there.
        """
        done = () if again else (trial.warm_start_id for trial in self.planned.plan.trials if trial.id in self.seconds)
        return total(trials, self._parts, trained={name for name in done if name is not None})

    @property
    def speed(self) -> float | None:
        """Operations that a worker has done in a second, all that it does around them included; median over trials.

        Of trials that started from scratch: how long warm starts were trained is not in their tables.
        """
        rows = self.tables.trials.select(["trial", "warm_start", "epochs"]).to_pylist()
        found = {
            row["trial"]: row["epochs"] for row in rows if self.seconds.get(row["trial"]) and not row["warm_start"]
        }
        speeds = (self._parts[trial].trial(epochs).operations / self.seconds[trial] for trial, epochs in found.items())
        return median(speeds) if found else None

    @cached_property
    def _parts(self) -> Mapping[str, Parts]:
        return parts_of(self.planned.plan.trials)

    @cached_property
    def report(self) -> Report:
        """Everything that a report on it computes."""
        return build_report(self.tables.trials, self.tables.cases, self.planned.sweep.report, name=self.name)


def read(grid: Path, home: Home, tracker: Tracker, executor: Executor, kept: Tables) -> Tracked:
    """Look up the trials of a grid, and what is remembered of their costs; nothing is measured.

    Args:
        grid: file; its data have to be there, for trials are known by the contents of their cases.
        home: whose measurements are looked up.
        tracker: its store.
        executor: the machines that a forecast is for, started.
        kept: trials that were published before, for those that the store does not know.

    Raises:
        InputError: the grid file or its data cannot be used.
        TrackingError: a finished run lacks its tables.
    """
    planned = plan_sweep(grid)
    manifest = Manifest.of(planned.sweep.name, planned.plan, planned.sweep.report.model_dump(mode="json"))
    outlook = recalled(planned, executor, home.measurements)
    return Tracked(
        planned=planned,
        tables=completed(collect(refresh(manifest, tracker), tracker), kept),
        forecast=_forecast(planned.plan.trials, outlook),
        workers=outlook.workers,
    )


def _forecast(trials: Sequence[Trial], outlook: Outlook) -> Mapping[str, float]:
    known = [
        trial
        for shape, members in by_shape(trials).items()
        if shape in outlook.probed and covers(outlook.probed[shape].measured, members)
        for trial in members
    ]
    found = outlook.arrange(known).forecast
    return {} if found is None else found.trials
