"""How stable the order of the settings is when other cases are drawn."""

from dataclasses import dataclass

import numpy as np

from segsweep.errors import InputError
from segsweep.statistics.moments import Floats, unit_sums
from segsweep.statistics.resampling import Weights


@dataclass(frozen=True, eq=False)
class RankingStability:
    """Ranks over resamples.

    Attributes:
        shares: share of resamples in which a setting takes a rank, shape (settings, ranks), rank 1 (highest mean)
            first; tied settings share the ranks they cover. Rows and columns sum to 1.
        tau: Kendall's τ_b between each resampled order and the order on all cases, shape (resamples,); nan where
            either order has only ties.
        n: number of cases that all settings have.
    """

    shares: Floats
    tau: Floats
    n: int


def ranking_stability(scores: Floats, weights: Weights) -> RankingStability:
    """Rank the settings by mean score in every resample (as challengeR does: Wiesenfarth et al. 2021).

    Args:
        scores: higher is better, shape (settings, cases). Only cases that every setting has are ranked: means over
            different cases are not comparable.
        weights: resamples of the cases.

    Raises:
        InputError: no case that every setting has, or the numbers of cases differ.
    """
    if scores.shape[1] != weights.cases:
        raise InputError(f"{scores.shape[1]} cases have values, but {weights.cases} were resampled")
    common = np.isfinite(scores).all(axis=0)
    if not common.any():
        raise InputError("no case has a value for every setting: they cannot be ranked")
    # The order of sums over the same draws is the order of means. Equal settings are summed once: a matrix product may
    # round equal rows differently, and that would break their tie.
    distinct, place = np.unique(np.where(common, scores, 0.0), axis=0, return_inverse=True)
    sums = (unit_sums(distinct, weights) @ weights.counts.T)[place]
    shares = np.zeros((len(scores), len(scores)))
    for row, own in enumerate(sums):
        above = (sums > own).sum(axis=0)
        tied = (sums == own).sum(axis=0)
        for width in np.unique(tied):
            first = np.bincount(above[tied == width], minlength=len(scores))
            for step in range(width):
                shares[row, step:] += first[: len(scores) - step] / width
    return RankingStability(shares / weights.resamples, _tau(sums, scores[:, common].sum(axis=1)), int(common.sum()))


def _tau(sums: Floats, reference: Floats) -> Floats:
    """Kendall's τ_b of every column of `sums` with `reference` (Kendall 1945): concordance over untied pairs."""
    agreement = np.zeros(sums.shape[1])
    untied = np.zeros(sums.shape[1])
    known = 0
    for row in range(len(sums) - 1):
        signs = np.sign(sums[row + 1 :] - sums[row])
        expected = np.sign(reference[row + 1 :] - reference[row])
        agreement += expected @ signs
        untied += np.abs(signs).sum(axis=0)
        known += int(np.abs(expected).sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        return agreement / np.sqrt(untied * known)
