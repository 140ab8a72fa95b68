"""Bootstrap-t: intervals and p-values from the resampling distribution of mean/SE, many means at once.

The interval m − t*₍high₎·SE … m − t*₍low₎·SE is second-order correct on both sides (Hall 1988), which the percentile
interval is not: it follows skewed differences instead of pretending that they are symmetric.
"""

import math

import numpy as np
from numpy.typing import NDArray

from segsweep.errors import InputError
from segsweep.statistics.levels import check_level
from segsweep.statistics.moments import Estimates, Floats


def tail_rank(resamples: int, level: float) -> int:
    """k such that the k-th smallest and k-th largest of R resampled values bound an interval: k = ⌊(R+1)(1−level)/2⌋.

    Whole order statistics, not interpolated quantiles, make an interval exclude 0 exactly when the (1+count)/(R+1)
    p-value is at most 1 − level, and make it change sign exactly with the data (Davison & Hinkley 1997, section 5.2).

    Raises:
        InputError: the level is not between 0 and 1, or R is too small for it.
    """
    check_level(level)
    rank = math.floor((resamples + 1) * (1 - level) / 2 + 1e-9)
    if rank < 1:
        raise InputError(f"{resamples} resamples cannot bound a {level:.4g} interval: it takes {2 / (1 - level):.0f}")
    return rank


def bounds(sample: Estimates, draws: Floats, *, level: float) -> tuple[Floats, Floats]:
    """Equal-tailed bootstrap-t interval of every mean.

    Args:
        sample: the estimates.
        draws: their t*, shape (columns, resamples).
        level: confidence level.

    Returns:
        Lower and upper ends, shape (columns,). Unbounded where fewer than two units have a value: one case says
        nothing about the spread between cases.
    """
    rank = tail_rank(draws.shape[1], level)
    places = [rank - 1, draws.shape[1] - rank]
    ends = np.array([np.partition(row, places)[places] for row in draws])
    known = np.isfinite(sample.standard_error)
    error = np.where(known, sample.standard_error, 1.0)
    low = np.where(known, sample.estimate - ends[:, 1] * error, -np.inf)
    high = np.where(known, sample.estimate - ends[:, 0] * error, np.inf)
    return low, high


def p_values(sample: Estimates, draws: Floats) -> Floats:
    """Two-sided p of every mean against 0: twice the smaller tail, each (1 + count)/(R + 1); shape (columns,).

    - All values 0: p = 1, the two settings do the same.
    - Fewer than two units with a value: p = 1, nothing can be said.
    - All values equal and not 0: the bootstrap sees no spread at all and would answer 2/(R+1) for two cases as for
      two hundred. The exact sign-flip p of such data, 2^(1−u) with u units, is given where it is larger.
    """
    statistic = sample.statistic[:, None]
    above = 1 + np.count_nonzero(draws >= statistic, axis=1)
    below = 1 + np.count_nonzero(draws <= statistic, axis=1)
    p = np.minimum(2 * np.minimum(above, below) / (draws.shape[1] + 1), 1.0)
    p = np.maximum(p, smallest_p(sample))
    return np.where(np.isfinite(sample.standard_error), p, 1.0)


def symmetric_p_values(sample: Estimates, draws: Floats) -> Floats:
    """Two-sided p of every mean against 0 from |t|: (1 + #{|t*| ≥ |t|})/(R + 1); shape (columns,).

    What corrections work on. They read far tails, and the far tails of the bootstrap-t of few heavy-tailed values are
    too light one at a time: Holm on equal tails erred in 9 % of the families of 20 Laplace differences.
    """
    statistic = np.abs(sample.statistic)[:, None]
    beyond = np.count_nonzero(draws >= statistic, axis=1) + np.count_nonzero(draws <= -statistic, axis=1)
    p = np.minimum(1 + beyond, draws.shape[1] + 1) / (draws.shape[1] + 1)
    return np.where(np.isfinite(sample.standard_error), np.maximum(p, smallest_p(sample)), 1.0)


def smallest_p(sample: Estimates) -> Floats:
    """Sign-flip p of means whose values are all equal and not 0, and 0 for all others; shape (columns,)."""
    return np.where(constant(sample), sign_flip_floor(sample), 0.0)


def constant(sample: Estimates) -> NDArray[np.bool_]:
    """Means whose values are all equal and not 0, which the bootstrap sees no spread in; shape (columns,)."""
    equal: NDArray[np.bool_] = (sample.standard_error == 0) & (sample.estimate != 0)
    return equal


def sign_flip_floor(sample: Estimates) -> Floats:
    """The least two-sided p that flipping the signs of the untied units can give, 2^(1−u); 0 where all are tied."""
    return np.where(sample.untied > 0, np.exp2(1.0 - sample.untied), 0.0)
