"""The expected loss (risk) of a common prediction q on an uncertain region, and the q that minimises it."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from segsweep.theory.uncertain_region import Array, UncertainRegion

_GRID = np.linspace(0, 1, 401)
_NEAR_ZERO = 1e-9  # at 0 itself the similarity of two empty masks jumps
_GOLDEN = (math.sqrt(5) - 1) / 2


class Risk(Protocol):
    """A loss as theory sees it."""

    def risk(self, q: Array, region: UncertainRegion) -> Array:
        """Return the expected loss of each prediction in `q`, `(predictions,)`."""

    def minimiser(self, region: UncertainRegion) -> float:
        """Return the q in [0, 1] with the lowest risk."""


@dataclass(frozen=True)
class OverlapRisk:
    """Soft Tversky: 1 − (2TP+ε)/(2TP+2α·FP+2β·FN+ε); an empty denominator counts as similarity 1.

    Args:
        alpha: weight of false positives.
        beta: weight of false negatives.
        epsilon: ε in units of the certain volume (of the uncertain region where there is no certain foreground).
    """

    alpha: float
    beta: float
    epsilon: float = 0.0

    def risk(self, q: Array, region: UncertainRegion) -> Array:
        """Return the expected loss of each prediction."""
        fractions, weights = region.outcomes()
        numerator, denominator, _, _ = self._terms(np.asarray(q, dtype=np.float64), region, fractions)
        empty = denominator == 0
        similarity = np.where(empty, 1.0, numerator / np.where(empty, 1.0, denominator))
        expected: Array = 1 - similarity @ weights
        return expected

    def slope(self, q: float, region: UncertainRegion) -> float:
        """Return the derivative of the risk at q in (0, 1]."""
        fractions, weights = region.outcomes()
        numerator, denominator, to_numerator, to_denominator = self._terms(np.array([q]), region, fractions)
        slopes = (to_numerator * denominator - numerator * to_denominator) / denominator**2
        return -float((slopes @ weights)[0])

    def minimiser(self, region: UncertainRegion) -> float:
        """Return the global optimum, found by a grid and golden sections in the best grid cell."""
        best = int(np.argmin(self.risk(_GRID, region)))
        # most optima are end points; the slope there tells without a search
        if best == 0 and self.slope(_NEAR_ZERO, region) >= 0:
            return 0.0
        if best == _GRID.size - 1 and self.slope(1.0, region) <= 0:
            return 1.0
        low, high = _GRID[max(best - 1, 0)], _GRID[min(best + 1, _GRID.size - 1)]
        while high - low > 1e-10:
            left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
            lower_left = self.risk(np.array([left, right]), region)
            low, high = (low, right) if lower_left[0] <= lower_left[1] else (left, high)
        candidates = np.array([_GRID[best], (low + high) / 2])
        return float(candidates[np.argmin(self.risk(candidates, region))])

    def _terms(self, q: Array, region: UncertainRegion, fractions: Array) -> tuple[Array, Array, Array, Array]:
        """Numerator and denominator, `(predictions, outcomes)`, and their derivatives with respect to q."""
        labelled = region.uncertain * fractions
        true_positive = region.certain + q[:, None] * labelled
        predicted = region.certain + q[:, None] * region.uncertain
        rest = 1 - self.alpha - self.beta
        volumes = 2 * self.alpha * predicted + 2 * self.beta * (region.certain + labelled)
        return (
            2 * true_positive + self.epsilon,
            2 * rest * true_positive + volumes + self.epsilon,
            np.broadcast_to(2 * labelled, true_positive.shape),
            np.broadcast_to(2 * rest * labelled + 2 * self.alpha * region.uncertain, true_positive.shape),
        )


@dataclass(frozen=True)
class LovaszRisk:
    """The Lovász extension of 1 − Jaccard with errors 1−q on labelled blocks and q on the others."""

    def risk(self, q: Array, region: UncertainRegion) -> Array:
        """Return the expected loss of each prediction; convex and piecewise linear with its kink at ½."""
        q = np.asarray(q, dtype=np.float64)[:, None]
        fractions, weights = region.outcomes()
        found = region.uncertain * fractions
        total = region.certain + found
        missed_first = np.divide(found, total, out=np.zeros_like(total), where=total > 0)
        added_first = region.uncertain * (1 - fractions) / (region.certain + region.uncertain)
        both = region.uncertain / (region.certain + region.uncertain)
        misses_larger = (1 - q) * missed_first + q * (both - missed_first)
        additions_larger = q * added_first + (1 - q) * (both - added_first)
        expected: Array = np.where(q < 0.5, misses_larger, additions_larger) @ weights
        return expected

    def minimiser(self, region: UncertainRegion) -> float:
        """Return 0, ½ or 1 from the slopes left and right of the kink."""
        left, kink, right = self.risk(np.array([0.0, 0.5, 1.0]), region)
        if left <= kink:
            return 0.0
        return 1.0 if right < kink else 0.5


@dataclass(frozen=True)
class CrossEntropyRisk:
    """Weighted cross-entropy per voxel of the uncertain region.

    Args:
        foreground: weight w₁ of foreground voxels.
        background: weight w₀ of background voxels.
    """

    foreground: float = 1.0
    background: float = 1.0

    def risk(self, q: Array, region: UncertainRegion) -> Array:
        """Return the expected loss of each prediction in (0, 1)."""
        q = np.asarray(q, dtype=np.float64)
        expected: Array = -self.foreground * region.p * np.log(q) - self.background * (1 - region.p) * np.log1p(-q)
        return expected

    def minimiser(self, region: UncertainRegion) -> float:
        """Return w₁p/(w₁p + w₀(1−p)); for equal weights the loss is proper and this is p."""
        pull = self.foreground * region.p
        return pull / (pull + self.background * (1 - region.p))


DICE = OverlapRisk(0.5, 0.5)
JACCARD = OverlapRisk(1.0, 1.0)
CROSS_ENTROPY = CrossEntropyRisk()
LOVASZ = LovaszRisk()
