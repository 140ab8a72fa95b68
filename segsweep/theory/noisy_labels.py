"""Optimal segmentations under label noise that is known voxel by voxel (Nordström et al. 2022, arXiv 2206.06484).

The marginal m_i is the probability that voxel i is foreground, e.g. the mean of several raters.
"""

from typing import NamedTuple

import numpy as np

from segsweep.theory.uncertain_region import Array, Mask


class DiceOptimum(NamedTuple):
    """The segmentation s that maximises D_m(s) = 2 Σ s·m / (|s| + |m|).

    Args:
        mask: bool, the shape of the marginals.
        dice: D* = D_m(mask).
    """

    mask: Mask
    dice: float


class VolumeBounds(NamedTuple):
    """Bounds on the volume of a Dice optimum, as a share of the domain."""

    low: float
    high: float


def accuracy_optimum(marginals: Array) -> Mask:
    """Return 1[m ≥ ½], the segmentation with the highest expected accuracy."""
    mask: Mask = marginals >= 0.5
    return mask


def dice_optimum(marginals: Array) -> DiceOptimum:
    """Return the largest optimum of D_m; it is {m ≥ D*/2} and contains the accuracy optimum.

    The expected Dice itself has this optimum only where the labelled volume is certain; `rank_dice` has the exact rule.

    Args:
        marginals: probabilities, any shape.
    """
    ordered = np.sort(marginals, axis=None)[::-1]
    scores = 2 * np.cumsum(ordered) / (np.arange(1, ordered.size + 1) + ordered.sum())
    best = float(scores.max(initial=0.0))
    if best == 0:
        # no voxel can be foreground: leaving all out is right with certainty
        return DiceOptimum(np.zeros(marginals.shape, dtype=np.bool_), 1.0)
    # rounding must not decide whether a voxel exactly at the threshold is in
    return DiceOptimum(marginals >= best / 2 * (1 - 1e-12), best)


def dice_threshold(marginals: Array) -> float:
    """Return D*/2, the threshold on calibrated probabilities that is best for Dice; never above ½."""
    return dice_optimum(marginals).dice / 2


def dice_volume_bounds(mean_marginal: float) -> VolumeBounds:
    """Return sharp bounds |m|² ≤ |s| ≤ 1 on the volume of a Dice optimum, the domain having volume 1.

    Args:
        mean_marginal: |m|, the expected labelled volume.
    """
    return VolumeBounds(mean_marginal**2, 1.0)


def lowest_optimal_dice(mean_marginal: float) -> float:
    """Return 2|m|/(1+|m|), the smallest D* that marginals of that mean can have."""
    return 2 * mean_marginal / (1 + mean_marginal)
