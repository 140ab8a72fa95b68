"""A sweep from its grid file to its report; launching again goes on where it was left."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import product

from segsweep.errors import InputError, TrackingError
from segsweep.orchestration.attempts import Attempts, Round
from segsweep.orchestration.collect import beaten_trials, collect, is_complete, refresh
from segsweep.orchestration.delivering import await_delivery, outlast_outage
from segsweep.orchestration.elsewhere import Elsewhere
from segsweep.orchestration.executor import CandidateEvent, Errand, Executor, SliceEvent
from segsweep.orchestration.holding import clear_cancel, hold_sweep
from segsweep.orchestration.home import Home
from segsweep.orchestration.left import Left, left_to_run
from segsweep.orchestration.outlook import Outlook, recalled
from segsweep.orchestration.planning import Planned
from segsweep.orchestration.searches import Searches
from segsweep.orchestration.slices import Slice
from segsweep.orchestration.spent import drop_spent, trained
from segsweep.orchestration.sweep_report import SweepReport, keep_tables, write_tables_report
from segsweep.orchestration.sweep_run import SweepRun
from segsweep.orchestration.watching import Clock, Watch, check_cancel
from segsweep.records.manifest import Manifest
from segsweep.records.rows import trial_row
from segsweep.records.schemas import TRIALS
from segsweep.records.tables import table
from segsweep.spec.search import Asha
from segsweep.spec.settings import Resources
from segsweep.spec.trials import Trial
from segsweep.store.claims import Claims, Observer, Standing
from segsweep.store.keys import warm_start_failure_key
from segsweep.tracking.describe import describe_trial
from segsweep.tracking.protocol import (
    CASES_FILE,
    OVERLAYS_FILE,
    SEARCH_FILE,
    TRIALS_FILE,
    Ending,
    Tracker,
    Undelivered,
)


@dataclass(frozen=True)
class Launched:
    """How a launch ended.

    Args:
        manifest: every trial with its state.
        report: where it was written.
        started: trials that this launch ran; those of candidates not counted.
        postponed: trials that it was not allowed to start.
        refused: runs that the tracking store does not take; they are kept in the spool.
        untried: candidates that a search has still to try.
    """

    manifest: Manifest
    report: SweepReport
    started: int = 0
    postponed: int = 0
    refused: tuple[Undelivered, ...] = ()
    untried: int = 0


class Launch:
    """One launch of a sweep, from open parent run to report.

    Used as a context manager: it holds the sweep, so that a second launch of it on the same store is refused.

    Args:
        planned: the sweep.
        tracker: store, prepared.
        home: folder.
        on_undelivered: called, while runs wait to arrive in the store, with their number.
    """

    def __init__(
        self,
        planned: Planned,
        tracker: Tracker,
        home: Home,
        on_undelivered: Callable[[int], None] = lambda waiting: None,
    ) -> None:
        self._on_undelivered = on_undelivered
        self._planned = planned
        self._tracker = tracker
        self._home = home
        self._blobs = home.blobs
        self._claims = Claims(self._blobs)
        self._observer = Observer(self._claims)
        self._folder = home.sweep(planned.sweep.name)
        self._run = SweepRun(planned.sweep, self._folder, tracker, self._claims, self._observer)
        self._manifest = Manifest.of(planned.sweep.name, planned.plan, planned.sweep.report.model_dump(mode="json"))
        self._asked = planned.plan.trials
        self._searches: Searches | None = None

    def __enter__(self) -> "Launch":
        hold_sweep(self._planned.sweep.name, self._claims, self._observer)
        self._folder.mkdir(parents=True, exist_ok=True)
        clear_cancel(self._planned.sweep.name, self._blobs)
        self._tracker.deliver(0, self._on_undelivered)
        if self._planned.sweep.space is not None:
            self._searches = Searches(self._planned, self._folder)
            self._adopt(self._searches)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is not None:
                self._run.interrupt()
        finally:
            self._claims.__exit__()

    def forget_failures(self) -> None:
        """Let warm starts be tried again that could not be trained."""
        for trial in self._asked:
            if trial.warm_start_id is not None:
                self._blobs.delete(warm_start_failure_key(trial.warm_start_id))

    def refuse(self, trials: Sequence[Trial], error: InputError) -> None:
        """Record that trials cannot be run with their data as they are.

        Args:
            trials: of a dataset.
            error: what is the matter with it.
        """
        ending = Ending("failed", str(error), "data")
        for trial in trials:
            run = self._tracker.open_run(self._run.id, describe_trial(trial, fence=0))
            row = trial_row(trial, state=ending.state, reason=ending.reason, reason_class=ending.kind)
            run.finish(ending, {}, {TRIALS_FILE: table([row], TRIALS)})

    @property
    def untried(self) -> int:
        """Candidates that a search has still to try."""
        return 0 if self._searches is None else self._searches.left

    def left(self, *, again: bool = False) -> Left:
        """What there is to run: of a grid all that has no result, of a search the front on outer cases.

        Args:
            again: whether failed and diverged trials are run again.
        """
        planned = self._planned if self._searches is None else self._searches.front()
        return outlast_outage(lambda: left_to_run(planned, self._tracker, again=again))

    def search(
        self,
        executor: Executor,
        on_event: Callable[[CandidateEvent], None],
        may_start: Callable[[Slice], bool] = lambda piece: True,
    ) -> None:
        """Try what a search has still to try; one study after the other, and what was interrupted as often as trials.

        Args:
            executor: where.
            on_event: told what happens.
            may_start: asked just before a candidate starts; after one that may not, none does.

        Raises:
            LaunchEnded: it was cancelled.
        """
        searches = self._searches
        if searches is None:
            return
        (self._folder / TRIALS_FILE).unlink(missing_ok=True)
        clock = self._clock()

        def hear(event: CandidateEvent) -> None:
            over = event.phase in ("ended", "lost")
            if over:
                self._adopt(searches)
            on_event(event)
            clock.tick(over=over)

        sweep = self._planned.sweep
        for record, _ in product(searches.records, range(1 + sweep.retry)):
            record.resume()
            if record.left():
                executor.search(record, self._errand(sweep.search.asha, {}, {}), sweep.resources, hear, may_start)
        self._adopt(searches)

    def _adopt(self, searches: Searches) -> None:
        """The trials of a search are those that it has tried."""
        self._planned = searches.tried()
        sweep = self._planned.sweep
        self._manifest = Manifest.of(
            sweep.name, self._planned.plan, sweep.report.model_dump(mode="json"), searched=True
        )

    def run(
        self,
        left: Left,
        executor: Executor,
        on_event: Callable[[int, Slice, SliceEvent], None],
        on_wait: Callable[[Sequence[Standing]], None] = lambda standings: None,
        *,
        fail_fast: bool = False,
        may_start: Callable[[Slice], bool] = lambda piece: True,
        on_over: Callable[[], object] = lambda: None,
    ) -> Launched:
        """Run what is left, then report.

        Args:
            left: what to run.
            executor: where.
            on_event: called with (number of slices, the slice, the event).
            on_wait: called when all that is left to do is done by others.
            fail_fast: whether the first failed trial ends the launch.
            may_start: asked just before a slice starts; one that may not is left for another launch.
            on_over: called when nothing more is run; the report is still to be written.

        Raises:
            LaunchEnded: it was cancelled, or a trial failed and `fail_fast` is on.
        """
        outlast_outage(lambda: self._run.write(self._manifest))
        (self._folder / TRIALS_FILE).unlink(missing_ok=True)
        outlook = recalled(self._planned, executor, self._home.measurements)
        attempts = Attempts(left.trials, self._planned.sweep.retry)
        postponed = 0
        elsewhere = Elsewhere(left.trials, self._claims, self._observer)
        watch = Watch(attempts, self._run.lose, on_event, self._clock(), fail_fast=fail_fast)
        while attempts.left:
            round_ = attempts.next()
            if round_ is None:
                check_cancel(self._planned.sweep.name, self._blobs)
                elsewhere.wait(attempts, lambda: refresh(self._manifest, self._tracker).states(), on_wait)
                continue
            slices, expected = self._cut(round_, outlook)
            started: set[str] = set()

            def starts(piece: Slice, started: set[str] = started) -> bool:
                if not may_start(piece):
                    return False
                started.update(trial.id for trial in piece)
                return True

            last = round_.alone and attempts.is_last(round_)
            errand = self._errand(self._asha, expected, elsewhere.void, last=last)
            executor.run(slices, errand, _resources(round_, outlook.resources), partial(watch.on_event, slices), starts)
            left_out = [trial.id for trial in round_.trials if trial.id not in started]
            attempts.drop(left_out)
            postponed += len(left_out)
        on_over()
        return replace(self.report(len(attempts.endings)), postponed=postponed)

    def report(self, started: int = 0) -> Launched:
        """Report on what is tracked now.

        Args:
            started: trials that this launch ran.
        """
        refused = await_delivery(self._tracker, self._home, self._on_undelivered)
        return replace(outlast_outage(self._report), started=started, refused=refused)

    def _report(self) -> Launched:
        self._run.end_left()
        manifest = self._run.write(self._manifest)
        search = None if self._searches is None else self._searches.table()
        drop_spent(self._blobs, manifest, frozenset() if search is None else beaten_trials(search))
        tables = collect(manifest, self._tracker, search)
        keep_tables(tables, manifest, self._folder)
        sweep = self._planned.sweep
        report = write_tables_report(tables, sweep.report, name=sweep.name, folder=self._folder)
        kept = (CASES_FILE, TRIALS_FILE, OVERLAYS_FILE, *([SEARCH_FILE] if manifest.searched else []))
        files = (*report.files, *(self._folder / name for name in kept))
        self._tracker.write_files(self._run.id, {path.name: path.read_bytes() for path in files})
        complete = is_complete(manifest) and not self.untried
        self._tracker.close_sweep(self._run.id, "finished" if complete else "interrupted", report.summary)
        return Launched(manifest, report, untried=self.untried)

    def _keep_manifest(self) -> None:
        with suppress(TrackingError):  # the last one counts, and that is written when all has ended
            self._run.write(self._manifest)

    def _clock(self) -> Clock:
        return Clock(self._planned.sweep.name, self._blobs, self._keep_manifest)

    @property
    def _asha(self) -> Asha | None:
        """Which trials of a grid are stopped early; what a search has chosen is not."""
        return self._planned.sweep.search.asha if self._searches is None else None

    def _errand(
        self, asha: Asha | None, expected: Mapping[str, float], void: Mapping[str, int], *, last: bool = False
    ) -> Errand:
        return Errand(
            parent=self._run.id,
            tracker=self._tracker,
            blobs=self._blobs,
            journal=self._home.journal,
            modules=self._planned.folder,
            forecast=expected,
            void=void,
            last=last,
            lanes=self._planned.sweep.resources.lanes,
            keep_weights=self._planned.sweep.keep_weights,
            asha=asha,
        )

    def _cut(self, round_: Round, outlook: Outlook) -> tuple[tuple[Slice, ...], Mapping[str, float]]:
        """The slices of a round, and what their trials are expected to cost where that is known."""
        slices, forecast = outlook.arrange(round_.trials, trained=trained(self._blobs))
        expected = forecast.trials if forecast else {}
        single = round_.alone or self._asha is not None
        return (tuple((trial,) for trial in round_.trials) if single else slices), expected


def _resources(round_: Round, resources: Resources) -> Resources:
    """A trial that is tried alone has a whole GPU."""
    if round_.alone and resources.gpus != "auto" and 0 < resources.gpus < 1:
        return resources.model_copy(update={"gpus": 1.0})
    return resources
