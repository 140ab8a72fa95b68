"""A launch as it is shown on the terminal while it goes on."""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.progress import Progress

from segsweep.reports.numbers import count
from segsweep.terminal.bars import bar, fetching, one_task, one_task_each, when_needed
from segsweep.terminal.console import say

if TYPE_CHECKING:
    from segsweep.orchestration.executor import CandidateEvent, SliceEvent
    from segsweep.orchestration.left import Left
    from segsweep.orchestration.slices import Slice
    from segsweep.spec.trials import Trial
    from segsweep.store.claims import Standing
    from segsweep.tracking.protocol import Ending

_QUIET_SECONDS = 30.0
"""Without a screen, progress is a line this often."""
_COMPLAINT_SECONDS = 10.0


class Watch:
    """A launch on the terminal: a bar where there is a screen, a line now and then where there is none."""

    def __init__(self) -> None:
        self._waiting: dict[str, str] = {}
        self._noticed: set[str] = set()
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
        with fetching() as update:
            yield update

    @contextmanager
    def decoding(self) -> Iterator[Callable[[str, int, int], None]]:
        """A bar while cases are decoded; nothing where all of them were decoded before."""
        with bar("cases") as progress:
            yield one_task_each(progress, "decoding")

    @contextmanager
    def measuring(self) -> Iterator[Callable[[int, int], None]]:
        """A bar while trials are measured; nothing where all was measured before."""
        with when_needed(bar("shapes")) as progress:
            yield one_task(progress, "measuring")

    @contextmanager
    def predicting(self) -> Iterator[Callable[[int, int], None]]:
        """A bar of images; nothing where there is no model."""
        with when_needed(bar("images")) as progress:
            yield one_task(progress, "predicting")

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

    def on_notice(self, sentence: str) -> None:
        """Say once what should be known of the data; a search asks for its search and for its sweep."""
        if sentence not in self._noticed:
            self._noticed.add(sentence)
            say(sentence)

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


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
