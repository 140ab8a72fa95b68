"""Where a loss is lowest under uncertainty, where that flips, and what it does to the volume."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from segsweep.theory.risks import OverlapRisk, Risk
from segsweep.theory.uncertain_region import UncertainRegion


@dataclass(frozen=True)
class Optimum:
    """The best common prediction of an uncertain region.

    Args:
        q: the prediction.
        soft_bias: expected soft volume error, E[ΣP − ΣY], as a fraction of the region's volume.
        hard_bias: the same after thresholding at ½; NaN at q = ½, where the decision is a coin toss.
    """

    q: float
    soft_bias: float
    hard_bias: float


def optimum(loss: Risk, p: float, k: float, r: float) -> Optimum:
    """Return the global optimum of a loss (Bertels et al. 2021, arXiv 2211.04161, Sect. 2).

    Args:
        loss: one of `segsweep.theory.risks`.
        p: probability that a block is foreground.
        k: number of independent blocks; for Φ=batch and Φ=all those of all images of the batch.
        r: uncertain volume relative to the certain foreground.

    Example:
        >>> from segsweep.theory.risks import DICE
        >>> optimum(DICE, p=0.3, k=16, r=1).soft_bias
        -0.3
    """
    q = loss.minimiser(UncertainRegion(p, k, r))
    hard = math.nan if q == 0.5 else float(q > 0.5) - p
    return Optimum(q, q - p, hard)


def critical_probability(loss: Risk, k: float, r: float) -> float:
    """Return p*(K, r), above which the optimum is above ½: the region is predicted rather than left out."""
    return _flip(lambda p: loss.minimiser(UncertainRegion(p, k, r)) > 0.5)


def dice_critical_probability_limit(r: float) -> float:
    """Return p*(∞, r) of soft Dice and soft Jaccard in closed form, (√(1+r) − 1)/r."""
    return (math.sqrt(1 + r) - 1) / r


def local_flip(loss: OverlapRisk, k: float, r: float) -> float:
    """Return the p at which the risk's slope at q = p turns from up to down.

    Training that continues from cross-entropy starts at q = p and goes where the slope points, which is not always
    where the global optimum is.
    """
    return _flip(lambda p: loss.slope(p, UncertainRegion(p, k, r)) < 0)


def mean_bias(loss: Risk, k: float, r: float) -> float:
    """Return the bias averaged over p uniform on [0, 1], (1 − 2p*)/2, of a loss whose optimum is an end point."""
    return (1 - 2 * critical_probability(loss, k, r)) / 2


def _flip(holds: Callable[[float], bool]) -> float:
    """Return the largest p in (0, 1) below which a condition fails and above which it holds."""
    grid = np.linspace(0, 1, 41)[1:-1]
    above = [bool(holds(float(p))) for p in grid]
    last_false = max((index for index, true in enumerate(above) if not true), default=-1)
    low = 0.0 if last_false < 0 else float(grid[last_false])
    high = float(grid[last_false + 1]) if last_false + 1 < grid.size else 1.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return (low + high) / 2
