"""The model confidence set: the settings that cannot be ruled out as the best."""

from dataclasses import dataclass

import numpy as np

from segsweep.errors import InputError
from segsweep.statistics.moments import Floats, means, resampled_shifts
from segsweep.statistics.resampling import Weights


@dataclass(frozen=True, eq=False)
class ConfidenceSet:
    """Which settings stay in the set.

    Attributes:
        p: MCS p-value of each setting, shape (settings,); at level 1 − α the set holds those with p > α. The best
            setting has p = 1.
        n: number of cases that all settings have.
    """

    p: Floats
    n: int

    def members(self, *, level: float = 0.95) -> tuple[int, ...]:
        """Rows of the settings in the set; it holds the truly best one with this probability."""
        return tuple(int(row) for row in np.flatnonzero(self.p > 1 - level))


def model_confidence_set(scores: Floats, weights: Weights) -> ConfidenceSet:
    """Drop the worst setting while the hypothesis "all that are left are equally good" can be rejected.

    Equivalence test and elimination use T_max = max_i t_i, t_i = (mean of the others' lead over i)/SE, with bootstrap
    standard errors; the p-value of a setting is the largest one met until it is dropped (Hansen, Lunde & Nason 2011).

    Args:
        scores: higher is better, shape (settings, cases); cases that not all settings have are left out.
        weights: resamples of the cases. Percentiles of the bootstrap: below about 50 cases the set is too small.

    Raises:
        InputError: no case that every setting has, or the numbers of cases differ.
    """
    common = np.isfinite(scores).all(axis=0)
    if not common.any():
        raise InputError("no case has a value for every setting: they cannot be compared")
    sample = means(np.where(common, scores, np.nan), weights)
    mean, shifts = sample.estimate, resampled_shifts(sample, weights)
    p = np.ones(len(scores))
    left = np.arange(len(scores))
    reached = 0.0
    while len(left) > 1:
        worst, step = _equivalence(mean[left], shifts[left])
        reached = max(reached, step)
        p[left[worst]] = reached
        left = np.delete(left, worst)
    return ConfidenceSet(p, int(common.sum()))


def _equivalence(mean: Floats, shifts: Floats) -> tuple[int, float]:
    """The worst of these settings, and p of the hypothesis that all are equally good."""
    behind = mean.mean() - mean
    moved = shifts.mean(axis=0) - shifts
    error = np.sqrt(np.square(moved).mean(axis=1))
    # A setting that moves with the average in every resample differs from it by 0, or by an amount without error.
    safe = np.where(error > 0, error, 1.0)
    observed = np.where(error > 0, behind / safe, np.where(np.abs(behind) > 1e-12, np.copysign(np.inf, behind), 0.0))
    largest = (moved / safe[:, None]).max(axis=0)
    worst = int(np.argmax(observed))
    return worst, (1 + int(np.count_nonzero(largest >= observed[worst]))) / (shifts.shape[1] + 1)
