"""The interval of one mean, by bootstrap-t, percentile or BCa, and its test against 0."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy.special import ndtr, ndtri

from segsweep.errors import InputError
from segsweep.statistics import studentised
from segsweep.statistics.moments import Floats, Means, means, resampled_shifts, resampled_statistics
from segsweep.statistics.resampling import Weights

Method = Literal["studentised", "percentile", "bca"]


@dataclass(frozen=True)
class Interval:
    """An estimate and the range its true value is claimed to lie in.

    Attributes:
        estimate: the number itself; nan where no case has a value.
        low: lower end; -inf where nothing bounds it.
        high: upper end; inf where nothing bounds it.
        level: confidence level.
        method: how the ends were found.
        standard_error: of the estimate; nan with fewer than two cases.
        n: number of cases behind it.
    """

    estimate: float
    low: float
    high: float
    level: float
    method: str
    standard_error: float
    n: int


def mean_interval(values: Floats, weights: Weights, *, level: float = 0.95, method: Method = "studentised") -> Interval:
    """Interval of the mean of per-case values, for example of the differences between two settings.

    >>> from segsweep.statistics.resampling import bootstrap_weights
    >>> weights = bootstrap_weights(30, 1999, rng=np.random.default_rng(0))
    >>> found = mean_interval(np.arange(30.0), weights)
    >>> round(found.estimate, 1), found.low < 14.5 < found.high
    (14.5, True)

    Args:
        values: shape (cases,), in the unit of the result; nan = the case has none.
        weights: resamples of the same cases.
        level: confidence level.
        method: `studentised` (bootstrap-t, Efron 1979; default), `percentile`, or `bca` (Efron 1987). None of them
            keeps its level below about 20 cases or where most values are tied; the last two fall short below 50.

    Raises:
        InputError: the numbers of cases differ, a value is infinite, the method is unknown, or there are too few
            resamples for the level.
    """
    sample = means(np.asarray(values, dtype=np.float64)[None, :], weights)
    low, high = _bounds(sample, weights, level, method)
    return Interval(
        float(sample.estimate[0]), low, high, level, method, float(sample.standard_error[0]), int(sample.n[0])
    )


def mean_test(values: Floats, weights: Weights, *, method: Method = "studentised") -> float:
    """Two-sided p of the mean against 0; at most α exactly when the interval of level 1 − α excludes 0 (`bca`: nearly).

    Args:
        values: shape (cases,); nan = the case has no value.
        weights: resamples of the same cases.
        method: as in `mean_interval`.

    Raises:
        InputError: as in `mean_interval`.
    """
    sample = means(np.asarray(values, dtype=np.float64)[None, :], weights)
    if method == "studentised":
        return float(studentised.p_values(sample, resampled_statistics(sample, weights))[0])
    if sample.units[0] < 2:
        return 1.0
    drawn = sample.estimate[0] + resampled_shifts(sample, weights)[0]
    below = float(1 + np.count_nonzero(drawn <= 0)) / (len(drawn) + 1)
    above = float(1 + np.count_nonzero(drawn >= 0)) / (len(drawn) + 1)
    if method == "bca":
        bias, acceleration = _bca_shape(sample, drawn)
        below, above = _bca_share(below, bias, acceleration), _bca_share(above, -bias, -acceleration)
    elif method != "percentile":
        raise _unknown(method)
    return max(min(2 * min(below, above), 1.0), float(studentised.smallest_p(sample)[0]))


def _bounds(sample: Means, weights: Weights, level: float, method: Method) -> tuple[float, float]:
    if method == "studentised":
        low, high = studentised.bounds(sample, resampled_statistics(sample, weights), level=level)
        return float(low[0]), float(high[0])
    rank = studentised.tail_rank(weights.resamples, level)
    if sample.units[0] < 2:
        return -np.inf, np.inf
    drawn = np.sort(sample.estimate[0] + resampled_shifts(sample, weights)[0])
    if method == "percentile":
        return float(drawn[rank - 1]), float(drawn[-rank])
    if method == "bca":
        bias, acceleration = _bca_shape(sample, drawn)
        tail = (1 - level) / 2
        return (
            _from_below(drawn, _bca_level(tail, bias, acceleration)),
            -_from_below(-drawn[::-1], _bca_level(tail, -bias, -acceleration)),
        )
    raise _unknown(method)


def _from_below(ordered: Floats, share: float) -> float:
    """The ⌊(R+1)·share⌋-th smallest of R ordered values, the smallest or largest where that lies outside."""
    rank = int((len(ordered) + 1) * share + 1e-9)
    return float(ordered[min(max(rank, 1), len(ordered)) - 1])


def _bca_shape(sample: Means, drawn: Floats) -> tuple[float, float]:
    """Median bias z₀ and acceleration a = Σd³ / 6(Σd²)^1.5 from the jackknife (Efron & Tibshirani 1993, eq. 14.15)."""
    if sample.standard_error[0] == 0:
        return 0.0, 0.0
    below = np.count_nonzero(drawn < sample.estimate[0]) + np.count_nonzero(drawn <= sample.estimate[0])
    # Kept off 0 and 1, where the normal quantile is infinite: there is at least half a resample on either side.
    share = min(max(below / (2 * len(drawn)), 0.5 / len(drawn)), 1 - 0.5 / len(drawn))
    present = sample.sizes[0] > 0
    # Leaving unit g out moves the mean by −r_g/(ΣN − N_g).
    left_out = -sample.residuals[0, present] / (sample.n[0] - sample.sizes[0, present])
    influence = left_out.mean() - left_out
    return float(ndtri(share)), float((influence**3).sum() / (6 * (influence**2).sum() ** 1.5))


def _bca_level(tail: float, bias: float, acceleration: float) -> float:
    """Share of resampled means below the BCa end whose nominal tail is `tail` (Efron & Tibshirani 1993, eq. 14.10)."""
    z = bias + ndtri(tail)
    return float(ndtr(bias + z / (1 - acceleration * z)))


def _bca_share(share: float, bias: float, acceleration: float) -> float:
    """Nominal tail of the BCa interval that ends where `share` of the resampled means lie: `_bca_level` inverted."""
    if share >= 1:
        return 1.0
    z = ndtri(share) - bias
    scale = 1 + acceleration * z
    if scale <= 0:  # beyond the range of the transformation, on the side of z
        return float(z > 0)
    return float(ndtr(z / scale - bias))


def _unknown(method: str) -> InputError:
    return InputError(f"method {method!r} is unknown; allowed: {', '.join(get_args(Method))}")
