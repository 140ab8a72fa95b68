"""A trained network applied to an image that has no label."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from segsweep.data.new_image import NewImage
from segsweep.training.inference import decide, predict
from segsweep.training.judgement import Seen


@dataclass(frozen=True)
class Segmented:
    """What a network says about an image.

    Args:
        mask: (*native), label values.
        labels: foreground label by label, with its volumes.
    """

    mask: NDArray[np.uint8]
    labels: tuple[Seen, ...]


def segment(network: nn.Module, image: NewImage, threshold: float | None, device: torch.device) -> Segmented:
    """Label every voxel of an image's native grid, as in the evaluation of a trial.

    Args:
        network: in evaluation mode.
        image: on the training grid.
        threshold: of the probability of the one foreground label; None = arg-max of several.
        device: to predict on.
    """
    (on_grid,) = predict(network, [image], device)
    foreground = image.geometry.to_native(on_grid)
    # in float64, where a threshold is what it says, as for the counts that thresholds are chosen by
    mask = decide(foreground) if threshold is None else (foreground[0].astype(np.float64) >= threshold).astype(np.uint8)
    labels = (Seen(share, mask == value, image.geometry) for value, share in enumerate(foreground, start=1))
    return Segmented(mask, tuple(labels))
