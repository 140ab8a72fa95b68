"""How large a paired difference is, in units that do not depend on the metric."""

import numpy as np
from scipy.special import gammaln

from segsweep.statistics.moments import NO_SPREAD, Floats


def standardised_difference(differences: Floats) -> float:
    """Hedges' g for pairs: mean/s of the differences, times J = Γ(ν/2) / (√(ν/2) Γ((ν−1)/2)), ν = n − 1.

    J removes the bias of small samples (Hedges 1981). The unit is the spread of *differences* (d_z), not of
    scores: it says how detectable a difference is, not how large compared with the variety of patients.

    Args:
        differences: shape (cases,); nan = one side has no value.

    Returns:
        0 where all differences are 0; ±inf where they are equal and not 0; nan below three cases, where J is undefined.
    """
    values = differences[np.isfinite(differences)]
    freedom = len(values) - 1
    if freedom < 2:
        return float("nan")
    mean, spread = float(values.mean()), float(values.std(ddof=1))
    if spread <= NO_SPREAD * float(np.abs(values).max()):
        return 0.0 if mean == 0 else float(np.copysign(np.inf, mean))
    correction = np.exp(gammaln(freedom / 2) - gammaln((freedom - 1) / 2)) / np.sqrt(freedom / 2)
    return float(correction * mean / spread)


def share_better(differences: Floats) -> float:
    """Share of cases on which the first setting is higher, ties counted half; nan without a case.

    Args:
        differences: first − second, shape (cases,); nan = one side has no value.
    """
    values = differences[np.isfinite(differences)]
    return float(np.mean((np.sign(values) + 1) / 2)) if len(values) else float("nan")


def rank_biserial(differences: Floats) -> float:
    """Matched-pairs rank-biserial correlation: (W₊ − W₋)/(W₊ + W₋), W the sums of the ranks of |d| (Kerby 2014).

    Args:
        differences: first − second, shape (cases,); nan = one side has no value. Differences of 0 are left out.

    Returns:
        1 where the first is always higher, −1 where always lower, 0 where no case differs.
    """
    values = differences[np.isfinite(differences) & (differences != 0)]
    if not len(values):
        return 0.0
    size = np.sort(np.abs(values))
    # mean rank of tied sizes: between the first and the last place an equal value has
    ranks = (np.searchsorted(size, np.abs(values), "left") + 1 + np.searchsorted(size, np.abs(values), "right")) / 2
    return float((np.sign(values) * ranks).sum() / ranks.sum())
