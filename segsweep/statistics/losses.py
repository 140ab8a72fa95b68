"""All pairs of settings, *this loss*: what would change had other cases been drawn and the models been trained again.

A training run shifts all cases of its fold at once. Two runs of one and the same loss therefore differ "significantly"
on enough cases, and only the spread between runs tells a loss from a run. That spread rests on F·(S−1) degrees of
freedom, F folds and S seeds, which is few; so the two sources are drawn differently and added,

    D* = SE_case · t*_case + SE_run · t*_run:

- t*_case is the bootstrap-t of the per-case means over seeds; nothing is assumed about its distribution;
- t*_run is a normal draw over a spread estimated from further draws: Student's t with F·(S−1) degrees of freedom.
  Resampling three runs with replacement would give ten distinct results and no usable tail. Draws of different pairs
  are correlated through the settings they share, as they are when the runs of all settings vary alike; so few runs
  cannot estimate more of their joint distribution. The spread itself is each pair's own, pooled over folds.

Adding the two deviates, instead of plugging the ratio of two estimated variances into one, is Behrens' and Fisher's
answer to the problem of two unknown variances; its error was found to stay below the nominal one (Robinson 1976). The
variance between case means and that between runs both contain run × case; it is left with the runs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segsweep.errors import InputError
from segsweep.statistics.family import Comparison, canonical_order, studentised_family
from segsweep.statistics.moments import Estimates, Floats, Means, means, resampled_statistics, unit_sums
from segsweep.statistics.multiplicity import Correction
from segsweep.statistics.resampling import Weights
from segsweep.statistics.variance import FEWEST_SEEDS


@dataclass(frozen=True, eq=False)
class _LossEstimates(Estimates):
    """Differences of settings and the two sources of their variance, shape (pairs,) each unless said.

    Attributes:
        means: over cases, of the means over seeds.
        case_error: standard error due to cases.
        run_error: standard error due to training runs, run × case included.
        freedom: degrees of freedom of `run_error`.
    """

    means: Means
    case_error: Floats
    run_error: Floats
    freedom: NDArray[np.intp]


def compare_losses(
    scores: Floats,
    folds: NDArray[np.integer],
    weights: Weights,
    *,
    correction: Correction,
    margin: float,
    level: float = 0.95,
    rng: np.random.Generator,
) -> tuple[Comparison, ...]:
    """Compare every pair of settings over cases and training runs.

    Not covered: other training sets, of which a cross-validation holds one per fold.

    >>> from segsweep.statistics.pairwise import compare_pairs
    >>> from segsweep.statistics.resampling import bootstrap_weights
    >>> rng = np.random.default_rng(0)
    >>> folds = np.arange(60) % 3
    >>> runs = rng.normal(0, 0.02, size=(2, 4, 3))  # two losses that are equal, four seeds, three folds
    >>> scores = 0.8 + runs[:, :, folds] + rng.normal(0, 0.01, size=(2, 4, 60))
    >>> weights = bootstrap_weights(60, 1999, rng=rng)
    >>> models = compare_pairs(scores[:, 0], weights, correction="max-t", margin=0.01)
    >>> losses = compare_losses(scores, folds, weights, correction="max-t", margin=0.01, rng=rng)
    >>> models[0].verdict.value, losses[0].verdict.value
    ('different', 'undecided')

    Args:
        scores: shape (settings, seeds, cases); the model of seed s that scores case c is the one of c's fold. nan = no
            value. A pair uses the cases that both sides have under every seed, and says how many.
        folds: fold of each case, shape (cases,); all cases of a fold share the models of that fold.
        weights: resamples of the cases.
        correction: as in `compare_pairs`.
        margin: largest difference that does not matter, in the metric's unit.
        level: confidence level of the intervals and 1 − α of the verdicts.
        rng: source of randomness of the training runs.

    Returns:
        One comparison per pair, as `compare_pairs`.

    Raises:
        InputError: fewer than `FEWEST_SEEDS` seeds, shapes that do not fit, or as in `compare_pairs`.
    """
    scores = np.asarray(scores, dtype=np.float64)
    if scores.ndim != 3 or scores.shape[2:] != folds.shape:
        raise InputError(f"scores of shape {scores.shape}, folds of shape {folds.shape}: (settings, seeds, cases)")
    seeds = scores.shape[1]
    if seeds < FEWEST_SEEDS:
        raise InputError(
            f"{seeds} seeds: nothing can be said about a loss with fewer than {FEWEST_SEEDS} training runs"
        )
    member = folds == np.unique(folds)[:, None]
    order = canonical_order(scores.reshape(len(scores), -1))
    # The first draw moves the means; the others, one per degree of freedom, estimate the spread anew. Each setting has
    # its draws by its place in the canonical order, so that they do not depend on how the settings were numbered.
    runs = rng.standard_normal((1 + len(member) * (seeds - 1), len(scores), weights.resamples))[:, np.argsort(order)]
    family = studentised_family(
        order,
        lambda pairs: _estimates(scores[pairs[:, 0]] - scores[pairs[:, 1]], member, weights),
        lambda sample, pairs: _statistics(sample, weights, runs, pairs),
        resamples=weights.resamples,
        level=level,
    )
    return family.comparisons(correction=correction, margin=margin)


def _estimates(differences: Floats, member: NDArray[np.bool_], weights: Weights) -> _LossEstimates:
    """Estimates from differences of shape (pairs, seeds, cases) and folds as rows of `member`, shape (folds, cases)."""
    pairs, seeds, cases = differences.shape
    present: NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(differences), axis=1)
    values = np.where(present[:, None], differences, 0.0)
    per_case = values.mean(axis=1)
    sample = means(np.where(present, per_case, np.nan), weights)
    within_case = values - per_case[:, None]
    sizes = (present[:, None] & member).sum(axis=2)
    # shape (pairs, seeds, folds); a fold of which the pair has no case counts neither as a deviation nor as freedom
    deviations = (within_case @ member.T.astype(np.float64)) / np.maximum(sizes, 1)[:, None]
    used = np.count_nonzero(sizes, axis=1)
    freedom = used * (seeds - 1)
    total = np.maximum(sample.n, 1)
    shares = np.square(sizes / total[:, None]).sum(axis=1)
    run_variance = np.square(deviations).sum(axis=(1, 2)) / np.maximum(freedom, 1) / seeds * shares
    both = np.where(present[:, None], within_case - deviations @ member, 0.0)
    sums = unit_sums(both.reshape(pairs * seeds, cases), weights).reshape(pairs, -1)
    unbiased = (seeds - 1) / seeds * np.maximum(sample.units - used, 1) / np.maximum(sample.units, 1)
    shared = np.square(sums).sum(axis=1) / np.square(total * seeds) / unbiased
    case_variance = np.maximum(np.square(sample.standard_error) - shared, 0.0)
    return _LossEstimates(
        estimate=sample.estimate,
        standard_error=np.sqrt(case_variance + run_variance),
        n=sample.n,
        units=sample.units,
        untied=sample.untied,
        means=sample,
        case_error=np.sqrt(case_variance),
        run_error=np.sqrt(run_variance),
        freedom=freedom,
    )


def _statistics(sample: _LossEstimates, weights: Weights, runs: Floats, pairs: NDArray[np.intp]) -> Floats:
    """D*/SE of every pair, shape (pairs, resamples), from draws of shape (1 + freedom, settings, resamples)."""
    total = _run_statistics(sample.freedom, runs, pairs) * sample.run_error[:, None]
    varying = sample.case_error > 0  # where cases do not vary, an infinite t* of theirs has no weight
    cases = resampled_statistics(sample.means, weights)
    total[varying] += sample.case_error[varying, None] * cases[varying]
    return total / np.where(sample.standard_error > 0, sample.standard_error, 1.0)[:, None]


def _run_statistics(freedom: NDArray[np.intp], runs: Floats, pairs: NDArray[np.intp]) -> Floats:
    """Student's t draws, shape (pairs, resamples); pairs that share a setting share its draws."""
    first, second = pairs.T
    spread = np.zeros((len(pairs), runs.shape[2]))
    for degree, draw in enumerate(runs[1:]):
        used = (degree < freedom)[:, None]
        spread += np.square(draw[first] - draw[second], where=used, out=np.zeros_like(spread))
    spread[freedom == 0] = 1.0  # no case at all, hence no runs
    statistics: Floats = (runs[0, first] - runs[0, second]) * np.sqrt(freedom[:, None] / spread)
    return statistics
