"""One candidate of a search on a worker: a trial per fold and seed, one after the other, judged on inner cases."""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from statistics import fmean

from segsweep.errors import TrackingError
from segsweep.orchestration.outcome import Outcome
from segsweep.spec.trials import Trial
from segsweep.tracking.protocol import CASES_FILE, Ending
from segsweep.training.cohort import run_slice
from segsweep.training.inner_scores import inner_scores
from segsweep.training.workplace import Judging, Progress, Workplace

_SCORED = ("split", "label", "truth", "dice", "empty_true", "volume_true", "volume_hard", "volume_soft")
_WITH_ROWS = ("finished", "searched")
_WITHOUT = ("failed", "diverged")

Scores = dict[str, dict[str, float]]
"""Trial id to its objectives."""


def try_candidate(trials: Sequence[Trial], place: Workplace) -> Outcome:
    """Train a candidate and judge it, as far as that has not been done before.

    Whether it goes on is asked for the first of its trials only: a candidate is stopped before its other folds and
    seeds have cost anything.

    Args:
        trials: of one candidate.
        place: where they are run.

    Returns:
        How it ended; with the means over its trials if each of them has a result.
    """
    found: Scores = {}
    for number, trial in enumerate(trials):
        ending = _known(trial, place, found) or _run(trial, number, len(trials), place, found)
        if ending.state not in _WITH_ROWS:
            return Outcome(ending.state, ending.reason, {})
    values = {name: fmean(scores[name] for scores in found.values()) for name in found[trials[0].id]}
    if not all(math.isfinite(value) for value in values.values()):
        return Outcome("failed", "no inner case has a true voxel, or there is none at all", {})
    return Outcome("searched", None, values)


def _known(trial: Trial, place: Workplace, found: Scores) -> Ending | None:
    """How a trial ended before, in whatever sweep; None where it is still to be run."""
    with suppress(TrackingError):  # a store that is away, or does not have the rows yet, costs a training
        record = place.tracker.find([trial.cohort]).get(trial.id)
        if record is not None and record.state in _WITH_ROWS:
            table = place.tracker.read_table(record.run_id, CASES_FILE)
            found[trial.id] = inner_scores(table.select(_SCORED).to_pylist())
        if record is not None and record.state in (*_WITH_ROWS, *_WITHOUT):
            return Ending(record.state, record.reason, record.kind)
    return None


def _run(trial: Trial, number: int, count: int, place: Workplace, found: Scores) -> Ending:
    def report(at: Progress) -> None:
        place.report(Progress(at.phase, (number + at.done) / count, at.endings))

    mine = replace(
        place,
        judging=Judging.INNER_CASES,
        on_judged=lambda trial, rows: found.update({trial.id: inner_scores(rows)}),
        report=report,
        goes_on=place.goes_on if number == 0 else lambda trial, epoch: True,
    )
    return run_slice([trial], mine)[trial.id]
