"""Every pair of settings of a panel, compared on the cases both have."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from itertools import combinations

import numpy as np

from segsweep.reports.estimates import PanelEstimates
from segsweep.reports.results import Floats
from segsweep.reports.scores import OVERLAPS, over_repeats, score_values
from segsweep.spec.report_settings import ReportSettings
from segsweep.statistics.intervals import Interval
from segsweep.statistics.losses import compare_losses
from segsweep.statistics.pairwise import Comparison, compare_pairs
from segsweep.statistics.variance import FEWEST_SEEDS


class Level(Enum):
    """What a comparison is evidence about."""

    MODELS = "these models"
    LOSSES = "these losses"


@dataclass(frozen=True, eq=False)
class Pairs:
    """All pairs of one panel at one level of inference.

    Attributes:
        level: what is resampled: cases alone, or cases and trainings.
        settings: names; comparisons refer to them by position.
        scores: mean of the compared metric over the setting's own cases, shape (settings,).
        common: the same over the cases (of a test set also the models) that every setting has, by which they are
            ranked; `scores` where there is none.
        shared: number of cases that every setting has.
        comparisons: one per pair, difference = first − second.
        resamples: how many were drawn.
        higher_is_better: whether a positive difference means that the first is better.
    """

    level: Level
    settings: tuple[str, ...]
    scores: tuple[float, ...]
    common: tuple[float, ...]
    shared: int
    comparisons: tuple[Comparison, ...]
    resamples: int
    higher_is_better: bool

    def ranked(self) -> tuple[int, ...]:
        """Positions of the settings, best mean first; settings without a mean last."""
        sign = -1 if self.higher_is_better else 1
        key = [sign * score if np.isfinite(score) else np.inf for score in self.common]
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


def compare_models(estimates: PanelEstimates, settings: ReportSettings) -> Pairs:
    """All pairs, were other cases drawn; the trained models are taken as they are."""
    scores = _scores(estimates, settings)
    compared = over_repeats(scores[:, estimates.panel.shared])
    weights = estimates.weights
    comparisons: tuple[Comparison, ...] = ()
    if weights is not None and len(scores) > 1:
        comparisons = compare_pairs(
            compared, weights, correction=settings.correction, margin=settings.margin, level=settings.level
        )
    return _pairs(Level.MODELS, estimates, settings, over_repeats(scores), compared, comparisons)


def compare_trainings(estimates: PanelEstimates, settings: ReportSettings) -> Pairs | None:
    """All pairs, were other cases drawn and the models trained again; None with fewer than `FEWEST_SEEDS` trainings."""
    panel = estimates.panel
    weights = estimates.weights
    if weights is None or len(panel.settings) < 2 or panel.trainings < FEWEST_SEEDS:
        return None
    scores = _scores(estimates, settings)
    compared = scores[:, panel.shared]
    comparisons = compare_losses(
        compared,
        panel.fold,
        weights,
        correction=settings.correction,
        margin=settings.margin,
        level=settings.level,
        rng=np.random.default_rng([settings.seed, 1]),
    )
    return _pairs(Level.LOSSES, estimates, settings, over_repeats(scores), over_repeats(compared), comparisons)


def _scores(estimates: PanelEstimates, settings: ReportSettings) -> Floats:
    return score_values(estimates.panel, settings.metric, settings.empty)


def _pairs(
    level: Level,
    estimates: PanelEstimates,
    settings: ReportSettings,
    scores: Floats,
    compared: Floats,
    comparisons: tuple[Comparison, ...],
) -> Pairs:
    """From each setting's scores by case: of all its models, and of those that it was compared by."""
    everywhere = np.isfinite(compared).all(axis=0)
    averages, weights = _means(scores), estimates.weights
    return Pairs(
        level=level,
        settings=estimates.panel.settings,
        scores=tuple(averages.tolist()),
        common=tuple((_means(compared[:, everywhere]) if everywhere.any() else averages).tolist()),
        shared=int(everywhere.sum()),
        comparisons=comparisons,
        resamples=weights.resamples if weights is not None else 0,
        higher_is_better=settings.metric in OVERLAPS,
    )


def _means(scores: Floats) -> Floats:
    count = np.isfinite(scores).sum(axis=1)
    means: Floats = np.divide(np.nansum(scores, axis=1), count, out=np.full(len(scores), np.nan), where=count > 0)
    return means
