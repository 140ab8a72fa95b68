"""What a sweep will cost: what was measured of its shapes, times what there is to do."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from segsweep.orchestration.schedule import Load, run_in_order
from segsweep.orchestration.slices import Slice
from segsweep.spec.trials import Trial
from segsweep.training.measured import Measured, loss_kind
from segsweep.training.workload import (
    evaluation_cases,
    selection_cases,
    shape,
    steps_per_epoch,
    warm_start_kind,
)

TRACKING_SECONDS = 0.4
"""To open a run, send its curves and tables, and close it, in a SQLite store."""
SLICE_SECONDS = 1.0
"""Until Ray Tune has given a free worker its next slice."""
AROUND_SECONDS = 6.0
"""To open the store before, where that is not done while Ray starts; to gather tables and write the report after."""

Measurements = Mapping[str, Measured]
"""Shape to what was measured of it."""


@dataclass(frozen=True)
class Forecast:
    """What some slices will cost, if no trial stops early.

    Args:
        loads: of the slices, in their order.
        trials: trial id to seconds: its own, and an equal part of what its slice shares.
        training: seconds until the last worker is done.
        busy: seconds of all workers together.
    """

    loads: tuple[Load, ...]
    trials: Mapping[str, float]
    training: float
    busy: float


def forecast(
    slices: Sequence[Slice], measurements: Measurements, workers: int, *, trained: Collection[str] = ()
) -> Forecast:
    """Add up what slices will cost.

    Args:
        slices: in the order in which they are handed out.
        measurements: of every shape among them.
        workers: slices that run side by side.
        trained: ids of warm starts that are there already.
    """
    loads = loads_of(slices, measurements, trained=trained)
    placed = run_in_order(loads, workers)
    trials: dict[str, float] = {}
    for place in placed:
        piece = slices[place.number]
        own = {trial.id: own_seconds(trial, measurements[shape(trial)]) for trial in piece}
        shared = place.end - place.start - sum(own.values())
        trials |= {trial: seconds + shared / len(piece) for trial, seconds in own.items()}
    return Forecast(
        loads=loads,
        trials=trials,
        training=max((place.end for place in placed), default=0.0),
        busy=sum(place.end - place.start for place in placed),
    )


def loads_of(slices: Sequence[Slice], measurements: Measurements, *, trained: Collection[str] = ()) -> tuple[Load, ...]:
    """What each slice costs the worker that takes it."""
    return tuple(_load(piece, measurements, trained) for piece in slices)


def _load(piece: Slice, measurements: Measurements, trained: Collection[str]) -> Load:
    first = piece[0]
    measured = measurements[shape(first)]
    found = first.warm_start_id in trained
    epochs = max(trial.train.epochs for trial in piece)
    return Load(
        before=SLICE_SECONDS + measured.opening,
        warm_start=None if found else first.warm_start_id,
        warm=0.0 if found else _warm_start_seconds(first, measured),
        after=_shared_seconds(first, measured, epochs)
        + sum(own_seconds(trial, measured) + TRACKING_SECONDS for trial in piece),
    )


def own_seconds(trial: Trial, measured: Measured) -> float:
    """Of a trial's own lane: its steps, its looks at the selection cases, its evaluation."""
    # the weights that a lane starts from are judged, too
    before = selection_cases(trial) * measured.losses[loss_kind(trial.loss)].look
    return before + trial.train.epochs * epoch_seconds(trial, measured) + evaluation_seconds(trial, measured)


def epoch_seconds(trial: Trial, measured: Measured) -> float:
    """Of a lane's steps, and of its look at the selection cases."""
    cost = measured.losses[loss_kind(trial.loss)]
    return _steps(trial, measured) * cost.step + selection_cases(trial) * cost.look


def evaluation_seconds(trial: Trial, measured: Measured) -> float:
    """Of judging a trained network case by case, and of its pictures."""
    return measured.judged * evaluation_cases(trial) * measured.case + measured.pictures


def _steps(trial: Trial, measured: Measured) -> float:
    """Of an epoch."""
    return measured.shown * steps_per_epoch(trial)


def _warm_start_seconds(trial: Trial, measured: Measured) -> float:
    if trial.warm_start is None:
        return 0.0
    cost = measured.losses[warm_start_kind(trial.warm_start)]
    epochs = trial.warm_start.epochs
    own = epochs * _steps(trial, measured) * cost.step + (1 + epochs) * selection_cases(trial) * cost.look
    return own + _shared_seconds(trial, measured, epochs) + TRACKING_SECONDS


def _shared_seconds(trial: Trial, measured: Measured, epochs: int) -> float:
    """Of batches and selection cases, made once for all lanes."""
    return epochs * _steps(trial, measured) * measured.batch + (1 + epochs) * selection_cases(trial) * measured.loading


def epochs_as_loads(slices: Sequence[Slice], *, trained: Collection[str] = ()) -> tuple[Load, ...]:
    """What slices cost where nothing has been measured: epochs, all lanes' together."""
    return tuple(_epochs(piece, trained) for piece in slices)


def _epochs(piece: Slice, trained: Collection[str]) -> Load:
    lanes = sum(trial.train.epochs for trial in piece)
    settings, name = piece[0].warm_start, piece[0].warm_start_id
    if settings is None or name in trained:
        return Load(before=0, warm_start=None, warm=0, after=lanes)
    return Load(before=0, warm_start=name, warm=settings.epochs, after=lanes)


def may_stop_early(trials: Sequence[Trial]) -> bool:
    """Whether a forecast of them is an upper bound: some patience is shorter than the epochs it may save."""
    return any(
        settings.patience < settings.epochs
        for trial in trials
        for settings in (trial.train, trial.warm_start)
        if settings is not None
    )
