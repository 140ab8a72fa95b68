"""A slice of a cohort from its data to its records: one data pipeline, one warm start, a lane per trial."""

import time
from collections.abc import Sequence
from contextlib import suppress

from segsweep.data.batches import Batches
from segsweep.data.open import open_batches
from segsweep.errors import StoreError, TrackingError
from segsweep.spec.trials import Trial
from segsweep.store.claims import Claim
from segsweep.tracking.describe import describe_trial
from segsweep.tracking.protocol import Ending, Run
from segsweep.training.checkpoint import Checkpoints
from segsweep.training.evaluation import evaluate
from segsweep.training.examples import example_rows
from segsweep.training.execution_choice import EXECUTIONS, Choice, choose_execution
from segsweep.training.lane import Epoch, Lane, build_lane
from segsweep.training.loop import Training
from segsweep.training.reasons import reason_class, reason_line
from segsweep.training.recording import Evaluated, record, record_failure
from segsweep.training.saving import Saving
from segsweep.training.trained import trained_files
from segsweep.training.warm_start import warm_start
from segsweep.training.workplace import Judging, Progress, Workplace


def run_slice(trials: Sequence[Trial], place: Workplace) -> dict[str, Ending]:
    """Train and evaluate some trials of one cohort; whatever happens to a trial ends as a record.

    A trial that another process is at is left to it, and one that has been finished meanwhile is not run again.

    Args:
        trials: of one cohort.
        place: where they are run.

    Returns:
        Trial id to how it ended; `running` where another process is at it or its result is on its way.
    """
    return _Slice(trials, place).run()


class _Slice:
    """The trials of a slice on their way from claim to record."""

    def __init__(self, trials: Sequence[Trial], place: Workplace) -> None:
        self._trials = trials
        self._place = place
        self._started = time.monotonic()
        self._claims: dict[str, Claim] = {}
        self._runs: dict[str, Run] = {}
        self._seconds: dict[str, float] = {}
        self._before: dict[str, float] = {}
        self._endings: dict[str, Ending] = {}
        self._choice = Choice("sequential", {})

    def run(self) -> dict[str, Ending]:
        try:
            return self._run()
        finally:
            self._deliver()  # whoever takes up a claim that is let go looks for the result first
            self._release()

    def _deliver(self) -> None:
        if self._place.patience > 0:
            self._place.tracker.deliver(self._place.patience, lambda waiting: None)
        else:
            self._place.tracker.flush()

    def _run(self) -> dict[str, Ending]:
        self._report("data", 0.0)
        try:
            self._claim()
            mine = self._open()
            if not mine:
                return self._endings
            batches = open_batches(mine[0], self._place.device)
            weights = warm_start(mine[0], batches, self._place)
        except Exception as error:  # without claim, data or warm start no trial of the slice can go on
            self._fail_open(error)
            return self._endings
        lanes: dict[str, Lane] = {}
        savings: dict[str, Saving] = {}
        for trial in mine:
            try:
                self._runs[trial.id] = self._open_run(trial)
                lanes[trial.id] = build_lane(
                    trial, trial.loss, trial.train, trial.train.lr, batches, weights, self._place.device
                )
                savings[trial.id] = self._saving(trial, lanes[trial.id])
                self._before[trial.id] = savings[trial.id].go_on()
            except Exception as error:  # whatever a user's loss raises is that trial's failure alone
                lanes.pop(trial.id, None)
                self._fail(trial, error)
        try:
            self._train(lanes, savings, batches)
        except Exception as error:  # a batch that cannot be made ends every trial that still needs it
            self._fail_open(error)
        return self._endings

    def _claim(self) -> None:
        for trial in self._trials:
            claim = self._place.claims.take(trial.id, over=self._place.void.get(trial.id, 0))
            if claim is None:
                self._endings[trial.id] = Ending("running", "another process is at it")
            else:
                self._claims[trial.id] = claim

    def _open_run(self, trial: Trial) -> Run:
        claim = self._claims.get(trial.id)
        return self._place.tracker.open_run(self._place.parent, describe_trial(trial, claim.fence if claim else 0))

    def _open(self) -> list[Trial]:
        """The trials to run now; one that was finished elsewhere since this slice was cut is not run again."""
        with suppress(TrackingError):  # a store that is away stops no training
            for name, run in self._place.tracker.find({trial.cohort for trial in self._trials}).items():
                if name in self._claims and run.state == "finished":
                    self._endings[name] = Ending("finished")
        return [trial for trial in self._trials if trial.id not in self._endings]

    def _saving(self, trial: Trial, lane: Lane) -> Saving:
        checkpoints = Checkpoints(self._place.blobs, trial.id, self._claims[trial.id].fence)
        run, journal = self._runs[trial.id], self._place.journal
        searched = self._place.judging is Judging.INNER_CASES
        return Saving(trial.id, lane, run, checkpoints, journal, searched, lambda: self._share(trial))

    def _train(self, lanes: dict[str, Lane], savings: dict[str, Saving], batches: Batches) -> None:
        """Train all lanes; each is judged and recorded when it ends, not when the last one does."""
        trials = {trial.id: trial for trial in self._trials}
        longest = max((trial.train.epochs for trial in self._trials), default=1)
        cohort = self._trials[0].cohort
        running = [(name, lane) for name, lane in lanes.items() if lane.running]
        self._choice = choose_execution(self._place.lanes, cohort, running, batches, self._place.blobs)
        training = Training(
            lanes,
            batches,
            "loss",
            self._trials[0].stream_seed("dropout"),
            lambda name, number: savings[name].on_start(number),
            lambda name, epoch: self._after(trials[name], epoch, savings[name]),
            lambda name, lane: self._conclude(trials[name], lane, training.failures.get(name), batches),
            EXECUTIONS[self._choice.execution](),
        )
        self._seconds = training.seconds
        training.run(lambda done: self._report("training", done / longest))

    def _after(self, trial: Trial, epoch: Epoch, saving: Saving) -> None:
        saving.on_epoch(epoch)
        if saving.lane.running and not self._place.goes_on(trial, epoch):
            saving.stop(epoch)

    def _conclude(self, trial: Trial, lane: Lane, failure: Exception | None, batches: Batches) -> None:
        if failure is not None:
            self._fail(trial, failure)
            return
        start = time.monotonic()
        try:
            found = self._evaluate(trial, lane, batches)
            self._seconds[trial.id] = self._seconds.get(trial.id, 0.0) + time.monotonic() - start
            run = self._runs[trial.id]
            if self._superseded(trial):
                ending = Ending("superseded", "another process has taken the trial over")
                run.finish(ending, {}, {})
            else:
                outcome = {"seconds": self._share(trial), "lanes": self._choice.execution}
                ending = record(trial, lane, run, found, outcome, self._place)
            self._endings[trial.id] = ending
        except Exception as error:  # the other trials go on, whatever ails the evaluation of this one
            self._fail(trial, error)
        self._report("evaluation", len(self._endings) / len(self._trials))

    def _evaluate(self, trial: Trial, lane: Lane, batches: Batches) -> Evaluated:
        if lane.state in ("diverged", "stopped"):
            return Evaluated()
        lane.network.load_state_dict(lane.best_weights())
        inner = self._place.judging is Judging.INNER_CASES
        asked = batches.inner() if inner else batches.evaluation()
        cases = list(evaluate(lane.network, asked, batches.labels, trial, self._place.device))
        self._place.on_judged(trial, cases)
        if inner:
            return Evaluated(cases)
        pictures = example_rows(lane.network, batches, cases, self._place.device)
        files = trained_files(lane.best_weights(), trial, batches) if self._place.keep_weights else {}
        return Evaluated(cases, list(pictures), files)

    def _superseded(self, trial: Trial) -> bool:
        try:
            return not self._place.claims.is_current(self._claims[trial.id])
        except (OSError, StoreError):  # a store that is away has let nobody else take it over either
            return False

    def _fail(self, trial: Trial, error: Exception) -> None:
        try:
            run = self._runs.get(trial.id) or self._open_run(trial)
            ending = record_failure(trial, run, error, self._share(trial), self._place)
        except Exception:  # a disk that is full takes no record either: the launch is told, and tells
            ending = Ending("interrupted", reason_line(error), reason_class(error))
        self._endings[trial.id] = ending

    def _fail_open(self, error: Exception) -> None:
        for trial in self._trials:
            if trial.id not in self._endings:
                self._fail(trial, error)

    def _release(self) -> None:
        with suppress(OSError, StoreError):  # the record counts; the claim is void when this process has ended
            for name in self._claims.keys() & self._endings.keys():
                self._place.claims.release(self._claims[name], self._endings[name].state)

    def _share(self, trial: Trial) -> float:
        """Seconds of a trial: its own, an equal part of what the slice shared, and those before it was interrupted."""
        shared = time.monotonic() - self._started - sum(self._seconds.values())
        own = self._before.get(trial.id, 0.0) + self._seconds.get(trial.id, 0.0)
        return own + shared / len(self._trials)

    def _report(self, phase: str, done: float) -> None:
        self._place.report(Progress(phase, done, dict(self._endings)))
