"""Settings compared in pairs on some of the cases, and on values that are often 0 or 1, such as "was left empty".

Few values that are mostly tied have no usable bootstrap distribution of mean/SE. Signs can be flipped however few they
are: the test is exact in the first sense, and for shares it is McNemar's.
"""

from collections.abc import Sequence

import numpy as np

from papers.finding import Difference
from segsweep.reports.results import Floats
from segsweep.spec.report_settings import ReportSettings
from segsweep.statistics.equivalence import verdict
from segsweep.statistics.intervals import mean_interval
from segsweep.statistics.multiplicity import holm
from segsweep.statistics.permutation import sign_flip_test
from segsweep.statistics.resampling import Weights


def compare(
    names: Sequence[str],
    values: Floats,
    pairs: Sequence[tuple[int, int]],
    weights: Weights,
    settings: ReportSettings,
    *,
    margin: float,
) -> list[Difference]:
    """Mean differences, first − second, these models; p by sign flips, corrected by Holm over the pairs given.

    Args:
        names: of the settings.
        values: one per setting and case, shape (settings, cases); nan where the comparison is not about the case.
        pairs: places of the settings of each pair.
        weights: resamples of the cases, for percentile intervals.
        settings: level, and how often signs are flipped.
        margin: largest difference that does not matter, in the unit of the values.
    """
    if not pairs:
        return []
    gaps = [values[first] - values[second] for first, second in pairs]
    rng = np.random.default_rng([settings.seed, 2])
    p = [sign_flip_test(_by_unit(gap, weights), permutations=settings.resamples, rng=rng) for gap in gaps]
    found = []
    for (first, second), gap, corrected in zip(pairs, gaps, holm(np.array(p)), strict=True):
        interval = mean_interval(gap, weights, level=settings.level, method="percentile")
        units = len(np.unique(weights.unit_of_case[np.isfinite(gap)]))
        decided = verdict(interval, float(corrected), margin=margin, units=units)
        found.append(Difference(f"{names[first]} − {names[second]}", interval, float(corrected), decided))
    return found


def _by_unit(gap: Floats, weights: Weights) -> Floats:
    """Sums over the cases of a group, which keeps or turns its signs as a whole."""
    sums = np.bincount(weights.unit_of_case, weights=np.nan_to_num(gap), minlength=weights.units)
    return np.asarray(sums, dtype=np.float64)
