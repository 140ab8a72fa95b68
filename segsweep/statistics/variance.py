"""Where the scatter of a mean difference comes from: the cases, the training runs, or the two together.

Case c of fold f, scored by the model that seed s trained on fold f, is taken as

    d[s, c] = δ + κ_c + m_{s,f(c)} + e_{s,c}:

κ is what this case does to every model, m what this model does to every case of its fold, e the rest. The mean over n
cases and S seeds then has the variance σ²_κ/n + Σ_f (n_f/n)² σ²_m/S + σ²_e/(nS). More cases do not shrink the middle
term, and resampling cases does not see it. What a training set does to all its models cannot be told from what the
cases of its fold do (no unbiased estimate of it exists within one cross-validation: Bengio & Grandvalet 2004).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segsweep.errors import InputError
from segsweep.statistics.moments import Floats

FEWEST_SEEDS = 3
"""Below this many seeds nothing is said about a loss: two runs give the spread between runs one degree of freedom."""


@dataclass(frozen=True)
class VarianceComponents:
    """Variances of one score or difference, in its unit squared; an estimate below 0 is given as 0.

    Attributes:
        case: σ²_κ, between cases, the same for all models.
        model: σ²_m, between training runs, the same for all cases of a fold.
        residual: σ²_e, of a case under one model.
        cases: number of cases with a value under every seed.
        folds: number of folds they come from.
        seeds: number of seeds.
    """

    case: float
    model: float
    residual: float
    cases: int
    folds: int
    seeds: int

    def standard_error(self, *, cases: int, folds: int, seeds: int) -> float:
        """Standard error of the mean of an experiment of this size, folds of equal size.

        Args:
            cases: number of cases, n.
            folds: number of folds they are spread over.
            seeds: training runs per fold, S.
        """
        return float(np.sqrt(self.case / cases + self.model / (folds * seeds) + self.residual / (cases * seeds)))


def variance_components(values: Floats, folds: NDArray[np.integer]) -> VarianceComponents:
    """Method-of-moments estimates from a two-way layout within folds (Searle, Casella & McCulloch 1992, ch. 4).

    Args:
        values: per-case scores of one setting, or differences of two, shape (seeds, cases). A case that is nan under
            one seed is left out.
        folds: fold of each case, shape (cases,).

    Raises:
        InputError: one seed, no fold with two cases, or shapes that do not fit.
    """
    if values.ndim != 2 or values.shape[1:] != folds.shape:
        raise InputError(
            f"values of shape {values.shape} and folds of shape {folds.shape}: (seeds, cases) and (cases,)"
        )
    seeds = len(values)
    if seeds < 2:
        raise InputError("one seed: the spread between training runs takes two")
    present = np.isfinite(values).all(axis=0)
    between_cases = between_models = residual = case_freedom = 0.0
    inverse_sizes = []
    for fold in np.unique(folds[present]):
        part = values[:, present & (folds == fold)]
        case, model = part.mean(axis=0), part.mean(axis=1)
        between_cases += float(np.square(case - part.mean()).sum())
        between_models += float(np.square(model - part.mean()).sum())
        residual += float(np.square(part - case - model[:, None] + part.mean()).sum())
        case_freedom += part.shape[1] - 1
        inverse_sizes.append(1 / part.shape[1])
    if case_freedom < 1:
        raise InputError("no fold has two cases with a value under every seed: case and model cannot be told apart")
    error = residual / (case_freedom * (seeds - 1))
    return VarianceComponents(
        case=max(between_cases / case_freedom - error / seeds, 0.0),
        model=max(between_models / (len(inverse_sizes) * (seeds - 1)) - error * float(np.mean(inverse_sizes)), 0.0),
        residual=error,
        cases=int(present.sum()),
        folds=len(inverse_sizes),
        seeds=seeds,
    )
