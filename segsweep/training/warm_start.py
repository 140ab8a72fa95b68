"""The weights that all losses of a cohort start from, trained once (Bertels 2019, section 3, phase 1)."""

import os
from pathlib import Path

import torch
from filelock import FileLock

from segsweep.data.batches import Batches
from segsweep.errors import TrainingError
from segsweep.spec.catalogue import resolve
from segsweep.spec.settings import WarmStart
from segsweep.spec.trials import Trial
from segsweep.tracking.protocol import Ending
from segsweep.training.lane import Lane, Weights, build_lane
from segsweep.training.loop import Training
from segsweep.training.recording import epoch_metrics, open_warm_start_run
from segsweep.training.workplace import Progress, Workplace

_NAME = "warm start"


def warm_start(trial: Trial, batches: Batches, place: Workplace) -> Weights | None:
    """The weights that a trial starts from: found again, or trained now if nobody has; None = from scratch.

    One process trains a warm start, the others that need it wait.

    Raises:
        TrainingError: the warm start diverged.
    """
    if trial.warm_start is None:
        return None
    path = place.warm_starts / f"{trial.warm_start_id}.pt"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with FileLock(f"{path}.lock"):
            if not path.exists():
                _save(_train(trial, trial.warm_start, batches, place).best_weights(), path)
    weights: Weights = torch.load(path, map_location=place.device, weights_only=True)
    return weights


def _train(trial: Trial, settings: WarmStart, batches: Batches, place: Workplace) -> Lane:
    lane = build_lane(trial, resolve(settings.loss, {}), settings, settings.lr, batches, None, place.device)
    run = open_warm_start_run(trial, place)
    training = Training(
        {_NAME: lane},
        batches,
        _NAME,
        trial.stream_seed("dropout"),
        lambda name, epoch: run.log(epoch.number, epoch_metrics(epoch)),
    )
    training.run(lambda done: place.report(Progress(_NAME, done / settings.epochs, {})))
    error = training.failures.get(_NAME)
    if error is None and lane.state == "diverged":
        error = TrainingError(f"the warm start diverged: {lane.reason}")
    run.finish(Ending("finished") if error is None else Ending("failed", str(error)), {}, {})
    if error is not None:
        raise error
    return lane


def _save(weights: Weights, path: Path) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    torch.save(weights, temporary)
    os.replace(temporary, path)
