"""The significance rules of the papers, as their released code has them, for reproducing their tables.

They differ from the rest of this package on purpose: percentile shares without the observed sample, one-sided shares
read against two thresholds, strict inequalities, no correction for the number of comparisons.
"""

from dataclasses import dataclass

import numpy as np

from segsweep.errors import InputError
from segsweep.statistics.moments import Floats, unit_sums
from segsweep.statistics.permutation import mid_ranks
from segsweep.statistics.resampling import Weights

BOOTSTRAP_RESAMPLES = 10_000
"""In the released code of Tilborghs 2022 and in Bertels 2021; Bertels 2019 does not say."""

RANK_PERMUTATIONS = 100_000


@dataclass(frozen=True)
class PublishedBootstrap:
    """Share of resampled mean differences above 0.

    Attributes:
        share: near 1 = first is higher, near 0 = second is higher, 0.5 where all differences are 0.
    """

    share: float

    @property
    def first_is_lower(self) -> bool:
        """Significantly lower by the papers' threshold."""
        return self.share < 0.05

    @property
    def first_is_higher(self) -> bool:
        """Significantly higher by the papers' threshold."""
        return self.share > 0.95


def published_bootstrap(differences: Floats, weights: Weights) -> PublishedBootstrap:
    """Paired bootstrap of Bertels 2019 and Tilborghs 2022 (deepvoxnet2, `Series.basic_test`; read with .05 and .95).

    Reading one tail at .05 on both sides makes this a two-sided test at 10 %, before any correction.

    Args:
        differences: first − second, per case, shape (cases,); nan = one side has no value.
        weights: `BOOTSTRAP_RESAMPLES` resamples. The papers draw cases; drawing groups is another test.

    Raises:
        InputError: the numbers of cases differ.
    """
    if len(differences) != weights.cases:
        raise InputError(f"{len(differences)} cases have values, but {weights.cases} were resampled")
    # A case without a value adds nothing to a sum, and the sign of a resampled mean is that of its sum.
    values = np.nan_to_num(differences, nan=0.0)
    if not values.any():
        return PublishedBootstrap(0.5)
    return PublishedBootstrap(float(np.mean(weights.counts @ unit_sums(values[None], weights)[0] > 0)))


def published_rank_permutation(
    scores: Floats, first: int, second: int, *, rng: np.random.Generator, permutations: int = RANK_PERMUTATIONS
) -> float:
    """Rank permutation test of Tilborghs 2022 (dicegrad, `stat_sign_boot.m`).

    The share of random swaps whose |difference in mean rank| is strictly larger than the observed one. It can be 0, and
    ties with the observed value do not count; `permutation.mean_rank_test` mends both.

    Args:
        scores: of all settings of the table, shape (settings, cases); cases where any is nan are left out.
        first: row of one setting.
        second: row of the other.
        rng: source of randomness.
        permutations: number of random swaps.
    """
    ranks = mid_ranks(scores[:, np.isfinite(scores).all(axis=0)])
    # Twice a difference of mid-ranks is a whole number, so that sums are exact and ties are ties. Where it is 0 a swap
    # changes nothing.
    doubled = 2 * (ranks[first] - ranks[second])
    doubled = doubled[doubled != 0]
    signs = 1 - 2 * rng.integers(2, size=(permutations, len(doubled)), dtype=np.int8)
    return float(np.mean(np.abs(signs @ doubled) > abs(doubled.sum())))
