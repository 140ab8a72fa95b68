"""Does the volume error depend on the volume? Two slopes that answer two questions."""

from dataclasses import dataclass

import numpy as np

from segsweep.errors import InputError
from segsweep.statistics import studentised
from segsweep.statistics.intervals import Interval
from segsweep.statistics.moments import NO_SPREAD, Estimates, Floats, unit_sums
from segsweep.statistics.resampling import Weights

FEWEST_CASES = 3
"""A line through two cases has no residual."""


@dataclass(frozen=True)
class VolumeSlopes:
    """Least-squares slopes of ΔV, a number without unit.

    Attributes:
        against_truth: slope of ΔV on the true volume. Below 0 wherever predictions carry noise or are drawn towards
            the mean: small volumes look over-, large ones under-estimated, in every imperfect model.
        against_mean: slope of ΔV on (predicted + true)/2 (Bland & Altman 1995). 0 where predicted and true volumes
            vary alike; below 0 where predictions vary less than the truth.
    """

    against_truth: Interval
    against_mean: Interval


def volume_slopes(predicted: Floats, true: Floats, weights: Weights, *, level: float = 0.95) -> VolumeSlopes:
    """Both slopes with bootstrap-t intervals.

    Args:
        predicted: shape (cases,), ml, mm² or px; nan = no prediction.
        true: shape (cases,), same unit.
        weights: resamples of the cases.
        level: confidence level.

    Raises:
        InputError: as in `slope_interval`.
    """
    error = predicted - true
    return VolumeSlopes(
        against_truth=slope_interval(true, error, weights, level=level),
        against_mean=slope_interval((predicted + true) / 2, error, weights, level=level),
    )


def slope_interval(x: Floats, y: Floats, weights: Weights, *, level: float = 0.95) -> Interval:
    """Least-squares slope of y on x; cases (or groups) are resampled whole, so that the spread may depend on x.

    Studentised by the sandwich standard error √Σ(Σ_group (x−x̄)e)² / Σ(x−x̄)² (White 1980), of the data and of every
    resample.

    Args:
        x: shape (cases,); nan = the case has no value.
        y: shape (cases,).
        weights: resamples of the cases.
        level: confidence level.

    Raises:
        InputError: fewer than `FEWEST_CASES` cases, x without spread, or numbers of cases that differ.
    """
    if not len(x) == len(y) == weights.cases:
        raise InputError(f"{len(x)} and {len(y)} cases have values, but {weights.cases} were resampled")
    present = np.isfinite(x) & np.isfinite(y)
    n = int(present.sum())
    if n < FEWEST_CASES or np.ptp(x[present]) == 0:
        raise InputError(f"{n} cases: a slope takes at least {FEWEST_CASES}, not all of one volume")
    # Against the residuals of the fit, a resampled slope is its deviation from the fitted one. Volumes are scaled so
    # that fourth powers of them are harmless.
    unit = float(np.ptp(x[present]))
    x = np.where(present, x - x[present].mean(), 0.0) / unit
    y = np.where(present, y - y[present].mean(), 0.0)
    slope = float(x @ y / (x @ x))
    y -= slope * x
    basis = unit_sums(np.stack([x * y, x, x * x, y, present.astype(np.float64)]), weights)
    _, error = _fits(np.ones((1, weights.units)), basis)
    shift, spread = _fits(weights.counts, basis)
    with np.errstate(divide="ignore", invalid="ignore"):
        # on an exact line nothing moves but rounding
        draws = np.where((shift == 0) | (error == 0), 0.0, shift / spread)
    units = np.count_nonzero(basis[4:], axis=1)
    sample = Estimates(np.array([slope]), error, np.array([n]), units, units)
    low, high = studentised.bounds(sample, draws[None], level=level)
    ends = float(low[0]) / unit, float(high[0]) / unit
    return Interval(slope / unit, *ends, level, "studentised", float(error[0]) / unit, n)


def _fits(counts: Floats, basis: Floats) -> tuple[Floats, Floats]:
    """Slope and sandwich error under each row of multiplicities, shape (rows,) each.

    With intercept l, slope s and mean m of x, a case enters the sandwich with
    (x − m)(y − l − s·x) = xy + (ms − l)x − s·x² − m·y + ml: a combination of five numbers per unit, whose square is one
    of their 25 products. So no table of cases × resamples is needed.

    Args:
        counts: shape (rows, units).
        basis: sums of xy, x, x², y and 1 over the cases of each unit, shape (5, units).
    """
    sums = (counts @ basis.T).T
    size = np.maximum(sums[4], 1.0)
    mean, height = sums[1] / size, sums[3] / size
    square = sums[2] - sums[1] * mean
    # A resample that holds one volume only has no slope: it leaves the estimate where it is.
    defined = square > NO_SPREAD * sums[2]
    square = np.where(defined, square, 1.0)
    slope = np.where(defined, (sums[0] - mean * sums[3]) / square, 0.0)
    level = height - slope * mean
    terms = np.stack([np.ones_like(mean), mean * slope - level, -slope, -mean, mean * level])
    products = (basis[:, None] * basis[None]).reshape(25, -1)
    moments = (counts @ products.T).reshape(-1, 5, 5)
    meat = np.einsum("ir,rij,jr->r", terms, moments, terms)
    # A line through two volumes has no residuals; what is left of them is rounding.
    rounding = NO_SPREAD * np.einsum("ir,rij,jr->r", np.abs(terms), np.abs(moments), np.abs(terms))
    return slope, np.sqrt(np.where(meat > rounding, meat, 0.0)) / square
