"""How many cases, and how many seeds, it would take to tell two losses apart."""

from collections.abc import Callable

import numpy as np
from scipy.special import nctdtr, stdtrit

from segsweep.errors import InputError
from segsweep.statistics.variance import FEWEST_SEEDS, VarianceComponents

MOST = 1_000_000
"""Above this many cases or seeds the answer is "out of reach"."""


def cases_needed(difference: float, spread: float, *, power: float = 0.8, level: float = 0.95) -> int | None:
    """Fewest cases on which a paired t test finds a mean difference with this probability, *these models*.

    Args:
        difference: mean difference that is to be found, in the metric's unit.
        spread: standard deviation of the per-case differences, same unit. Measured on a pilot of n cases it is itself
            uncertain by a factor of about 1 ± 1.4/√n.
        power: probability of finding it.
        level: 1 − α of the two-sided test.

    Returns:
        The number, at least 2; or None where more than `MOST` would be needed.

    Raises:
        InputError: the difference is 0, the spread is not positive, or power or level is not between 0 and 1.
    """
    _check(difference, spread, power, level)
    return _fewest(2, lambda n: _power(abs(difference) * np.sqrt(n) / spread, n - 1, level), power)


def seeds_needed(
    difference: float,
    components: VarianceComponents,
    *,
    cases: int,
    folds: int,
    power: float = 0.8,
    level: float = 0.95,
) -> int | None:
    """Fewest seeds with which a comparison of *these losses* finds a mean difference with this probability.

    The standard error is that of `VarianceComponents.standard_error`, with folds·(S − 1) degrees of freedom: seeds do
    not remove the variance between cases, so that no number of them may be enough.

    Args:
        difference: mean difference that is to be found, in the metric's unit.
        components: variance components of the difference.
        cases: number of cases evaluated.
        folds: number of folds trained per seed.
        power: probability of finding it.
        level: 1 − α of the two-sided test.

    Returns:
        The number, at least `FEWEST_SEEDS`; or None where `MOST` seeds are not enough.

    Raises:
        InputError: as in `cases_needed`.
    """
    limit = components.standard_error(cases=cases, folds=folds, seeds=1)
    _check(difference, limit, power, level)

    def reached(seeds: int) -> float:
        error = components.standard_error(cases=cases, folds=folds, seeds=seeds)
        return _power(abs(difference) / error, folds * (seeds - 1), level)

    return _fewest(FEWEST_SEEDS, reached, power)


def _power(shift: float, freedom: int, level: float) -> float:
    """Probability that t with this non-centrality exceeds its two-sided critical value on the right side."""
    critical = stdtrit(freedom, (1 + level) / 2)
    # Beyond this the probability is 1 to double precision and the non-central distribution no longer converges.
    return 1.0 if shift > critical + 30 else float(1 - nctdtr(freedom, shift, critical))


def _fewest(start: int, reached: Callable[[int], float], power: float) -> int | None:
    """Smallest number from `start` on with reached(number) ≥ power: doubling, then bisection."""
    high = start
    while reached(high) < power:
        if high >= MOST:
            return None
        high = min(2 * high, MOST)
    low = start - 1 if high == start else high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) >= power else (middle, high)
    return high


def _check(difference: float, spread: float, power: float, level: float) -> None:
    if difference == 0 or not spread > 0:
        raise InputError(f"difference {difference}, spread {spread}: a difference other than 0 and a positive spread")
    if not (0 < power < 1 and 0 < level < 1):
        raise InputError(f"power {power}, level {level}: both lie between 0 and 1")
