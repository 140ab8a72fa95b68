"""How much there is to do for a trial, counted in steps and cases; and which trials are the same work."""

from collections.abc import Sequence

from segsweep.spec.canonical import digest
from segsweep.spec.catalogue import resolve
from segsweep.spec.phantom_dataset import PhantomDataset
from segsweep.spec.settings import WarmStart
from segsweep.spec.trials import Trial
from segsweep.training.measured import Measured, loss_kind


def shape(trial: Trial) -> str:
    """Equal for trials whose steps and cases cost the same, apart from their losses: fold, seed and rates do not count.

    Of phantoms only the size matters; of files the contents do, for judging a case takes as long as it is large.
    """
    return digest(
        {
            "data": _data(trial),
            "labels": trial.labels.model_dump(mode="json"),
            "augment": trial.augment.model_dump(mode="json"),
            "network": trial.network.model_dump(mode="json"),
            "batch_size": trial.train.batch_size,
            "amp": trial.train.amp,
        }
    )


def _data(trial: Trial) -> dict[str, object]:
    if isinstance(trial.dataset, PhantomDataset):
        return {"phantom": trial.dataset.size}
    preprocess = trial.dataset.preprocess.identity()
    return {"files": trial.facts.fingerprint, "preprocess": preprocess, "ignore": trial.facts.ignore}


def by_shape(trials: Sequence[Trial]) -> dict[str, tuple[Trial, ...]]:
    """Shape to its trials."""
    found: dict[str, list[Trial]] = {}
    for trial in trials:
        found.setdefault(shape(trial), []).append(trial)
    return {name: tuple(members) for name, members in found.items()}


def warm_start_kind(settings: WarmStart) -> str:
    """Kind of the loss that a warm start is trained with."""
    return loss_kind(resolve(settings.loss, {}))


def covers(measured: Measured, trials: Sequence[Trial]) -> bool:
    """Whether the losses of trials, and of their warm starts, are among those that were measured."""
    wanted = {loss_kind(trial.loss) for trial in trials}
    wanted |= {warm_start_kind(trial.warm_start) for trial in trials if trial.warm_start is not None}
    return wanted <= measured.losses.keys()


def steps_per_epoch(trial: Trial) -> int:
    """Optimizer steps on all training cases; the last incomplete batch of files is left out."""
    if isinstance(trial.dataset, PhantomDataset):
        return trial.dataset.steps
    cases = len(trial.split.train)
    return cases // min(trial.train.batch_size, cases)


def selection_cases(trial: Trial) -> int:
    """Cases that choose the checkpoint, judged before the first epoch and after each."""
    if isinstance(trial.dataset, PhantomDataset):
        return trial.dataset.validation
    return len(trial.split.inner or trial.split.val)


def evaluation_cases(trial: Trial) -> int:
    """Cases that a trained network is judged by, those of training and of the test set included."""
    if isinstance(trial.dataset, PhantomDataset):
        return trial.dataset.evaluation
    split = trial.split
    return len(split.train) + len(split.inner) + len(split.val) + len(split.test)
