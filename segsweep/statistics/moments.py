"""Means of many columns at once, their standard errors, and their studentised resampling distribution.

A unit g (a case, or a group of cases) contributes a sum T_g and a number of values N_g; the mean is m = ΣT_g / ΣN_g.
With residuals r_g = T_g − m·N_g its squared standard error is

    u/(u−1) · Σ r_g² / (ΣN_g)²,    u = number of units that have a value,

which for single cases is s²/n, and for groups the cluster-robust ratio estimator (Cochran 1977, chapter 6). In a
resample with multiplicities w the mean moves by δ = Σw r / ΣwN, its own residuals r_g − δ·N_g have the sum of squares
Σw r² − 2δ Σw rN + δ² Σw N²: everything is a product of w with a matrix that does not depend on the resample.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segsweep.errors import InputError
from segsweep.statistics.resampling import Weights

Floats = NDArray[np.float64]

NO_SPREAD = 1e-12
"""Values that differ by less than this share of the largest are equal: 0.9 − 0.8 and 0.8 − 0.7 are, up to rounding."""


@dataclass(frozen=True, eq=False)
class Estimates:
    """Columns of estimates with their standard errors.

    Attributes:
        estimate: mean of each column, nan where it has no value; shape (columns,).
        standard_error: of that mean, nan where fewer than two units have a value; shape (columns,).
        n: number of cases with a value; shape (columns,).
        units: number of units with a value; shape (columns,).
        untied: number of units whose values do not sum to 0, which for differences is no tie; shape (columns,).
    """

    estimate: Floats
    standard_error: Floats
    n: NDArray[np.intp]
    units: NDArray[np.intp]
    untied: NDArray[np.intp]

    @property
    def statistic(self) -> Floats:
        """Studentised estimate, shape (columns,): 0 where the mean is 0, nan where there is no standard error."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.estimate / self.standard_error
        # A mean of exactly 0 without spread does not differ from 0.
        return np.where((self.estimate == 0) & (self.standard_error == 0), 0.0, ratio)


@dataclass(frozen=True, eq=False)
class Means(Estimates):
    """Means of columns of per-case values, and what their resampling needs.

    Attributes:
        residuals: r_g, shape (columns, units).
        sizes: N_g, shape (columns, units).
    """

    residuals: Floats
    sizes: Floats


def means(values: Floats, weights: Weights) -> Means:
    """Mean and standard error of every column.

    Args:
        values: per-case values, shape (columns, cases); nan = the case has none.
        weights: resamples of the same cases; only their units matter here.

    Raises:
        InputError: the numbers of cases differ, or a value is infinite.
    """
    if values.shape[1] != weights.cases:
        raise InputError(f"{values.shape[1]} cases have values, but {weights.cases} were resampled")
    if np.isinf(values).any():
        raise InputError("a value is infinite; a case without a value is nan")
    present = np.isfinite(values)
    n = present.sum(axis=1)
    filled = np.where(present, values, 0.0)
    with np.errstate(invalid="ignore"):
        estimate = filled.sum(axis=1) / n
    deviations = np.where(present, values - estimate[:, None], 0.0)
    constant = np.abs(deviations).max(axis=1) <= NO_SPREAD * np.abs(filled).max(axis=1)
    deviations[constant] = 0.0
    residuals = unit_sums(deviations, weights)
    untied = np.count_nonzero(unit_sums(filled, weights), axis=1)
    sizes = unit_sums(present.astype(np.float64), weights)
    units = np.count_nonzero(sizes, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = units / (units - 1.0) * np.square(residuals).sum(axis=1) / np.square(n.astype(np.float64))
    standard_error = np.where(units > 1, np.sqrt(variance), np.nan)
    return Means(estimate, standard_error, n, units, untied, residuals, sizes)


def resampled_sums(sample: Means, weights: Weights) -> Floats:
    """Σwr of every column and resample, shape (columns, resamples)."""
    return sample.residuals @ weights.counts.T


def resampled_shifts(sample: Means, weights: Weights) -> Floats:
    """How far each resampled mean lies from the mean, δ; shape (columns, resamples).

    A resample that draws none of the cases with a value says nothing about the mean and leaves it where it is.
    """
    drawn = sample.sizes @ weights.counts.T
    return resampled_sums(sample, weights) / np.where(drawn > 0, drawn, 1.0)


def resampled_statistics(sample: Means, weights: Weights) -> Floats:
    """Studentised resampling distribution t* = δ/SE*; shape (columns, resamples)."""
    return statistics_of_sums(sample, resampled_sums(sample, weights), weights)


def statistics_of_sums(sample: Means, sums: Floats, weights: Weights) -> Floats:
    """Studentised resampling distribution of means whose `resampled_sums` are known; shape (columns, resamples).

    A resample whose values are all equal, but not equal to the mean, has SE* = 0: its t* is infinite, which widens the
    interval. Dropping such resamples would shorten it just where ties make the data least informative.

    Args:
        sample: the means.
        sums: their `resampled_sums`.
        weights: the resamples.
    """
    squared = np.square(sums)
    spread = _resampled_spread(sample, sums, squared, weights)
    # t*² = δ²/SE*² = (u−1)/u · (Σwr)² / Σw(r − δN)²: the number of drawn values cancels.
    with np.errstate(divide="ignore", invalid="ignore"):
        squared /= spread
    # Columns without spread stay where they are, whatever rounding says.
    squared[sample.standard_error == 0] = 0.0
    if not squared.max(initial=0.0) <= 1 / NO_SPREAD:
        squared[np.isnan(squared)] = 0.0
        squared[squared > 1 / NO_SPREAD] = np.inf  # such a spread is rounding error
    squared *= ((sample.units - 1) / np.maximum(sample.units, 1))[:, None]
    np.sqrt(squared, out=squared)
    return np.copysign(squared, sums, out=squared)


def _resampled_spread(sample: Means, sums: Floats, squared: Floats, weights: Weights) -> Floats:
    """Σw(r − δN)² of every resample, shape (columns, resamples)."""
    draws = weights.counts.T
    spread = np.square(sample.residuals) @ draws
    if (sample.sizes == 1).all():
        # One value per unit: ΣwN is the number of units, and the sum of squares is Σwr² − (Σwr)²/u.
        spread -= squared * (1 / weights.units)
    else:
        drawn = sample.sizes @ draws
        shift = sums / np.where(drawn > 0, drawn, 1.0)
        spread -= 2 * shift * ((sample.residuals * sample.sizes) @ draws)
        spread += np.square(shift) * (np.square(sample.sizes) @ draws)
    return np.maximum(spread, 0.0, out=spread)


def unit_sums(values: Floats, weights: Weights) -> Floats:
    """Sums over the cases of each unit, shape (columns, units).

    Args:
        values: per-case values, none of them nan, shape (columns, cases).
        weights: names the unit of each case.
    """
    if not weights.grouped:
        return values
    order = np.argsort(weights.unit_of_case, kind="stable")
    starts = np.searchsorted(weights.unit_of_case[order], np.arange(weights.units))
    return np.add.reduceat(values[:, order], starts, axis=1)
