"""A family of pairwise comparisons: every pair judged alone, then all of them together."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from segsweep.errors import InputError
from segsweep.statistics import studentised
from segsweep.statistics.equivalence import Verdict, verdict
from segsweep.statistics.intervals import Interval
from segsweep.statistics.moments import Estimates, Floats
from segsweep.statistics.multiplicity import Correction, StepDownMaximum, benjamini_hochberg, holm, monotone

_VALUES_AT_ONCE = 2_000_000
"""Resampled statistics held at a time: 16 MB a table, and few enough products for each to be worth its while."""

_ONLY_TIES = 1e-9
"""Where a larger share of resamples draws nothing but ties (twenty differing cases of hundreds, or fewer), t* says more
of how many of them were drawn than of the difference."""
_INFINITE = 1e-3
"""A larger share of resamples without spread, and the same holds."""

Sample = TypeVar("Sample", bound=Estimates)


@dataclass(frozen=True)
class Comparison:
    """Setting `first` against setting `second`.

    Attributes:
        first: row of one setting.
        second: row of the other.
        n: number of cases both have a value for.
        untied: number of cases (of groups, where cases are grouped) on which they differ.
        difference: mean of (first − second) over these cases, with its interval.
        p: two-sided, this pair alone.
        p_corrected: two-sided, corrected for all pairs of the family; never below p.
        verdict: different, cannot be told apart, or undecided.
    """

    first: int
    second: int
    n: int
    untied: int
    difference: Interval
    p: float
    p_corrected: float
    verdict: Verdict


@dataclass(frozen=True, eq=False)
class Family(Estimates):
    """Studentised results of all pairs.

    Attributes:
        pairs: rows of the two settings of each pair, shape (pairs, 2).
        low: lower end of each interval, shape (pairs,).
        high: upper end of each interval, shape (pairs,).
        p: two-sided p of each pair alone, the one that agrees with its interval; shape (pairs,).
        p_symmetric: from |t|, for corrections; shape (pairs,).
        p_max: corrected by max-T step-down, shape (pairs,).
        level: confidence level.
    """

    pairs: NDArray[np.intp]
    low: Floats
    high: Floats
    p: Floats
    p_symmetric: Floats
    p_max: Floats
    level: float

    def comparisons(self, *, correction: Correction, margin: float) -> tuple[Comparison, ...]:
        """The pairs in the order of `itertools.combinations`, corrected and with their verdicts.

        Raises:
            InputError: the correction is unknown, or the margin is negative or not finite.
        """
        # |t| and the two tails count differently; the larger p keeps a verdict from contradicting its interval.
        corrected = np.maximum(self._corrected(correction), self.p)
        found = [self._comparison(row, float(p), margin) for row, p in enumerate(corrected)]
        return tuple(sorted(found, key=lambda comparison: (comparison.first, comparison.second)))

    def _corrected(self, correction: Correction) -> Floats:
        if correction == "max-t":
            return self.p_max
        if correction == "holm":
            return holm(self.p_symmetric)
        if correction == "bh":
            return benjamini_hochberg(self.p_symmetric)
        raise InputError(f"correction {correction!r} is unknown; allowed: {', '.join(get_args(Correction))}")

    def _comparison(self, row: int, p_corrected: float, margin: float) -> Comparison:
        first, second = (int(setting) for setting in self.pairs[row])
        ends = float(self.estimate[row]), float(self.low[row]), float(self.high[row])
        if first > second:
            first, second = second, first
            ends = -ends[0], -ends[2], -ends[1]
        estimate, low, high = (end + 0.0 for end in ends)  # no −0
        error, n = float(self.standard_error[row]), int(self.n[row])
        difference = Interval(estimate, low, high, self.level, "studentised", error, n)
        decided = verdict(difference, p_corrected, margin=margin, units=int(self.units[row]))
        untied = int(self.untied[row])
        return Comparison(first, second, n, untied, difference, float(self.p[row]), p_corrected, decided)


def canonical_order(scores: Floats) -> NDArray[np.intp]:
    """Settings in an order that depends on their scores alone, shape (settings,).

    A matrix product adds in an order that depends on where a column stands. Taking the pairs in an order that does not
    depend on how the settings were numbered makes swapped settings give the same digits with the other sign.

    Args:
        scores: one row of values per setting, shape (settings, values).

    Raises:
        InputError: fewer than two settings.
    """
    if len(scores) < 2:
        raise InputError(f"{len(scores)} setting: a comparison takes two")
    return np.lexsort(scores.T[::-1])


def studentised_family(
    order: NDArray[np.intp],
    estimates: Callable[[NDArray[np.intp]], Sample],
    statistics: Callable[[Sample, NDArray[np.intp]], Floats],
    *,
    resamples: int,
    level: float,
) -> Family:
    """Intervals, p-values and max-T step-down of all pairs, a block of pairs at a time.

    Two settings that differ on three cases of five hundred differ on none in a twentieth of the resamples, where t* is
    infinite: in the joint distribution they would keep every other pair from being told apart. Such pairs are judged
    apart, by Bonferroni, and the others jointly with the part of the error that is left. What a resample says of three
    cases is no evidence either: no p is smaller than the sign-flip test of the cases that differ can give, and where
    that does not reach the level, the interval holds 0.

    Args:
        order: the settings in canonical order.
        estimates: from a block of pairs, shape (block, 2), to their estimates.
        statistics: from estimates and pairs of a block to their t*, shape (block, resamples); the same draws each time.
        resamples: number of resamples.
        level: confidence level.

    Raises:
        InputError: too few resamples for the level.
    """
    pairs = np.array(list(itertools.combinations(order, 2)), dtype=np.intp)
    blocks = _blocks(len(pairs), max(_VALUES_AT_ONCE // resamples, 1))
    observed = np.abs(np.concatenate([estimates(pairs[block]).statistic for block in blocks]))
    # A pair without a standard error takes part as one without a difference: its p is 1 in any case.
    observed[np.isnan(observed)] = 0.0
    rising = np.argsort(observed, kind="stable")
    step_down = StepDownMaximum(resamples)
    columns, steps = [], []
    for block in blocks:
        sample = estimates(pairs[rising[block]])
        draws = statistics(sample, pairs[rising[block]])
        floor = studentised.sign_flip_floor(sample)
        low, high = studentised.bounds(sample, draws, level=level)
        few = floor > 1 - level
        low, high = np.where(few, np.minimum(low, 0.0), low), np.where(few, np.maximum(high, 0.0), high)
        alone = np.maximum(studentised.p_values(sample, draws), floor)
        symmetric = np.maximum(studentised.symmetric_p_values(sample, draws), floor)
        # The bootstrap sees no spread in a constant difference, and its least p, 1/(R+1), means nothing there.
        constant = studentised.constant(sample)
        apart = constant | _often_tied(sample, draws)
        p_apart = len(pairs) * np.where(constant, floor, symmetric)
        steps.append(step_down.add(observed[rising[block]][~apart], draws[~apart]))
        results = sample.estimate, sample.standard_error, sample.n, sample.units, sample.untied, low, high
        columns.append((*results, alone, symmetric, p_apart, apart))
    *found, p_max, apart = (np.concatenate(column) for column in zip(*columns, strict=True))
    p_max[~apart] = monotone(np.concatenate(steps)) * (len(pairs) / max(int(np.count_nonzero(~apart)), 1))
    estimate, error, n, units, untied, low, high, alone, symmetric = found
    p_max = np.minimum(p_max, 1.0)
    return Family(estimate, error, n, units, untied, pairs[rising], low, high, alone, symmetric, p_max, level)


def _often_tied(sample: Estimates, draws: Floats) -> NDArray[np.bool_]:
    """Pairs of which too many resamples draw ties alone, or, as their t* says, values that are all equal."""
    units = np.maximum(sample.units, 1)
    tied = np.where(sample.untied > 0, (1 - sample.untied / units) ** units, 0.0)
    found: NDArray[np.bool_] = (tied > _ONLY_TIES) | (np.isinf(draws).mean(axis=1) > _INFINITE)
    return found


def _blocks(rows: int, size: int) -> list[slice]:
    return [slice(start, start + size) for start in range(0, rows, size)]
