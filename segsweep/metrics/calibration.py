"""How far predicted probabilities are from what they promise, and what any other threshold would have given."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

ECE_BINS = 20

_PARTS = 256


def expected_calibration_error(
    probability: NDArray[np.float32], true: NDArray[np.bool_] | NDArray[np.float64]
) -> float:
    """ECE over all voxels of one case: Σ_b n_b/n · |mean probability − share of foreground| in 20 equal bins.

    It bounds the volume bias per voxel: |mean(p − y)| ≤ ECE, by the triangle inequality over the bins.
    """
    flat = probability.ravel()
    bins = np.minimum((flat * ECE_BINS).astype(np.intp), ECE_BINS - 1)
    gap = np.bincount(bins, weights=flat.astype(np.float64) - true.ravel(), minlength=ECE_BINS)
    return float(np.abs(gap).sum() / flat.size)


def counts_at_thresholds(
    probability: NDArray[np.float32],
    true: NDArray[np.bool_] | NDArray[np.float64],
    thresholds: NDArray[np.float64],
) -> tuple[list[int], list[int]]:
    """Predicted and true-positive voxels at each threshold t, where a voxel is predicted if its probability is ≥ t.

    Args:
        probability: of the label, between 0 and 1, any shape.
        true: mask, or share of raters, of the same shape; of shares, sums are rounded.
        thresholds: ascending from 0 to 1, more than 1/256 apart.
    """
    flat = probability.ravel()
    # a probability lies in one of 256 parts of [0, 1], and a part holds one threshold at most: nothing is searched for
    parts = (flat * np.float32(_PARTS)).astype(np.uint16)
    reached, following = _by_part(tuple(thresholds.tolist()))
    count = reached[parts] + (flat >= following[parts])
    bins = len(thresholds) + 1
    everywhere = np.bincount(count, minlength=bins)
    inside = (
        np.bincount(count[true.ravel()], minlength=bins)
        if true.dtype == bool
        else np.bincount(count, weights=true.ravel(), minlength=bins)
    )
    return _at_least(everywhere), _at_least(inside)


@cache
def _by_part(thresholds: tuple[float, ...]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Of each part of [0, 1]: how many thresholds its start has reached, and the next one, rounded up to a float32."""
    exact = np.array(thresholds)
    above = exact.astype(np.float32)
    above = np.where(above < exact, np.nextafter(above, np.float32(2)), above)
    reached = np.searchsorted(exact, np.arange(_PARTS + 1) / _PARTS, side="right").astype(np.uint8)
    return reached, np.append(above, np.float32(np.inf))[reached]


def _at_least(histogram: NDArray[np.generic]) -> list[int]:
    counts: list[int] = np.rint(histogram[::-1].cumsum()[::-1][1:]).astype(np.int64).tolist()
    return counts
