"""Every pair of settings of a panel, compared on the cases both have."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np

from segsweep.reports.estimates import PanelEstimates
from segsweep.reports.scores import OVERLAPS, over_repeats, score_values
from segsweep.spec.report_settings import ReportSettings
from segsweep.statistics.intervals import Interval
from segsweep.statistics.pairwise import Comparison, compare_pairs
from segsweep.statistics.resampling import Weights

LARGE_FAMILY = 1_000
"""Pairs beyond which 2,000 resamples are used: enough for max-T at any number of pairs, and a fifth of the time."""

_LARGE_FAMILY_RESAMPLES = 2_000


@dataclass(frozen=True, eq=False)
class Pairs:
    """All pairs of one panel.

    Attributes:
        settings: names; comparisons refer to them by position.
        scores: mean of the compared metric, shape (settings,).
        comparisons: one per pair, difference = first − second.
        resamples: how many were drawn.
        higher_is_better: whether a positive difference means that the first is better.
    """

    settings: tuple[str, ...]
    scores: tuple[float, ...]
    comparisons: tuple[Comparison, ...]
    resamples: int
    higher_is_better: bool

    def ranked(self) -> tuple[int, ...]:
        """Positions of the settings, best mean first; settings without a mean last."""
        sign = -1 if self.higher_is_better else 1
        key = [sign * score if np.isfinite(score) else np.inf for score in self.scores]
        return tuple(sorted(range(len(self.settings)), key=key.__getitem__))

    @cached_property
    def _places(self) -> dict[tuple[int, int], Comparison]:
        return {(item.first, item.second): item for item in self.comparisons}

    def between(self, first: int, second: int) -> Comparison:
        """The comparison of two settings, whichever stands first in it."""
        return self._places[min(first, second), max(first, second)]

    def gain(self, first: int, second: int) -> Interval:
        """Mean of `first` minus mean of `second` on the cases both have."""
        found = self.between(first, second).difference
        if first < second:
            return found
        return replace(found, estimate=-found.estimate, low=-found.high, high=-found.low)

    def best_first(self) -> Iterator[tuple[int, int]]:
        """Every pair, better mean first: the best against all others, then the next against those below it."""
        return combinations(self.ranked(), 2)


def compare(estimates: PanelEstimates, settings: ReportSettings) -> Pairs:
    """Compare all pairs on the metric of `settings`."""
    panel = estimates.panel
    scores = over_repeats(score_values(panel, settings.metric, settings.empty))
    count = np.isfinite(scores).sum(axis=1)
    averages = np.divide(np.nansum(scores, axis=1), count, out=np.full(len(scores), np.nan), where=count > 0)
    weights = estimates.weights
    comparisons: tuple[Comparison, ...] = ()
    if weights is not None and len(scores) > 1:
        weights = _enough(weights, pairs=len(scores) * (len(scores) - 1) // 2, settings=settings)
        comparisons = compare_pairs(
            scores, weights, correction=settings.correction, margin=settings.margin, level=settings.level
        )
    return Pairs(
        settings=panel.settings,
        scores=tuple(float(value) for value in averages),
        comparisons=comparisons,
        resamples=weights.resamples if weights is not None else 0,
        higher_is_better=settings.metric in OVERLAPS,
    )


def _enough(weights: Weights, *, pairs: int, settings: ReportSettings) -> Weights:
    if pairs <= LARGE_FAMILY or settings.correction != "max-t":
        return weights
    return Weights(weights.counts[:_LARGE_FAMILY_RESAMPLES], weights.unit_of_case)
