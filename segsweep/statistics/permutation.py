"""Permutation tests of a pair: were both settings alike, their two scores of a case could be swapped.

A swap turns the sign of the case's difference, so both tests below are sign-flip tests, of scores and of ranks. They
test whether the two settings are exchangeable, which is more than equal means: with unequal spread on skewed data they
may reject where the means agree. Their p is exact in the first sense, whatever the number of cases.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from segsweep.errors import InputError
from segsweep.statistics.moments import Floats

_VALUES_AT_ONCE = 4_000_000

_ROUNDING = 1e-12
"""Two sums of the same numbers in another order are the same sum."""


def sign_flip_test(differences: Floats, *, permutations: int, rng: np.random.Generator) -> float:
    """Two-sided p of the mean difference under random signs (Fisher 1935).

    All 2ⁿ sign vectors are used where that takes no more than `permutations`: p = count/2ⁿ. Otherwise
    p = (1 + count)/(permutations + 1) from random ones (Phipson & Smyth 2010).

    Args:
        differences: of the two settings, per case, shape (cases,); nan = one side has no value. Where cases come in
            groups, give the sum of each group instead: a group keeps or turns its signs as a whole.
        permutations: number of random sign vectors.
        rng: source of randomness; not used where all signs are enumerated.

    Returns:
        1 where no case has a difference.

    Raises:
        InputError: fewer than one permutation.
    """
    if permutations < 1:
        raise InputError(f"{permutations} permutations: at least one")
    # A difference of 0 keeps its value under either sign.
    changing = differences[np.isfinite(differences) & (differences != 0)]
    observed = abs(float(changing.sum()))
    threshold = observed - _ROUNDING * float(np.abs(changing).sum())
    if 2 ** len(changing) <= permutations:
        count = _exceedances(_every_sign(len(changing)), changing, threshold)
        return count / float(2 ** len(changing))
    count = _exceedances(_random_signs(len(changing), permutations, rng), changing, threshold)
    return (1 + count) / (permutations + 1)


def mean_rank_test(scores: Floats, first: int, second: int, *, permutations: int, rng: np.random.Generator) -> float:
    """Two-sided p of the difference in mean rank of two settings, ranked among all settings of the table case by case.

    Args:
        scores: shape (settings, cases). Cases where any setting is nan are left out: a rank among fewer settings is
            another rank.
        first: row of one setting.
        second: row of the other.
        permutations: as in `sign_flip_test`.
        rng: source of randomness.

    Raises:
        InputError: fewer than one permutation.
    """
    ranks = mid_ranks(scores[:, np.isfinite(scores).all(axis=0)])
    return sign_flip_test(ranks[first] - ranks[second], permutations=permutations, rng=rng)


def mid_ranks(scores: Floats) -> Floats:
    """Rank of each setting on each case, 1 = highest score, ties sharing their mean rank; shape (settings, cases)."""
    better = (scores[None, :, :] > scores[:, None, :]).sum(axis=1)
    equal = (scores[None, :, :] == scores[:, None, :]).sum(axis=1)
    ranks: Floats = better + (equal + 1) / 2
    return ranks


def _exceedances(signs: Iterator[Floats], differences: Floats, threshold: float) -> int:
    return sum(int(np.count_nonzero(np.abs(block @ differences) >= threshold)) for block in signs)


def _every_sign(cases: int) -> Iterator[Floats]:
    bits = np.arange(2**cases)
    for block in _split(bits, max(cases, 1)):
        yield np.where((block[:, None] >> np.arange(cases)) & 1, -1.0, 1.0)


def _random_signs(cases: int, permutations: int, rng: np.random.Generator) -> Iterator[Floats]:
    for block in _split(np.arange(permutations), cases):
        yield np.where(rng.integers(2, size=(len(block), cases), dtype=np.int8), -1.0, 1.0)


def _split(rows: NDArray[np.intp], width: int) -> Iterator[NDArray[np.intp]]:
    """Rows in blocks that hold about `_VALUES_AT_ONCE` values of this width."""
    size = max(_VALUES_AT_ONCE // width, 1)
    yield from (rows[start : start + size] for start in range(0, len(rows), size))
