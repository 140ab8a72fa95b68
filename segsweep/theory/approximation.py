"""How well one similarity approximates another (Bertels et al. 2019, arXiv 1911.01685, Def. 1 and 2, Prop. 1 and 2).

Absolute error: sup |S − S̃|. Relative error: the smallest ε with S̃/(1+ε) ≤ S ≤ S̃(1+ε). Both are taken over all pairs of
sets and are symmetric in S and S̃.
"""

from dataclasses import dataclass

import numpy as np

from segsweep.theory.similarities import dice, tversky, weighted_hamming
from segsweep.theory.uncertain_region import Array


@dataclass(frozen=True)
class ApproximationError:
    """The errors of one similarity as an approximation of another.

    Args:
        absolute: sup of the absolute difference.
        relative: sup of the ratio, minus 1; `inf` if there is no bound.
    """

    absolute: float
    relative: float


def approximation_error(similarity: Array, other: Array) -> ApproximationError:
    """Return the errors over given pairs of values.

    Args:
        similarity: values of S, any shape.
        other: values of S̃ on the same pairs of sets.
    """
    both = (similarity > 0) & (other > 0)
    ratio = similarity[both] / other[both]
    one_is_zero = bool(np.any((similarity > 0) != (other > 0)))
    relative = np.inf if one_is_zero else float(np.max(np.maximum(ratio, 1 / ratio), initial=1.0)) - 1
    return ApproximationError(float(np.max(np.abs(similarity - other))), relative)


def dice_jaccard_error() -> ApproximationError:
    """Return the errors of Jaccard as an approximation of Dice (Prop. 1), as suprema over Dice values in (0, 1].

    J = D/(2−D) (eq. 4), so both are functions of D alone. The relative error is a limit at D → 0.
    """
    return tversky_error(1.0, 1.0)


def tversky_error(alpha: float, beta: float) -> ApproximationError:
    """Return the errors of Tversky(α, β) as an approximation of Dice, in closed form.

    The extremes lie where only one kind of error is made. There T = TP/(TP+kx/2) and D = TP/(TP+x/2) with k = 2α or 2β,
    whose difference is largest at TP = √k·x/2 and whose ratio is largest for TP → 0. Both errors are 0 at α = β = ½ and
    grow away from it (Eelbode et al. 2020, arXiv 2010.13499, Prop. II.3).

    Args:
        alpha: weight of false positives, > 0.
        beta: weight of false negatives, > 0.
    """
    factors = np.array([1.0, 2 * alpha, 2 * beta])
    roots = np.sqrt(factors)
    absolute = float(np.max(np.abs(roots - 1) / (roots + 1)))
    return ApproximationError(absolute, float(max(factors.max(), 1 / factors.min())) - 1)


def tversky_error_by_search(alpha: float, beta: float, steps: int = 2001) -> ApproximationError:
    """Return the errors of Tversky(α, β) over a grid of set pairs; approaches `tversky_error` from below.

    Args:
        alpha: weight of false positives.
        beta: weight of false negatives.
        steps: grid points along the size of the overlap.
    """
    overlap = np.geomspace(1e-9, 1e3, steps)[:, None]
    share = np.linspace(0, 1, 11)[None, :]
    return approximation_error(
        tversky(overlap, share, 1 - share, alpha=alpha, beta=beta), dice(overlap, share, 1 - share)
    )


def weighted_hamming_counterexample(overlap: float) -> tuple[float, float]:
    """Return Dice and weighted Hamming similarity on the pairs of sets of Prop. 2's proof.

    No false negatives, αd false positives and α²d true positives. Of all weights γ = 0 brings H_γ closest to Dice; yet,
    as α → 0, Dice goes to 0 and H_γ to 1: the absolute error tends to 1 and nothing bounds the ratio.

    Args:
        overlap: α in (0, (√5−1)/2).
    """
    true_positive, false_positive = overlap**2, overlap
    counts = (true_positive, false_positive, 0.0, 1 - true_positive - false_positive)
    return float(dice(*counts[:3])), float(weighted_hamming(*counts, gamma=0.0))
