"""Does the predicted volume tell whether the structure is there at all? ROC and area under it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segsweep.errors import InputError
from segsweep.statistics.intervals import Interval
from segsweep.statistics.levels import normal_quantile
from segsweep.statistics.moments import Floats


@dataclass(frozen=True, eq=False)
class Presence:
    """Cases called positive when their predicted volume reaches a threshold.

    Attributes:
        thresholds: falling, first inf, shape (points,); in the unit of the volumes.
        sensitivity: share of the cases with the structure at or above it, shape (points,).
        false_positive_rate: share of the cases without it at or above it, shape (points,).
        auc: area under the curve.
    """

    thresholds: Floats
    sensitivity: Floats
    false_positive_rate: Floats
    auc: Interval


def presence_by_volume(predicted: Floats, present: NDArray[np.bool_], *, level: float = 0.95) -> Presence:
    """ROC of presence by predicted volume.

    The area is the probability that a case with the structure has the larger predicted volume, ties counted half
    (Hanley & McNeil 1982). Its interval solves |AUC − θ| = z·SE(θ) for θ (Newcombe 2006, method 5), so that it stays
    within 0 … 1 and has a length where all cases are told apart, which DeLong's has not.

    Args:
        predicted: predicted volumes, shape (cases,), ml, mm² or px; nan = no prediction.
        present: whether the truth has the structure, shape (cases,). Cases are taken as independent: several images of
            one patient make the interval too short.
        level: confidence level.

    Raises:
        InputError: all cases have the structure, or none has, or the level is not between 0 and 1.
    """
    z = normal_quantile(level)
    known = np.isfinite(predicted)
    positive, negative = np.sort(predicted[known & present]), np.sort(predicted[known & ~present])
    if not (len(positive) and len(negative)):
        raise InputError(f"{len(positive)} cases with and {len(negative)} without the structure: a ROC takes both")
    thresholds = np.concatenate([[np.inf], np.unique(predicted[known])[::-1]])
    below = np.searchsorted(negative, positive, "left") + np.searchsorted(negative, positive, "right")
    auc = float(below.sum()) / (2 * len(positive) * len(negative))
    low = _newcombe(auc, -z, len(positive), len(negative))
    high = _newcombe(auc, z, len(positive), len(negative))
    error = float(np.sqrt(_variance(auc, len(positive), len(negative))))
    return Presence(
        thresholds=thresholds,
        sensitivity=1 - np.searchsorted(positive, thresholds, "left") / len(positive),
        false_positive_rate=1 - np.searchsorted(negative, thresholds, "left") / len(negative),
        auc=Interval(auc, low, high, level, "newcombe", error, len(positive) + len(negative)),
    )


def _variance(area: float, positives: int, negatives: int) -> float:
    """Hanley & McNeil's variance with both numbers of cases replaced by their mean − 1 in the numerator."""
    extra = (positives + negatives) / 2 - 1
    factor = 1 + extra * (1 - area) / (2 - area) + extra * area / (1 + area)
    return area * (1 - area) * factor / (positives * negatives)


def _newcombe(auc: float, z: float, positives: int, negatives: int) -> float:
    """The θ on the side of z with θ = auc + z·SE(θ), by bisection: θ − z·SE(θ) crosses auc once there."""
    inner, outer = auc, float(z > 0)
    for _ in range(60):
        middle = (inner + outer) / 2
        if abs(middle - auc) < abs(z) * np.sqrt(_variance(middle, positives, negatives)):
            inner = middle
        else:
            outer = middle
    return (inner + outer) / 2
