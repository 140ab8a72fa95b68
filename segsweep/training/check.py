"""Whether the parts that a trial names can be built at all."""

from segsweep.data.augmentation import build_augmentation
from segsweep.losses.build import build_loss
from segsweep.losses.label_statistics import LabelStatistics
from segsweep.spec.datasets import FileDataset
from segsweep.spec.settings import logits_per_voxel
from segsweep.spec.trials import Trial
from segsweep.training.networks import build_network


def build_parts(trial: Trial) -> None:
    """Build a trial's network, augmentation and loss once, and throw them away.

    Raises:
        GridError: one of them does not exist or refuses its arguments.
    """
    labels = len(trial.facts.labels)
    axes, channels = 2, 1
    if isinstance(trial.dataset, FileDataset):
        preprocess = trial.dataset.preprocess
        patch = preprocess.patch.size if preprocess.patch else None
        grid = patch or preprocess.size or preprocess.resize or preprocess.spacing
        axes = len(grid) if grid else axes
        channels = len(preprocess.channels) if preprocess.channels else channels
    outputs = logits_per_voxel(trial.facts.labels)
    build_network(trial.network, axes=axes, channels=channels, outputs=outputs, seed=0)
    build_augmentation(trial.augment)
    equal = tuple(1 / labels for _ in range(labels))
    build_loss(trial.loss.name, trial.loss.arguments, labels=LabelStatistics(equal, equal, equal))
