"""How far predicted probabilities are from what they promise, and what any other threshold would have given."""

import numpy as np
from numpy.typing import NDArray

ECE_BINS = 20


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
        probability: of the label, any shape.
        true: mask, or share of raters, of the same shape; of shares, sums are rounded.
        thresholds: ascending.
    """
    # probabilities are compared as the float32 they are: a threshold between two of them must not move
    flat = probability.ravel().astype(np.float64)
    reached = (flat >= thresholds[0]).astype(np.intp)
    # most voxels are background with a probability near 0, which need not be searched for
    high = flat >= thresholds[:2][-1]
    reached[high] = np.searchsorted(thresholds, flat[high], side="right")
    bins = len(thresholds) + 1
    everywhere = np.bincount(reached, minlength=bins)
    inside = np.bincount(reached, weights=true.ravel(), minlength=bins)
    return _at_least(everywhere), _at_least(inside)


def _at_least(histogram: NDArray[np.generic]) -> list[int]:
    counts: list[int] = np.rint(histogram[::-1].cumsum()[::-1][1:]).astype(np.int64).tolist()
    return counts
