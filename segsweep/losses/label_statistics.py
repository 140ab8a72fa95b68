"""What a loss may learn from the training labels before training starts."""

from dataclasses import dataclass


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
