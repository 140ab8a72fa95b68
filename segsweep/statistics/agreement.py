"""Bland–Altman limits of agreement between predicted and true volume."""

from dataclasses import dataclass

import numpy as np
from scipy.special import nctdtrit, ndtri, stdtrit

from segsweep.errors import InputError
from segsweep.statistics.intervals import Interval
from segsweep.statistics.moments import Floats


@dataclass(frozen=True)
class Agreement:
    """Where the volume error of a further case is expected.

    Attributes:
        bias: mean ΔV with its t interval.
        lower: lower limit of agreement, bias − z·s, with the interval of the limit.
        upper: upper limit of agreement, bias + z·s, with the interval of the limit.
        coverage: share of cases between the two limits, if ΔV is normal.
    """

    bias: Interval
    lower: Interval
    upper: Interval
    coverage: float


def bland_altman(predicted: Floats, true: Floats, *, coverage: float = 0.95, level: float = 0.95) -> Agreement:
    """Limits of agreement with exact intervals (Bland & Altman 1986; Carkeet 2015).

    The upper limit μ + zσ lies below m + k·s with probability q when k√n is the q-quantile of the non-central t
    distribution with n − 1 degrees of freedom and non-centrality z√n. Exact for normal ΔV; the usual approximation
    s·√(1/n + z²/2(n−1)) is its large-sample limit. Volume errors with a heavy tail need more cases than this says.

    Args:
        predicted: shape (cases,), ml, mm² or px; nan = no prediction.
        true: shape (cases,), same unit. Cases are taken as independent: with several images per patient, use one each.
        coverage: share of cases between the limits.
        level: confidence level of the three intervals.

    Raises:
        InputError: fewer than two cases, or coverage or level not between 0 and 1.
    """
    error = predicted - true
    error = error[np.isfinite(error)]
    n = len(error)
    if n < 2:
        raise InputError(f"{n} cases: limits of agreement take at least two")
    if not (0 < coverage < 1 and 0 < level < 1):
        raise InputError(f"coverage {coverage}, level {level}: both lie between 0 and 1")
    mean, spread = float(error.mean()), float(error.std(ddof=1))
    z = float(ndtri((1 + coverage) / 2))
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    near, far = (float(k) * spread for k in nctdtrit(n - 1, z * np.sqrt(n), tails) / np.sqrt(n))
    half = float(stdtrit(n - 1, tails[1])) * spread / np.sqrt(n)
    limit_error = spread * np.sqrt(1 / n + z**2 / (2 * (n - 1)))
    return Agreement(
        bias=Interval(mean, mean - half, mean + half, level, "t", spread / np.sqrt(n), n),
        lower=Interval(mean - z * spread, mean - far, mean - near, level, "noncentral-t", limit_error, n),
        upper=Interval(mean + z * spread, mean + near, mean + far, level, "noncentral-t", limit_error, n),
        coverage=coverage,
    )
