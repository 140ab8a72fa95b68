"""Means with intervals for every setting of a panel: scores, and volume errors tested against 0."""

from dataclasses import dataclass, replace

import numpy as np

from segsweep.reports.panels import Panel
from segsweep.reports.results import Floats
from segsweep.reports.scores import Estimator, over_repeats, score_values, volume_errors
from segsweep.spec.report_settings import ReportSettings
from segsweep.statistics import studentised
from segsweep.statistics.moments import means, resampled_statistics
from segsweep.statistics.multiplicity import holm
from segsweep.statistics.resampling import FEWEST_GROUPS, Weights, bootstrap_weights, resamples_needed

FEW_CASES = 20
"""Below this many independent cases no interval of a mean keeps its level."""

MOST_RESAMPLES = 40_000
MANY_PAIRS = 1_000
RESAMPLES_FOR_MANY = 2_000
_RESAMPLES_TO_DESCRIBE = 400_000

_VALUES_AT_ONCE = 1_000_000
"""Resampled statistics held at a time: 8 MB."""


@dataclass(frozen=True)
class Mean:
    """A mean over cases.

    Attributes:
        estimate: the mean; NaN where no case has a value.
        low: lower end of its interval; NaN where none is given.
        high: upper end of its interval; NaN where none is given.
        n: cases behind it.
        p: two-sided, against 0, alone.
        p_corrected: corrected by Holm over the volume errors of the panel; NaN for scores.
    """

    estimate: float
    low: float
    high: float
    n: int
    p: float
    p_corrected: float = float("nan")


@dataclass(frozen=True, eq=False)
class PanelEstimates:
    """Every setting's means, in the order of `panel.settings`.

    Attributes:
        panel: what they are about.
        weights: the one set of resamples behind every interval and comparison of the panel; None = fewer groups than
            an interval can be built on.
        units: independent units: groups where cases share one, cases otherwise.
        dice: mean Dice.
        jaccard: mean Jaccard.
        errors: mean volume error by estimator.
    """

    panel: Panel
    weights: Weights | None
    units: int
    dice: tuple[Mean, ...]
    jaccard: tuple[Mean, ...]
    errors: dict[Estimator, tuple[Mean, ...]]


def estimate(panel: Panel, settings: ReportSettings) -> PanelEstimates:
    """Means of Dice, Jaccard and both volume errors.

    Level *these models*: cases, or groups of cases, are resampled; the trained models are taken as they are.
    """
    weights = panel_weights(panel, settings)
    size = len(panel.settings)
    dice = over_repeats(score_values(panel, "dice", settings.empty))
    jaccard = over_repeats(score_values(panel, "jaccard", settings.empty))
    errors = [over_repeats(volume_errors(panel, estimator)) for estimator in Estimator]
    found = means_with_intervals(np.concatenate([dice, jaccard, *errors]), weights, level=settings.level)
    volumes = _corrected(found[2 * size :])
    return PanelEstimates(
        panel=panel,
        weights=weights,
        units=len(set(panel.groups)),
        dice=found[:size],
        jaccard=found[size : 2 * size],
        errors={estimator: volumes[index * size : (index + 1) * size] for index, estimator in enumerate(Estimator)},
    )


def panel_weights(panel: Panel, settings: ReportSettings) -> Weights | None:
    """Resamples of the panel's groups; None where several cases share each of fewer than `FEWEST_GROUPS` groups."""
    groups = len(set(panel.groups))
    if groups < min(FEWEST_GROUPS, len(panel.cases)):
        return None
    resamples = resamples_for(len(panel.settings), settings)
    return bootstrap_weights(panel.groups, resamples, rng=np.random.default_rng(settings.seed))


def fewer(weights: Weights | None, *, intervals: int) -> Weights | None:
    """The first resamples: for intervals and shares that describe and decide nothing, the fewer the more there are."""
    if weights is None:
        return None
    resamples = min(max(_RESAMPLES_TO_DESCRIBE // max(intervals, 1), 400), RESAMPLES_FOR_MANY)
    return Weights(weights.counts[:resamples], weights.unit_of_case)


def resamples_for(members: int, settings: ReportSettings) -> int:
    """Resamples for all pairs of so many settings.

    Holm and Benjamini–Hochberg get as many as they need to be able to reject, up to `MOST_RESAMPLES`. Max-T needs no
    more for many pairs than for few, and is given fewer where there are very many, to save time.
    """
    pairs = members * (members - 1) // 2
    if settings.correction != "max-t":
        needed = resamples_needed(pairs, level=settings.level)
        return min(max(settings.resamples, needed), max(settings.resamples, MOST_RESAMPLES))
    return min(settings.resamples, RESAMPLES_FOR_MANY) if pairs > MANY_PAIRS else settings.resamples


def means_with_intervals(values: Floats, weights: Weights | None, *, level: float) -> tuple[Mean, ...]:
    """Studentised interval and p of every row.

    Args:
        values: shape (rows, cases); NaN = missing.
        weights: resamples of the cases; None = estimates without intervals.
        level: confidence level.
    """
    if weights is None:
        counts = np.isfinite(values).sum(axis=1)
        sums = np.nansum(values, axis=1)
        return tuple(
            Mean(float(total / n) if n else np.nan, np.nan, np.nan, int(n), np.nan)
            for total, n in zip(sums, counts, strict=True)
        )
    rows: list[Mean] = []
    block = max(_VALUES_AT_ONCE // weights.resamples, 1)
    for start in range(0, len(values), block):
        sample = means(values[start : start + block], weights)
        draws = resampled_statistics(sample, weights)
        low, high = studentised.bounds(sample, draws, level=level)
        p = studentised.p_values(sample, draws)
        columns = (sample.estimate, low, high, sample.n, p)
        rows += [Mean(*(column[row].item() for column in columns)) for row in range(len(p))]
    return tuple(rows)


def _corrected(rows: tuple[Mean, ...]) -> tuple[Mean, ...]:
    """Holm over the means that exist; a volume that nobody measured does not make the others less certain."""
    tested = [place for place, row in enumerate(rows) if row.n > 0 and np.isfinite(row.p)]
    corrected = np.full(len(rows), np.nan)
    corrected[tested] = holm(np.array([rows[place].p for place in tested]))
    return tuple(replace(row, p_corrected=float(value)) for row, value in zip(rows, corrected, strict=True))
