"""The weights that all losses of a cohort start from, trained once (Bertels 2019, section 3, phase 1)."""

import io
import time
from contextlib import suppress

import torch

from segsweep.data.batches import Batches
from segsweep.errors import StoreError, TrainingError
from segsweep.spec.catalogue import resolve
from segsweep.spec.settings import WarmStart
from segsweep.spec.trials import Trial
from segsweep.store.claims import Claim, Observer
from segsweep.store.keys import warm_start_failure_key, warm_start_key
from segsweep.tracking.describe import describe_warm_start
from segsweep.tracking.protocol import Ending
from segsweep.training.checkpoint import Checkpoints
from segsweep.training.lane import Lane, Weights, build_lane
from segsweep.training.loop import Training
from segsweep.training.reasons import TRANSIENT, reason_class, reason_line
from segsweep.training.saving import Saving
from segsweep.training.workplace import Progress, Workplace

_NAME = "warm start"
_LOOK_SECONDS = 0.5


def warm_start(trial: Trial, batches: Batches, place: Workplace) -> Weights | None:
    """The weights that a trial starts from: found again, or trained now if nobody has; None = from scratch.

    One process trains a warm start, the others that need it wait.

    Raises:
        TrainingError: the warm start diverged, now or before.
    """
    settings, name = trial.warm_start, trial.warm_start_id
    if settings is None or name is None:
        return None
    observer = Observer(place.claims)
    while True:
        content = place.blobs.get(warm_start_key(name))
        if content is not None:
            weights: Weights = torch.load(io.BytesIO(content), map_location=place.device, weights_only=True)
            return weights
        failed = place.blobs.get(warm_start_failure_key(name))
        if failed is not None:
            raise TrainingError(failed.decode())
        observer.look(name)
        claim = place.claims.take(name, over=observer.stale().get(name, 0))
        if claim is None:
            place.report(Progress(_NAME, 0.0, {}))
            time.sleep(_LOOK_SECONDS)
        elif place.blobs.get(warm_start_key(name)) is None:
            _train(trial, settings, claim, batches, place)


def _train(trial: Trial, settings: WarmStart, claim: Claim, batches: Batches, place: Workplace) -> None:
    """Put the weights, or the reason why there are none, into the store."""
    lane = build_lane(trial, resolve(settings.loss, {}), settings, settings.lr, batches, None, place.device)
    run = place.tracker.open_run(place.parent, describe_warm_start(trial, claim.fence))
    saving = Saving(claim.name, lane, run, Checkpoints(place.blobs, claim.name, claim.fence), place.journal)
    saving.go_on()
    training = Training(
        {_NAME: lane},
        batches,
        _NAME,
        trial.stream_seed("dropout"),
        lambda name, number: saving.on_start(number),
        lambda name, epoch: saving.on_epoch(epoch),
    )
    try:
        training.run(lambda done: place.report(Progress(_NAME, done / settings.epochs, {})))
        _raise_failure(training.failures.get(_NAME), lane)
        content = io.BytesIO()
        torch.save(lane.best_weights(), content)
        place.blobs.put(warm_start_key(claim.name), content.getvalue())
    except Exception as error:
        reason, kind = reason_line(error), reason_class(error)
        run.finish(Ending("interrupted" if kind in TRANSIENT else "failed", reason, kind), {}, {})
        with suppress(OSError, StoreError):
            if kind not in TRANSIENT:
                place.blobs.put(warm_start_failure_key(claim.name), reason.encode())
            place.claims.release(claim, "failed")
        raise
    run.finish(Ending("finished"), {}, {})
    place.claims.release(claim, "trained")


def _raise_failure(error: Exception | None, lane: Lane) -> None:
    if error is not None:
        raise error
    if lane.state == "diverged":
        raise TrainingError(f"the warm start diverged: {lane.reason}")
