"""Table 1 of Bertels et al. 2019 (arXiv 1911.01685) for this sweep: means by dataset and loss, marked as there.

- italic: significantly lower than each metric-sensitive loss;
- underlined: significantly lower than another loss of its own group (pixel-wise, or metric-sensitive);
- bold: significantly better than all others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segsweep.reports.document import Cell, Column, Mark, Paragraph, Section, Table, Tone, text_cell
from segsweep.reports.estimates import PanelEstimates
from segsweep.reports.numbers import NOTHING, number
from segsweep.reports.results import Floats
from segsweep.reports.scores import over_repeats, score_values
from segsweep.spec.report_settings import Metric, ReportSettings
from segsweep.statistics.pairwise import compare_pairs
from segsweep.statistics.published import published_bootstrap
from segsweep.statistics.resampling import Weights

PIXEL_WISE = frozenset({"ce", "wce", "focal", "topk"})
METRIC_SENSITIVE = frozenset({"dice", "jaccard", "tversky", "lovasz", "lovasz_hinge", "marginal_dice", "leaf_dice"})
MOST_SETTINGS = 16
"""A wider table is not read; the settings are compared in their own sections."""

METRICS: tuple[Metric, ...] = ("dice", "jaccard")

Lower = NDArray[np.bool_]
"""Whether the first setting is significantly lower than the second, shape (settings, settings)."""


@dataclass(frozen=True)
class Row:
    """One metric on one panel.

    Attributes:
        name: of the panel.
        cases: number of cases with a score, of the setting with most of them.
        fewest: the same, of the setting with fewest.
        means: by setting.
        marks: by setting.
    """

    metric: Metric
    name: str
    cases: int
    fewest: int
    means: dict[str, float]
    marks: dict[str, frozenset[Mark]]


def table1_rows(panels: Sequence[tuple[str, PanelEstimates]], settings: ReportSettings) -> tuple[Row, ...]:
    """Every metric on every named panel, in the order of the published table: Dice first, then Jaccard."""
    return tuple(
        _row(metric, name, estimates, settings)
        for metric in METRICS
        for name, estimates in panels
        if estimates.weights is not None and len(estimates.panel.settings) <= MOST_SETTINGS
    )


def _row(metric: Metric, name: str, estimates: PanelEstimates, settings: ReportSettings) -> Row:
    panel = estimates.panel
    scores = over_repeats(score_values(panel, metric, settings.empty))
    means = estimates.dice if metric == "dice" else estimates.jaccard
    lower = np.zeros((len(scores), len(scores)), dtype=bool)
    if estimates.weights is not None and len(scores) > 1:
        rule = _lower_as_published if settings.rule == "as_published" else _lower_corrected
        lower = rule(scores, estimates.weights, settings)
    losses = {trial.setting: trial.loss for trial in panel.results.trials}
    marks = caption_marks([losses[setting] for setting in panel.settings], lower)
    return Row(
        metric=metric,
        name=name,
        cases=max((mean.n for mean in means), default=0),
        fewest=min((mean.n for mean in means), default=0),
        means={setting: mean.estimate for setting, mean in zip(panel.settings, means, strict=True)},
        marks=dict(zip(panel.settings, marks, strict=True)),
    )


def caption_marks(losses: Sequence[str], lower: Lower) -> tuple[frozenset[Mark], ...]:
    """The caption's marks.

    Args:
        losses: name of the loss of each setting. Sums and foreign losses are in neither group.
        lower: whether the first setting is significantly lower than the second.
    """
    sensitive = np.array([loss in METRIC_SENSITIVE for loss in losses])
    pixel_wise = np.array([loss in PIXEL_WISE for loss in losses])
    marks = []
    for place in range(len(losses)):
        others = np.arange(len(losses)) != place
        own = others & (sensitive if sensitive[place] else pixel_wise if pixel_wise[place] else np.zeros_like(others))
        found = set()
        if sensitive.any() and not sensitive[place] and lower[place, sensitive].all():
            found.add(Mark.ITALIC)
        if lower[place, own].any():
            found.add(Mark.UNDERLINE)
        if others.any() and lower[others, place].all():
            found.add(Mark.BOLD)
        marks.append(frozenset(found))
    return tuple(marks)


def _lower_corrected(scores: Floats, weights: Weights, settings: ReportSettings) -> Lower:
    lower = np.zeros((len(scores), len(scores)), dtype=bool)
    found = compare_pairs(scores, weights, correction=settings.correction, margin=settings.margin, level=settings.level)
    for item in found:
        if item.p_corrected <= 1 - settings.level:
            behind, ahead = (item.first, item.second) if item.difference.estimate < 0 else (item.second, item.first)
            lower[behind, ahead] = True
    return lower


def _lower_as_published(scores: Floats, weights: Weights, settings: ReportSettings) -> Lower:
    lower = np.zeros((len(scores), len(scores)), dtype=bool)
    for first in range(len(scores)):
        for second in range(first + 1, len(scores)):
            found = published_bootstrap(scores[first] - scores[second], weights)
            lower[first, second] = found.first_is_lower
            lower[second, first] = found.first_is_higher
    return lower


def _sizes(row: Row) -> str:
    return str(row.cases) if row.fewest == row.cases else f"{row.fewest} to {row.cases}"


def section(rows: tuple[Row, ...], settings: ReportSettings) -> Section:
    """The table, datasets down and losses across, sizes in parentheses."""
    names = tuple(dict.fromkeys(setting for row in rows for setting in row.means))
    columns = (Column("Metric"), Column("Data (cases)"), *(Column(name, numeric=True) for name in names))
    body = tuple(
        (
            text_cell(row.metric.capitalize()),
            text_cell(f"{row.name} ({_sizes(row)})"),
            *(_cell(row, name) for name in names),
        )
        for row in rows
    )
    rule = (
        "the authors' bootstrap shares, one-sided at .05 on both sides, uncorrected"
        if settings.rule == "as_published"
        else f"corrected p ≤ {1 - settings.level:.2g}"
    )
    note = (
        "Italic: significantly lower than each metric-sensitive loss. Underlined: significantly lower than another "
        "loss of its group (pixel-wise or metric-sensitive). Bold: significantly better than all others. "
        f"Significant: {rule}; these models."
    )
    if any(row.fewest < row.cases for row in rows):
        note += " A mean is over the setting's own cases, a mark rests on the cases that both settings have."
    table = Table("table1", "Mean Dice and Jaccard by dataset and loss", columns, body, note)
    about = Paragraph("Laid out as Table 1 of Bertels et al. 2019 (arXiv 1911.01685).", Tone.NOTE)
    return Section("table-1", "All datasets at a glance", (about, table))


def _cell(row: Row, setting: str) -> Cell:
    if setting not in row.means:
        return Cell(NOTHING)
    return Cell(number(row.means[setting], 3), row.means[setting], marks=row.marks[setting])
