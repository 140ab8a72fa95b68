"""Every end of a trial as a record: finished, diverged or failed."""

import math
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from segsweep.records import tables
from segsweep.records.rows import trial_row
from segsweep.records.schemas import CASES, OVERLAYS, TRIALS
from segsweep.spec.trials import Trial
from segsweep.tracking.protocol import CASES_FILE, OVERLAYS_FILE, TRIALS_FILE, Ending, Run
from segsweep.training.inner_scores import inner_scores
from segsweep.training.lane import Epoch, Lane
from segsweep.training.reasons import TRANSIENT, reason_class, reason_line
from segsweep.training.summary import summarise
from segsweep.training.workplace import Judging, Workplace


@dataclass(frozen=True)
class Evaluated:
    """Rows of the cases and of the overlays table, and further files; none where training diverged or was stopped:
    there is nothing to compare."""

    cases: Sequence[Mapping[str, Any]] = ()
    overlays: Sequence[Mapping[str, Any]] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)


def record(
    trial: Trial, lane: Lane, run: Run, found: Evaluated, outcome: Mapping[str, Any], place: Workplace
) -> Ending:
    """Close the run of a trial that was trained to its end or was stopped, and say how it ended.

    Args:
        trial: that has ended.
        lane: that trained it.
        run: of the trial.
        found: by evaluation.
        outcome: further columns of its row of the trials table, among them its `seconds`.
        place: where it was run.
    """
    ending = _ending(lane, place)
    row = trial_row(
        trial,
        state=ending.state,
        reason=ending.reason,
        reason_class=ending.kind,
        epochs=len(lane.epochs),
        best_epoch=lane.best_epoch,
        forecast_seconds=place.forecast.get(trial.id),
        **outcome,
        **place.machine(),
    )
    written = {
        TRIALS_FILE: tables.table([row], TRIALS),
        CASES_FILE: tables.table(found.cases, CASES),
        OVERLAYS_FILE: tables.table(found.overlays, OVERLAYS),
    }
    metrics = {**summarise(found.cases), **_searched(ending, found), "seconds": outcome["seconds"]}
    run.finish(ending, metrics, written, found.files)
    return ending


def _searched(ending: Ending, found: Evaluated) -> dict[str, float]:
    """What a search goes by, for the list of runs."""
    if ending.state != Judging.INNER_CASES.value:
        return {}
    scores = inner_scores(found.cases)
    return {f"inner_{name}": value for name, value in scores.items() if math.isfinite(value)}


def _ending(lane: Lane, place: Workplace) -> Ending:
    match lane.state:
        case "diverged":
            return Ending("diverged", lane.reason, "diverged")
        case "stopped":
            return Ending("stopped", lane.reason)
        case _:
            return Ending(place.judging.value)


def record_failure(trial: Trial, run: Run, error: Exception, seconds: float, place: Workplace) -> Ending:
    """Close the run of a trial that could not go on; its traceback goes with it.

    What may go well another time leaves the trial `interrupted`: it is run again.
    """
    reason, kind = reason_line(error), reason_class(error)
    told = {"traceback.txt": "".join(traceback.format_exception(error)).encode()}
    if kind in TRANSIENT and not (kind == "gpu memory" and place.last):
        ending = Ending("interrupted", reason, kind)
        run.finish(ending, {}, {}, told)
        return ending
    ending = Ending("failed", reason, kind)
    row = trial_row(trial, state="failed", reason=reason, reason_class=kind, seconds=seconds, **place.machine())
    run.finish(ending, {}, {TRIALS_FILE: tables.table([row], TRIALS)}, told)
    return ending


def epoch_metrics(epoch: Epoch) -> dict[str, float]:
    """One epoch as points of curves."""
    return {
        "train/loss": epoch.train_loss,
        "select/loss": epoch.val_loss,
        "select/dice": epoch.val_dice,
        "train/lr": epoch.lr,
    }
