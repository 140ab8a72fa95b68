"""What a launch has to do."""

from collections.abc import Mapping
from dataclasses import dataclass

from segsweep.orchestration.collect import RECORDED
from segsweep.orchestration.planning import Planned
from segsweep.records.manifest import PENDING
from segsweep.spec.trials import Trial
from segsweep.tracking.protocol import RunRecord, Tracker

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


def left_to_run(planned: Planned, tracker: Tracker, *, again: bool = False) -> Left:
    """Compare a plan with what the store has.

    Args:
        planned: the sweep.
        tracker: the store.
        again: whether failed and diverged trials are run again.

    What a search or another sweep left on the shelf is to be run, unless this sweep stops trials early itself.
    """
    trials = planned.plan.trials
    runs = tracker.find(planned.plan.cohorts())
    states = {trial.id: runs[trial.id].state if trial.id in runs else PENDING for trial in trials}
    kept = (*(("finished",) if again else RECORDED), *(() if planned.sweep.search.asha is None else ("stopped",)))
    return Left(
        trials=tuple(trial for trial in trials if states[trial.id] not in kept),
        finished=tuple(trial for trial in trials if states[trial.id] == "finished"),
        settled={trial.id: runs[trial.id] for trial in trials if states[trial.id] in _FAILURES and not again},
    )
