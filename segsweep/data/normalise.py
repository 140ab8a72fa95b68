"""Intensity scaling of one image, channel by channel."""

import numpy as np
from numpy.typing import NDArray

from segsweep.spec.preprocess import Normalise


def normalise(image: NDArray[np.float32], how: Normalise) -> NDArray[np.float32]:
    """Scale (channels, *space); a channel without any contrast becomes 0."""
    match how.method:
        case "none":
            return image
        case "zscore":
            return np.stack([_zscore(channel, channel) for channel in image])
        case "zscore_nonzero":
            return np.stack([np.where(channel != 0, _zscore(channel, channel[channel != 0]), 0) for channel in image])
    assert how.bounds is not None
    low, high = how.bounds
    if how.method == "window":
        return ((np.clip(image, low, high) - low) / (high - low)).astype(np.float32)
    clipped = [np.clip(channel, *np.percentile(channel, (low, high))) for channel in image]
    return np.stack([_zscore(channel, channel) for channel in clipped])


def _zscore(channel: NDArray[np.float32], reference: NDArray[np.float32]) -> NDArray[np.float32]:
    # float64: intensities up to 1e6 over 1e7 voxels lose digits in float32
    mean, deviation = (reference.mean(dtype=np.float64), reference.std(dtype=np.float64)) if reference.size else (0, 0)
    if deviation == 0:
        return np.zeros_like(channel, dtype=np.float32)
    return ((channel - mean) / deviation).astype(np.float32)
