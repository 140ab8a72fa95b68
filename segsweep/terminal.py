"""What the commands print."""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.progress import DownloadColumn, Progress, TaskID, TimeRemainingColumn

from segsweep.console import bar, print_columns, progress_of, say
from segsweep.records.manifest import Manifest
from segsweep.reports.numbers import count

if TYPE_CHECKING:
    from segsweep.orchestration.executor import CandidateEvent, SliceEvent
    from segsweep.orchestration.garbage import Garbage
    from segsweep.orchestration.launch import Launched
    from segsweep.orchestration.left import Left
    from segsweep.orchestration.planning import Planned
    from segsweep.orchestration.predicting import Predicted
    from segsweep.orchestration.slices import Slice
    from segsweep.orchestration.sweep_report import SweepReport
    from segsweep.orchestration.sync import Synced
    from segsweep.spec.trials import Trial
    from segsweep.store.claims import Standing
    from segsweep.tracking.protocol import Ending, RegisteredModel

_QUIET_SECONDS = 30.0
"""Without a screen, progress is a line this often."""
_COMPLAINT_SECONDS = 10.0


def print_plan(planned: "Planned") -> None:
    """Trials, cohorts and aliases."""
    from segsweep.orchestration.study import studies  # noqa: PLC0415 (together with the plan itself)

    plan = planned.plan
    header = ("trial", "cohort", "dataset", "fold", "seed", "network", "loss setting")
    print_columns(
        header,
        [
            (trial.id, trial.cohort, trial.dataset.name, trial.fold, trial.seed, trial.network.name, trial.setting)
            for trial in plan.trials
        ],
    )
    settings = {trial.id: trial.setting for trial in plan.trials}
    same = {(settings[trial], other) for trial, others in plan.aliases.items() for other in others}
    for setting, other in sorted(same):
        say(f"{other} is the same as {setting} here: trained once")
    if planned.sweep.space is not None:
        search, folds, seeds = planned.sweep.search, planned.sweep.folds.numbers(), planned.sweep.seeds
        drawn = f"{search.sampler} draws {count(search.trials or 0, 'candidate')}"
        places = f"in each of {count(len(studies(planned)), 'study', 'studies')}"
        each = f"of {count(len(folds) * len(seeds), 'trial')} each"
        say(f"a search: these are the ends of its ranges; {drawn} {places}, {each}")
    warm_starts = {trial.warm_start_id for trial in plan.trials} - {None}
    say(
        f"{planned.sweep.name}: {count(len(plan.trials), 'trial')} in {count(len(plan.cohorts()), 'cohort')},"
        f" {count(len(warm_starts), 'warm start')}"
    )


class Watch:
    """A launch on the terminal: a bar where there is a screen, a line now and then where there is none."""

    def __init__(self) -> None:
        self._waiting: dict[str, str] = {}
        self._complained = -math.inf

    def on_left(self, left: "Left") -> None:
        """Say what there is to run, and what is not run again."""
        if left.finished:
            say(f"{count(len(left.finished), 'trial')} finished already")
        for run in left.settled.values():
            say(f"trial {run.trial} {run.state}: {run.reason} (`segsweep retry` runs it again)")
        say(f"{count(len(left.trials), 'trial')} to run" if left.trials else "nothing to run")
        self._left = left

    @contextmanager
    def copying(self) -> Iterator[Callable[[str, int, int], None]]:
        """A bar of bytes while datasets come from a bucket; nothing where all of them are on this node."""
        with _when_needed(progress_of(DownloadColumn(), TimeRemainingColumn())) as progress:
            yield _one_task_each(progress, "fetching")

    @contextmanager
    def decoding(self) -> Iterator[Callable[[str, int, int], None]]:
        """A bar while cases are decoded; nothing where all of them were decoded before."""
        with bar("cases") as progress:
            yield _one_task_each(progress, "decoding")

    @contextmanager
    def measuring(self) -> Iterator[Callable[[int, int], None]]:
        """A bar while trials are measured; nothing where all was measured before."""
        with _when_needed(bar("shapes")) as progress:
            yield _one_task(progress, "measuring")

    @contextmanager
    def predicting(self) -> Iterator[Callable[[int, int], None]]:
        """A bar of images; nothing where there is no model."""
        with _when_needed(bar("images")) as progress:
            yield _one_task(progress, "predicting")

    @contextmanager
    def searching(self, untried: int) -> Iterator[Callable[["CandidateEvent"], None]]:
        """A bar of candidates, and a line for each that ends."""
        with bar("candidates") as progress:
            task = progress.add_task("searching", total=untried)

            def update(event: "CandidateEvent") -> None:
                if event.outcome is not None or event.phase == "lost":
                    progress.advance(task, 0 if event.outcome is None else 1)
                    progress.console.print(_candidate(event), soft_wrap=not progress.console.is_terminal)

            yield update

    @contextmanager
    def training(self) -> Iterator[Callable[[int, "Slice", "SliceEvent"], None]]:
        """A bar of trials while slices are run, and a line for each trial that ends."""
        with bar("trials", "{task.fields[note]}") as progress:
            yield _TrainingBar(self._left, progress).on_event

    def on_refused(self, trials: "Sequence[Trial]", error: Exception) -> None:
        """Say what cannot be run, and that the rest is."""
        say(f"{error}")
        say(f"{count(len(trials), 'trial')} on it failed; the others go on")

    def on_wait(self, standings: "Sequence[Standing]") -> None:
        """Say once what is waited for."""
        said = {standing.name: str(standing.process) for standing in standings}
        if said.keys() != self._waiting.keys():
            self._waiting = said
            who = ", ".join(sorted(set(said.values())))
            say(f"waiting for {count(len(said), 'trial')} of {who}; Ctrl-C leaves them there, another launch reports")

    def on_undelivered(self, waiting: int) -> None:
        """Say now and then that the store takes nothing."""
        if time.monotonic() - self._complained > _COMPLAINT_SECONDS:
            self._complained = time.monotonic()
            say(f"the tracking store is away; {count(waiting, 'run')} to deliver, still trying")


@contextmanager
def _when_needed(progress: Progress) -> Iterator[Progress]:
    """A bar that its first task starts: where there is nothing to do there is no empty one."""
    try:
        yield progress
    finally:
        if progress.live.is_started:
            progress.stop()


def _one_task(progress: Progress, verb: str) -> Callable[[int, int], None]:
    tasks: list[TaskID] = []

    def update(done: int, total: int) -> None:
        if not tasks:
            progress.start()
            tasks.append(progress.add_task(verb, total=total))
        progress.update(tasks[0], completed=done)

    return update


def _one_task_each(progress: Progress, verb: str) -> Callable[[str, int, int], None]:
    tasks: dict[str, TaskID] = {}

    def update(dataset: str, done: int, total: int) -> None:
        if dataset not in tasks:
            progress.start()
            tasks[dataset] = progress.add_task(f"{verb} {dataset}", total=total)
        progress.update(tasks[dataset], completed=done)

    return update


def _candidate(event: "CandidateEvent") -> str:
    setting = event.trials[0].setting
    if event.outcome is None:
        return f"lost      {setting}: its worker died; it is tried again"
    values = ", ".join(f"{name} {value:.4f}" for name, value in event.outcome.values.items())
    return f"{event.outcome.state:9} {setting}  {values}{event.outcome.reason or ''}"


class _TrainingBar:
    """Trials done, running and failed, and the time that is left."""

    def __init__(self, left: "Left", progress: Progress) -> None:
        self._trials = {trial.id: trial for trial in left.trials}
        self._ended: dict[str, Ending] = {}
        self._shares: dict[str, float] = {}
        self._running: dict[str, int] = {}
        self._started = self._noted = time.monotonic()
        self._progress = progress
        self._task = progress.add_task("training", total=len(self._trials), note="starting workers")

    def on_event(self, slices: int, piece: "Slice", event: "SliceEvent") -> None:
        """Take in news of a slice."""
        for trial, ending in event.endings.items():
            if ending.state != "running" and self._ended.get(trial) != ending:
                self._ended[trial] = ending
                described = self._trials[trial]
                where = f"{described.dataset.name} fold {described.fold} seed {described.seed}"
                reason = f": {ending.reason}" if ending.reason else ""
                self._line(f"{ending.state:9} {described.setting}  {where}{reason}")
        if event.lost is not None:
            self._line(f"a worker was lost with {count(len(piece), 'trial')}: {event.lost.reason}")
        over = event.phase in ("ended", "lost")
        name = piece[0].id
        self._running[name] = 0 if over else len(piece) - len(event.endings)
        share = len(piece) * _share(piece, event)
        self._shares[name] = max(share, self._shares.get(name, 0.0))
        self._progress.update(self._task, completed=len(self._ended), note=self._note())
        if not self._progress.console.is_terminal and time.monotonic() - self._noted > _QUIET_SECONDS:
            self._noted = time.monotonic()
            self._line(f"{len(self._ended)}/{len(self._trials)} trials, {self._note()}")

    def _line(self, text: str) -> None:
        console = self._progress.console
        # on a screen the bar below is drawn anew with the line, and only folded lines are counted right
        console.print(text, soft_wrap=not console.is_terminal)

    def _note(self) -> str:
        counts = Counter(ending.state for ending in self._ended.values())
        failed = counts["failed"] + counts["diverged"]
        done = sum(self._shares.values())
        elapsed = time.monotonic() - self._started
        trouble = f", {failed} failed" if failed else ""
        remaining = f", about {_clock(elapsed * max(0.0, len(self._trials) - done) / done)} left" if done > 0 else ""
        return f"{sum(self._running.values())} running{trouble}, {_clock(elapsed)} passed{remaining}"


def _share(piece: "Slice", event: "SliceEvent") -> float:
    """The part of a slice's work that is done; epochs weigh the same whoever trains them, evaluation a tenth."""
    warm = piece[0].warm_start.epochs if piece[0].warm_start else 0
    lanes = sum(trial.train.epochs for trial in piece)
    whole = (warm + lanes) * 1.1
    match event.phase:
        case "warm start":
            return warm * event.done / whole
        case "training":
            return (warm + lanes * event.done) / whole
        case "evaluation":  # of the trials that have ended; the others may have epochs left
            return (warm + lanes * event.done + 0.1 * (warm + lanes) * event.done) / whole
        case "ended" | "lost":
            return 1.0
    return 0.0


def print_launched(launched: "Launched") -> None:
    """How a launch ended, its report and where it lies."""
    from segsweep.orchestration.collect import why_unfinished  # noqa: PLC0415 (pyarrow, which a plan need not pay)

    counts = Counter(entry.state for entry in launched.manifest.entries)
    for entry in launched.manifest.entries:
        if entry.state not in ("finished", "searched"):
            say(f"{entry.state}: {entry.row['setting']} fold {entry.row['fold']}: {why_unfinished(entry)}")
    for run in launched.refused:
        say(f"not taken by the tracking store, kept in the spool: {run.description.name}: {run.refused}")
    print_report(launched.report)
    summary = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
    if launched.untried:
        say(f"{count(launched.untried, 'candidate')} still to be tried; the same command goes on")
    say(f"{launched.manifest.sweep}: {count(launched.started, 'trial')} run now; {summary}")
    if launched.postponed:
        trials = count(launched.postponed, "trial")
        say(f"{trials} would have ended after --max-hours; the same command goes on with them")


def print_synced(synced: "Sequence[Synced]") -> None:
    """A line per sweep that was copied, and a sum per store."""
    for store in synced:
        for sweep, runs in store.copied.items():
            say(f"{sweep}: {count(runs, 'run')} copied" if runs else f"{sweep}: all there")
        for run in store.refused:
            say(f"not taken by {store.store}, kept in the spool: {run.description.name}: {run.refused}")
        copied = f", {sum(store.copied.values())} copied" if store.copied else ""
        say(f"{store.store}: {count(store.delivered, 'run')} delivered{copied}")
    if not synced:
        say("nothing waits to be delivered")


def print_kept(models: "Sequence[RegisteredModel]") -> None:
    """A line per version."""
    for model in models:
        named = {key.removeprefix("segsweep."): value for key, value in model.tags.items()}
        where = f"{named['dataset']} fold {named['fold']} seed {named['seed']}"
        say(f"{model.name}/{model.version}: {named['setting']}  {where}, threshold {named['threshold']}")


def print_predicted(predicted: "Predicted") -> None:
    """What was written and where."""
    model = predicted.model
    say(f"{model.name}/{model.version}: {count(len(predicted.masks), 'mask')}, volumes in {predicted.volumes}")


def print_report(report: "SweepReport") -> None:
    """A report on the terminal, and where its page is."""
    say(report.summary)
    say(f"report: {report.html}")


def print_status(manifest: Manifest) -> None:
    """A line per trial and a sum."""
    header = ("trial", "state", "dataset", "fold", "seed", "loss setting", "reason")
    print_columns(
        header,
        [
            (
                entry.trial,
                entry.state,
                *(entry.row[key] for key in ("dataset", "fold", "seed", "setting")),
                entry.reason or "",
            )
            for entry in manifest.entries
        ],
    )
    counts = Counter(entry.state for entry in manifest.entries)
    say(", ".join(f"{count} {state}" for state, count in sorted(counts.items())))


def print_garbage(found: "Sequence[Garbage]", *, deleted: bool) -> None:
    """What may go, and what it comes to."""
    if found:
        print_columns(("bytes", "what", "why"), [(item.size, item.name, item.why) for item in found])
    size = sum(item.size for item in found) / 2**20
    told = "deleted" if deleted else "may go; --delete deletes it"
    say(f"{count(len(found), 'item')}, {size:.1f} MiB {told}" if found else "nothing may go")


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
