"""Another decision threshold after the fact, from the counts at 101 thresholds.

With calibrated probabilities the best threshold for an F1 score is half the best score that can be reached (Lipton,
Elkan & Naryanaswamy 2014, theorem 1): D*/2, below 0.5 wherever the segmentation is not perfect. That is a statement
about one pool of voxels; one threshold for the mean Dice over cases follows it only as far as the cases are alike.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segsweep.errors import InputError
from segsweep.statistics.moments import Floats

STEPS = 100
"""Counts are kept at the thresholds k/100, k = 0 … 100."""


@dataclass(frozen=True)
class ThresholdChoice:
    """Thresholds found on training cases, to be used on others.

    Attributes:
        best: threshold with the highest mean Dice.
        best_dice: that mean, D*.
        half: D*/2, on the grid of thresholds.
        cases: number of training cases with a non-empty truth behind it.
    """

    best: float
    best_dice: float
    half: float
    cases: int


def dice_at(predicted: NDArray[np.integer], overlap: NDArray[np.integer], true: NDArray[np.integer]) -> Floats:
    """Dice of every case at every threshold, 2TP/(P + T); nan where prediction and truth are both empty.

    Args:
        predicted: voxels at or above each threshold, shape (cases, thresholds).
        overlap: true voxels among them, same shape.
        true: true voxels, shape (cases,).

    Returns:
        Shape (cases, thresholds).
    """
    total = predicted + true[:, None]
    dice: Floats = np.divide(2.0 * overlap, total, where=total > 0, out=np.full(total.shape, np.nan))
    return dice


def choose_threshold(
    predicted: NDArray[np.integer], overlap: NDArray[np.integer], true: NDArray[np.integer]
) -> ThresholdChoice:
    """D* and D*/2 on the training cases of one fold.

    Cases with an empty truth are left out: with them, the highest threshold wins by predicting nothing.

    Args:
        predicted: voxels at or above k/100, shape (cases, 101).
        overlap: true voxels among them, same shape.
        true: true voxels, shape (cases,).

    Raises:
        InputError: not 101 thresholds, or no case with a non-empty truth.
    """
    if predicted.shape[1:] != (STEPS + 1,):
        raise InputError(f"counts at {predicted.shape[1]} thresholds; they are kept at {STEPS + 1}")
    present = true > 0
    if not present.any():
        raise InputError("no training case has a true voxel: no threshold can be chosen")
    mean = dice_at(predicted[present], overlap[present], true[present]).mean(axis=0)
    # Of equally good thresholds the one nearest to 0.5: a flat optimum should not look like an extreme choice.
    tied = np.flatnonzero(mean == mean.max())
    best = int(tied[np.argmin(np.abs(tied - STEPS // 2))])
    half = round(float(mean[best]) / 2 * STEPS)
    return ThresholdChoice(best / STEPS, float(mean[best]), half / STEPS, int(present.sum()))
