"""A slice of a cohort from its data to its records: one data pipeline, one warm start, a lane per trial."""

import time
from collections.abc import Sequence

from segsweep.data.batches import Batches
from segsweep.data.open import open_batches
from segsweep.spec.trials import Trial
from segsweep.tracking.protocol import Run
from segsweep.training.evaluation import evaluate
from segsweep.training.examples import example_rows
from segsweep.training.lane import Lane, build_lane
from segsweep.training.loop import Training
from segsweep.training.recording import Evaluated, epoch_metrics, open_trial_run, record, record_failure
from segsweep.training.warm_start import warm_start
from segsweep.training.workplace import Progress, Workplace


def run_slice(trials: Sequence[Trial], place: Workplace) -> dict[str, str]:
    """Train and evaluate some trials of one cohort; whatever happens to a trial ends as a record.

    Args:
        trials: of one cohort.
        place: where they are run.

    Returns:
        Trial id to state.
    """
    return _Slice(trials, place).run()


class _Slice:
    """The trials of a slice on their way from open run to record."""

    def __init__(self, trials: Sequence[Trial], place: Workplace) -> None:
        self._trials = trials
        self._place = place
        self._started = time.monotonic()
        self._runs: dict[str, Run] = {}
        self._seconds: dict[str, float] = {}
        self._states: dict[str, str] = {}

    def run(self) -> dict[str, str]:
        self._report("data", 0.0)
        try:
            batches = open_batches(self._trials[0], self._place.device)
            weights = warm_start(self._trials[0], batches, self._place)
        except Exception as error:  # without data or warm start no trial of the slice can go on
            for trial in self._trials:
                self._fail(trial, error)
            return self._states
        lanes: dict[str, Lane] = {}
        for trial in self._trials:
            self._runs[trial.id] = open_trial_run(trial, self._place)
            try:
                lanes[trial.id] = build_lane(
                    trial, trial.loss, trial.train, trial.train.lr, batches, weights, self._place.device
                )
            except Exception as error:  # whatever a user's loss raises is that trial's failure alone
                self._fail(trial, error)
        try:
            self._train(lanes, batches)
        except Exception as error:  # a batch that cannot be made ends every trial that still needs it
            for trial in self._trials:
                if trial.id not in self._states:
                    self._fail(trial, error)
        return self._states

    def _train(self, lanes: dict[str, Lane], batches: Batches) -> None:
        """Train all lanes; each is judged and recorded when it ends, not when the last one does."""
        trials = {trial.id: trial for trial in self._trials}
        longest = max((trial.train.epochs for trial in self._trials), default=1)
        training = Training(
            lanes,
            batches,
            "loss",
            self._trials[0].stream_seed("dropout"),
            lambda name, epoch: self._runs[name].log(epoch.number, epoch_metrics(epoch)),
            lambda name, lane: self._conclude(trials[name], lane, training.failures.get(name), batches),
        )
        self._seconds = training.seconds
        training.run(lambda done: self._report("training", done / longest))

    def _conclude(self, trial: Trial, lane: Lane, failure: Exception | None, batches: Batches) -> None:
        if failure is not None:
            self._fail(trial, failure)
            return
        start = time.monotonic()
        try:
            found = self._evaluate(trial, lane, batches)
            self._seconds[trial.id] = self._seconds.get(trial.id, 0.0) + time.monotonic() - start
            run = self._runs[trial.id]
            self._states[trial.id] = record(trial, lane, run, found, self._share(trial), self._place)
        except Exception as error:  # the other trials go on, whatever ails the evaluation of this one
            self._fail(trial, error)
        self._report("evaluation", len(self._states) / len(self._trials))

    def _evaluate(self, trial: Trial, lane: Lane, batches: Batches) -> Evaluated:
        if lane.state == "diverged":
            return Evaluated()
        lane.network.load_state_dict(lane.best_weights())
        cases = list(evaluate(lane.network, batches, trial, self._place.device))
        return Evaluated(cases, list(example_rows(lane.network, batches, cases, self._place.device)))

    def _fail(self, trial: Trial, error: Exception) -> None:
        run = self._runs.get(trial.id) or open_trial_run(trial, self._place)
        self._states[trial.id] = record_failure(trial, run, error, self._share(trial), self._place)

    def _share(self, trial: Trial) -> float:
        """Seconds of a trial: its own, and an equal part of what the slice shared."""
        shared = time.monotonic() - self._started - sum(self._seconds.values())
        return self._seconds.get(trial.id, 0.0) + shared / len(self._trials)

    def _report(self, phase: str, done: float) -> None:
        self._place.report(Progress(phase, done, dict(self._states)))
