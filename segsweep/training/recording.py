"""Every end of a trial as a record: finished, diverged or failed."""

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from segsweep import __version__
from segsweep.errors import DataError, TrackingError
from segsweep.records import tables
from segsweep.records.rows import trial_parameters, trial_row
from segsweep.records.schemas import CASES, OVERLAYS, TRIALS
from segsweep.spec.trials import Trial
from segsweep.tracking.protocol import CASES_FILE, OVERLAYS_FILE, TRIALS_FILE, Ending, Run, RunDescription
from segsweep.training.lane import Epoch, Lane
from segsweep.training.summary import summarise
from segsweep.training.workplace import Workplace

_KINDS: tuple[tuple[type[Exception], str], ...] = (
    (TrackingError, "tracking"),
    (DataError, "data"),
    (torch.OutOfMemoryError, "memory"),
    (MemoryError, "memory"),
    (OSError, "disk"),
)


@dataclass(frozen=True)
class Evaluated:
    """Rows of the cases and of the overlays table; none where training diverged, for there is nothing to compare."""

    cases: Sequence[Mapping[str, Any]] = ()
    overlays: Sequence[Mapping[str, Any]] = ()


def open_trial_run(trial: Trial, place: Workplace) -> Run:
    """The child run of a trial."""
    description = RunDescription(
        name=f"{trial.setting} · {trial.dataset.name} · fold {trial.fold} · seed {trial.seed}",
        kind="trial",
        parameters=trial_parameters(trial),
        tags={
            "segsweep.trial": trial.id,
            "segsweep.cohort": trial.cohort,
            "segsweep.version": __version__,
            "segsweep.torch": torch.__version__,
        },
    )
    return place.tracker.open_run(place.parent, description)


def open_warm_start_run(trial: Trial, place: Workplace) -> Run:
    """The child run of the warm start that a trial shares with its cohort."""
    settings = trial.warm_start
    assert settings is not None
    shared = {"dataset": trial.dataset.name, "fold": str(trial.fold), "seed": str(trial.seed)}
    description = RunDescription(
        name=f"warm start · {trial.dataset.name} · fold {trial.fold} · seed {trial.seed}",
        kind="warm start",
        parameters=shared | {f"warm_start.{key}": str(value) for key, value in settings.model_dump().items()},
        tags={"segsweep.warm_start": str(trial.warm_start_id), "segsweep.cohort": trial.cohort},
    )
    return place.tracker.open_run(place.parent, description)


def record(trial: Trial, lane: Lane, run: Run, found: Evaluated, seconds: float, place: Workplace) -> str:
    """Close the run of a trial that was trained to its end, and say how it ended."""
    state = "diverged" if lane.state == "diverged" else "finished"
    ending = Ending(state, lane.reason, "diverged" if state == "diverged" else None)
    row = trial_row(
        trial,
        state=state,
        reason=lane.reason,
        reason_class=ending.kind,
        epochs=len(lane.epochs),
        best_epoch=lane.best_epoch,
        seconds=seconds,
        forecast_seconds=place.forecast.get(trial.id),
        **place.machine(),
    )
    written = {
        TRIALS_FILE: tables.table([row], TRIALS),
        CASES_FILE: tables.table(found.cases, CASES),
        OVERLAYS_FILE: tables.table(found.overlays, OVERLAYS),
    }
    run.finish(ending, {**summarise(found.cases), "seconds": seconds}, written)
    return state


def record_failure(trial: Trial, run: Run, error: Exception, seconds: float, place: Workplace) -> str:
    """Close the run of a trial that could not go on; its traceback goes with it.

    What may go well another time (the store was away, memory was short) leaves the trial `interrupted`: the next launch
    runs it again.
    """
    first_line = (str(error).splitlines() or ["no message"])[0]
    reason, kind = f"{type(error).__name__}: {first_line}", _reason_class(error)
    if isinstance(error, (TrackingError, torch.OutOfMemoryError, OSError)):
        run.finish(Ending("interrupted", reason, kind), {}, {})
        return "interrupted"
    row = trial_row(trial, state="failed", reason=reason, reason_class=kind, seconds=seconds, **place.machine())
    told = {"traceback.txt": "".join(traceback.format_exception(error)).encode()}
    run.finish(Ending("failed", reason, kind), {}, {TRIALS_FILE: tables.table([row], TRIALS)}, told)
    return "failed"


def _reason_class(error: Exception) -> str:
    return next((kind for types, kind in _KINDS if isinstance(error, types)), "code")


def epoch_metrics(epoch: Epoch) -> dict[str, float]:
    """One epoch as points of curves."""
    return {
        "train/loss": epoch.train_loss,
        "select/loss": epoch.val_loss,
        "select/dice": epoch.val_dice,
        "train/lr": epoch.lr,
    }
