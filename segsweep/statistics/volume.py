"""Volume error ΔV = predicted − true volume; positive = over-estimation."""

from dataclasses import dataclass

import numpy as np

from segsweep.errors import InputError
from segsweep.statistics.intervals import Interval, mean_interval, mean_test
from segsweep.statistics.moments import Floats
from segsweep.statistics.resampling import Weights


@dataclass(frozen=True)
class VolumeError:
    """What a setting does to the reported volumes.

    Attributes:
        bias: mean ΔV, in the unit of the volumes.
        p: two-sided p of the bias against 0, bootstrap-t.
        absolute: mean |ΔV|, same unit.
        relative: mean ΔV/V, a share; over the cases whose true volume is not 0.
        absolute_relative: mean |ΔV|/V, a share; over the same cases.
    """

    bias: Interval
    p: float
    absolute: Interval
    relative: Interval
    absolute_relative: Interval


def volume_error(predicted: Floats, true: Floats, weights: Weights, *, level: float = 0.95) -> VolumeError:
    """Bias and size of the volume error of one estimator (soft or hard volume).

    >>> from segsweep.statistics.resampling import bootstrap_weights
    >>> rng = np.random.default_rng(0)
    >>> true = rng.gamma(4.0, 5.0, size=60)
    >>> found = volume_error(1.1 * true, true, bootstrap_weights(60, 999, rng=rng))
    >>> round(found.relative.estimate, 3), found.bias.low > 0
    (0.1, True)

    Args:
        predicted: shape (cases,), ml, mm² or px; nan = no prediction. Cases of one unit only.
        true: shape (cases,), same unit; with several raters their mean volume, case by case.
        weights: resamples of the cases.
        level: confidence level.

    Raises:
        InputError: a volume is negative, or as in `mean_interval`.
    """
    _check(predicted, true)
    error = predicted - true
    share = np.divide(error, true, where=true > 0, out=np.full(len(true), np.nan))
    return VolumeError(
        bias=mean_interval(error, weights, level=level),
        p=mean_test(error, weights),
        absolute=mean_interval(np.abs(error), weights, level=level),
        relative=mean_interval(share, weights, level=level),
        absolute_relative=mean_interval(np.abs(share), weights, level=level),
    )


def largest_bias(ece: Floats, image_volume: Floats) -> Floats:
    """Upper bound of |soft ΔV| of each case: ECE × volume of all its voxels.

    |Σ(p − y)| ≤ Σ_bins |Σ_bin (p − y)| by the triangle inequality, and the right side is ECE × number of voxels. The
    bound needs an ECE over the same voxels as the volume, and says nothing about the hard volume.

    Args:
        ece: expected calibration error of each case, a share, shape (cases,).
        image_volume: volume of all voxels that ECE was computed on, shape (cases,).

    Returns:
        The bound, in the unit of `image_volume`; shape (cases,).

    Raises:
        InputError: an ECE is not between 0 and 1.
    """
    if ((ece < 0) | (ece > 1)).any():
        raise InputError("an expected calibration error is a share between 0 and 1")
    return ece * image_volume


def _check(predicted: Floats, true: Floats) -> None:
    if (predicted < 0).any() or (true < 0).any():
        raise InputError("a volume is negative")
