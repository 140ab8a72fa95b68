"""All pairs of settings, compared on the cases both sides have, corrected as one family."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from segsweep.statistics.equivalence import Verdict
from segsweep.statistics.family import Comparison, canonical_order, studentised_family
from segsweep.statistics.moments import Floats, Means, means, resampled_statistics, resampled_sums, statistics_of_sums
from segsweep.statistics.multiplicity import Correction
from segsweep.statistics.resampling import Weights

__all__ = ["Comparison", "Verdict", "compare_pairs"]

Statistics = Callable[[Means, NDArray[np.intp]], Floats]


def compare_pairs(
    scores: Floats, weights: Weights, *, correction: Correction, margin: float, level: float = 0.95
) -> tuple[Comparison, ...]:
    """Compare every pair of settings, *these models*: what would change had other cases been drawn.

    Says nothing about another training run of the same losses; `losses.compare_losses` does.

    >>> from segsweep.statistics.resampling import bootstrap_weights
    >>> rng = np.random.default_rng(0)
    >>> case = rng.normal(0.8, 0.1, size=40)
    >>> scores = np.stack([case, case + rng.normal(0.03, 0.01, size=40), case])
    >>> weights = bootstrap_weights(40, 1999, rng=rng)
    >>> [found.verdict.value for found in compare_pairs(scores, weights, correction="max-t", margin=0.01)]
    ['different', 'cannot be told apart', 'different']

    Args:
        scores: one value per setting and case, shape (settings, cases); nan = this setting has none for this case.
        weights: resamples of the cases. With p-values corrected by `holm` or `bh`, `resamples_needed` says how many.
        correction: `max-t` (step-down, joint resampling distribution of |t|), `holm` or `bh` (false discovery rate).
        margin: largest difference that does not matter, in the metric's unit.
        level: confidence level of the intervals and 1 − α of the verdicts.

    Returns:
        One comparison per pair, in the order of `itertools.combinations(range(settings), 2)`. The order of the settings
        changes nothing but signs.

    Raises:
        InputError: fewer than two settings, an unknown correction, or as in `mean_interval` and `verdict`.
    """
    scores = np.asarray(scores, dtype=np.float64)
    order = canonical_order(scores)
    family = studentised_family(
        order,
        lambda pairs: means(scores[pairs[:, 0]] - scores[pairs[:, 1]], weights),
        _complete(scores, order, weights) if np.isfinite(scores).all() else _incomplete(weights),
        resamples=weights.resamples,
        level=level,
    )
    return family.comparisons(correction=correction, margin=margin)


def _complete(scores: Floats, order: NDArray[np.intp], weights: Weights) -> Statistics:
    """t* of pairs of settings that have all cases: the sum of a difference is the difference of the settings' sums."""
    sums = resampled_sums(means(scores[order], weights), weights)[np.argsort(order)]
    return lambda sample, pairs: statistics_of_sums(sample, sums[pairs[:, 0]] - sums[pairs[:, 1]], weights)


def _incomplete(weights: Weights) -> Statistics:
    """t* of pairs that each have their own cases."""
    return lambda sample, _: resampled_statistics(sample, weights)
