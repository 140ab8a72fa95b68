"""All pairs of settings, compared on the cases both sides have, corrected as one family."""

import numpy as np

from segsweep.statistics.equivalence import Verdict
from segsweep.statistics.family import Comparison, canonical_order, studentised_family
from segsweep.statistics.moments import Floats, means, resampled_statistics
from segsweep.statistics.multiplicity import Correction
from segsweep.statistics.resampling import Weights

__all__ = ["Comparison", "Verdict", "compare_pairs"]


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
    family = studentised_family(
        canonical_order(scores),
        lambda pairs: means(scores[pairs[:, 0]] - scores[pairs[:, 1]], weights),
        lambda sample, _: resampled_statistics(sample, weights),
        resamples=weights.resamples,
        level=level,
    )
    return family.comparisons(correction=correction, margin=margin)
