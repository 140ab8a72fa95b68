"""Scores by object size: deciles of the foreground ratio, as in Fig. 1 of Bertels et al. 2019."""

import math
from dataclasses import dataclass

import numpy as np

from segsweep.reports import canvas
from segsweep.reports.document import Cell, Column, Drawing, Drawings, Section, Table, text_cell
from segsweep.reports.estimates import Mean, PanelEstimates, fewer, means_with_intervals
from segsweep.reports.numbers import number
from segsweep.reports.results import Floats, Indices
from segsweep.reports.scores import over_repeats, score_values
from segsweep.spec.report_settings import Metric, ReportSettings

BINS = 10
FEWEST_PER_BIN = 3
MOST_CURVES = 6
"""More curves cannot be told apart; the table has every setting."""

_MARKERS = "osD^vP"


@dataclass(frozen=True, eq=False)
class Deciles:
    """Mean score by bin of foreground ratio.

    Attributes:
        metric: `dice` or `jaccard`.
        settings: names.
        edges: smallest and largest foreground ratio of each bin, shape (bins, 2).
        cases: cases in each bin.
        means: by setting, then bin.
    """

    metric: Metric
    settings: tuple[str, ...]
    edges: Floats
    cases: tuple[int, ...]
    means: tuple[tuple[Mean, ...], ...]


def deciles(estimates: PanelEstimates, metric: Metric, settings: ReportSettings) -> Deciles | None:
    """Cut the cases with a true voxel into bins of equal count; None below `FEWEST_PER_BIN` × 2 cases.

    Fewer than ten bins are made where ten would hold less than `FEWEST_PER_BIN` cases each. Cases with an empty truth
    have no size and are in no bin, whatever the policy.
    """
    panel = estimates.panel
    ratio = np.fmax.reduce(panel.values("foreground_fraction"), axis=(0, 1))
    bins = bins_of_equal_count(ratio)
    count = int(bins.max(initial=-1)) + 1
    if count < 2:
        return None
    scores = over_repeats(score_values(panel, metric, settings.empty))
    masked = np.where(bins == np.arange(count)[:, None], scores[:, None, :], np.nan)
    rows = masked.reshape(-1, len(ratio))
    found = means_with_intervals(rows, fewer(estimates.weights, intervals=len(rows)), level=settings.level)
    return Deciles(
        metric=metric,
        settings=panel.settings,
        edges=np.array([[ratio[bins == one].min(), ratio[bins == one].max()] for one in range(count)]),
        cases=tuple(int(np.count_nonzero(bins == one)) for one in range(count)),
        means=tuple(found[place * count : (place + 1) * count] for place in range(len(panel.settings))),
    )


def bins_of_equal_count(ratio: Floats) -> Indices:
    """Bin of each case by ascending ratio, sizes differing by at most one; -1 = empty truth. Shape (cases,).

    Equal ratios may fall on either side of an edge; then cases decide by their alphabetical order, as they stand.
    """
    bins = np.full(len(ratio), -1, dtype=np.int64)
    sized = np.flatnonzero(ratio > 0)
    count = min(BINS, len(sized) // FEWEST_PER_BIN)
    if count >= 2:
        order = sized[np.argsort(ratio[sized], kind="stable")]
        for place, members in enumerate(np.array_split(order, count)):
            bins[members] = place
    return bins


def section(found: tuple[Deciles, ...], *, slug: str, level: float) -> Section:
    """One table and one figure per metric."""
    tables = tuple(_table(item, slug, level) for item in found)
    return Section(
        f"{slug}-size",
        "Scores by object size",
        (Drawings(lambda: tuple(_drawing(item, slug) for item in found)), *tables),
    )


def _table(item: Deciles, slug: str, level: float) -> Table:
    columns = (
        Column("Foreground, % of image"),
        Column("Cases", numeric=True),
        *(Column(name, numeric=True, interval=True) for name in item.settings),
    )
    rows = tuple(
        (
            text_cell(f"{_percent(item.edges[place, 0])} to {_percent(item.edges[place, 1])}"),
            Cell(str(cases), cases),
            *(_cell(means[place]) for means in item.means),
        )
        for place, cases in enumerate(item.cases)
    )
    name = item.metric.capitalize()
    note = (
        f"Bins of equal count over the cases with a true voxel. {level:.0%} intervals of the bins are in the CSV "
        "file; with so few cases each they are rough."
    )
    return Table(f"{slug}-size-{item.metric}", f"Mean {name} by foreground ratio", columns, rows, note, folded=True)


def _cell(mean: Mean) -> Cell:
    return Cell(number(mean.estimate, 3), mean.estimate, mean.low, mean.high)


def _percent(ratio: float) -> str:
    return f"{100 * ratio:.2g}" if ratio < 0.1 else f"{100 * ratio:.0f}"


def _drawing(item: Deciles, slug: str) -> Drawing:
    name = item.metric.capitalize()
    places = np.arange(len(item.cases))
    columns = canvas.legend_columns(item.settings[:MOST_CURVES])
    lines = math.ceil(min(len(item.settings), MOST_CURVES) / columns)
    with canvas.style():
        figure, axes = canvas.one_axes(216 + 18 * lines, left=52, legend_lines=lines)
        for index, (setting, means) in enumerate(zip(item.settings[:MOST_CURVES], item.means, strict=False)):
            axes.plot(
                places, [mean.estimate for mean in means], color=canvas.SERIES[index], marker=_MARKERS[index],
                markersize=5, linewidth=1.6, label=setting,
            )  # fmt: skip
        axes.set(xlabel="foreground, % of image (middle of bin)", ylabel=f"mean {name}")
        axes.set_xticks(places, [_percent(float(edge.mean())) for edge in item.edges])
        canvas.legend(figure, columns=columns)
        return canvas.drawing(
            figure,
            slug=f"{slug}-size-{item.metric}-figure",
            title=f"{name} by object size",
            description=f"Mean {name} of each setting by bin of foreground ratio; the numbers are in the table below.",
        )
