"""Linear resampling between grids that cover the same field of view, voxel edges aligned.

Separable: one small matrix per axis. Where an axis shrinks the triangle kernel widens with it, so that no voxel is
skipped (anti-aliasing); where it grows this is plain linear interpolation.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


@lru_cache(maxsize=256)
def kernel(old: int, new: int) -> NDArray[np.float32]:
    """Weights of `old` voxels in `new` voxels, shape (new, old); rows sum to 1."""
    scale = old / new
    support = max(scale, 1.0)
    centres = (np.arange(new) + 0.5) * scale - 0.5
    distance = np.abs(np.arange(old)[None, :] - centres[:, None]) / support
    weights = np.clip(1 - distance, 0, None)
    # beyond the edge the image goes on with its edge value
    if scale < 1:
        weights[:, 0] += np.clip(-centres, 0, None)
        weights[:, -1] += np.clip(centres - (old - 1), 0, None)
    normalised: NDArray[np.float32] = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return normalised


def resample(array: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Resample (channels, *old shape) to (channels, *shape)."""
    for axis, new in enumerate(shape, start=1):
        if array.shape[axis] != new:
            moved = np.moveaxis(array, axis, -1) @ kernel(array.shape[axis], new).T
            array = np.moveaxis(moved, -1, axis)
    return np.ascontiguousarray(array)


def nearest(label: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Resample label values of shape (*old shape) to (*shape): the value at the nearest voxel centre."""
    for axis, new in enumerate(shape):
        if label.shape[axis] != new:
            # whole numbers: where two voxels are equally near, rounding must not decide
            index = (2 * np.arange(new) + 1) * label.shape[axis] // (2 * new)
            label = np.take(label, index, axis=axis)
    return label
