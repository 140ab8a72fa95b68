"""The share of cases that something holds for, with an interval that has a width at 0 and at 1 too."""

import numpy as np

from segsweep.statistics.intervals import Interval
from segsweep.statistics.levels import normal_quantile
from segsweep.statistics.moments import Floats


def share_interval(holds: Floats, *, level: float = 0.95) -> Interval:
    """Share of cases, by Wilson's score interval (Wilson 1927): where |share − θ| = z·√(θ(1−θ)/n).

    A resampled 0 of 40 is 0 of 40 every time: the bootstrap has no interval there, and none to speak of near it.

    >>> found = share_interval(np.array([0.0] * 40))
    >>> found.estimate, found.low, round(found.high, 3)
    (0.0, 0.0, 0.088)

    Args:
        holds: per case 1 or 0, or the share of a case's repeats between them, shape (cases,); nan = no answer. Cases
            are taken as independent: several images of one patient make the interval too short.
        level: confidence level.

    Raises:
        InputError: the level is not between 0 and 1.
    """
    z = normal_quantile(level)
    known = holds[np.isfinite(holds)]
    n = len(known)
    if not n:
        return Interval(np.nan, np.nan, np.nan, level, "Wilson 1927", np.nan, 0)
    share = float(known.mean())
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * float(np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))) / (1 + z**2 / n)
    # at its ends the interval is exact, rounding or not
    low, high = (0.0 if share == 0 else centre - half), (1.0 if share == 1 else centre + half)
    return Interval(share, low, high, level, "Wilson 1927", float(np.sqrt(share * (1 - share) / n)), n)
