"""What a loss may learn from the training labels before training starts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class LabelStatistics:
    """Statistics of the training labels of one fold, on the training grid; one entry per label, background first.

    A binary task has two entries (background, foreground) although its network has one output channel.

    Args:
        prior: share of all voxels that carry the label; sums to 1.
        mean_volume: mean number of voxels of the label per image, images without it counted as 0.
        mean_present_volume: the same over the images that do have the label; 0 where none has it.
    """

    prior: tuple[float, ...]
    mean_volume: tuple[float, ...]
    mean_present_volume: tuple[float, ...]


def label_statistics(voxels: NDArray[np.float64]) -> LabelStatistics:
    """Statistics of some images' labels.

    Args:
        voxels: of each label in each image, shape (images, labels), background first.
    """
    present = np.maximum((voxels > 0).sum(axis=0), 1)
    return LabelStatistics(
        prior=tuple((voxels.sum(axis=0) / voxels.sum()).tolist()),
        mean_volume=tuple(voxels.mean(axis=0).tolist()),
        mean_present_volume=tuple((voxels.sum(axis=0) / present).tolist()),
    )
