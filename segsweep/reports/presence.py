"""Cases with and without the structure: false volumes where there is nothing, and presence told by predicted volume.

What Φ and ε change most (Tilborghs et al. 2022): whether a model leaves an image empty when its label is.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segsweep.errors import InputError
from segsweep.reports import canvas
from segsweep.reports.document import Cell, Column, Drawing, Drawings, Section, Table, text_cell
from segsweep.reports.estimates import Mean, PanelEstimates, means_with_intervals
from segsweep.reports.interval_cells import auc_cell, interval_cell, percent_cell
from segsweep.reports.numbers import count, decimals_for, number
from segsweep.reports.results import Floats
from segsweep.reports.scores import over_repeats
from segsweep.reports.settings_table import UNIT_NAMES
from segsweep.statistics.intervals import Interval
from segsweep.statistics.presence import Presence, presence_by_volume
from segsweep.statistics.shares import share_interval

MOST_CURVES = 6


@dataclass(frozen=True, eq=False)
class PresenceRow:
    """One setting.

    Attributes:
        dice_with: mean Dice of the cases with the structure.
        left_empty: share of the cases without it whose prediction is empty.
        false_volume: mean predicted (hard) volume of the cases without it, in the unit of the panel.
        missed: share of the cases with it whose prediction is empty.
        roc: presence told by predicted volume; None where it is undefined.
    """

    setting: str
    dice_with: Mean
    left_empty: Interval
    false_volume: Mean
    missed: Interval
    roc: Presence | None


@dataclass(frozen=True, eq=False)
class PresenceResults:
    """All settings of a panel, and how many cases have and lack the structure."""

    rows: tuple[PresenceRow, ...]
    unit: str
    with_structure: int
    without: int


def presence(estimates: PanelEstimates, *, level: float) -> PresenceResults | None:
    """Split the cases by their truth; None unless there are cases of both kinds."""
    panel = estimates.panel
    without = (panel.values("empty_true") == 1).any(axis=(0, 1))
    if without.all() or not without.any():
        return None
    volume = over_repeats(panel.values("volume_hard"))
    empty = over_repeats(panel.values("empty_pred"))
    dice = over_repeats(panel.values("dice"))
    parts = [
        np.where(without, np.nan, dice),
        np.where(without, volume, np.nan),
    ]
    found = means_with_intervals(np.concatenate(parts), estimates.weights, level=level)
    size = len(panel.settings)
    return PresenceResults(
        rows=tuple(
            PresenceRow(
                setting=setting,
                dice_with=found[place],
                left_empty=share_interval(empty[place, without], level=level),
                false_volume=found[size + place],
                missed=share_interval(empty[place, ~without], level=level),
                roc=roc_of(volume[place], ~without, level),
            )
            for place, setting in enumerate(panel.settings)
        ),
        unit=panel.unit,
        with_structure=int(np.count_nonzero(~without)),
        without=int(np.count_nonzero(without)),
    )


def roc_of(volume: Floats, present: NDArray[np.bool_], level: float) -> Presence | None:
    """Presence told by predicted volume; None where it is undefined."""
    try:
        return presence_by_volume(volume, present, level=level)
    except InputError:  # a setting that lacks all cases of one kind
        return None


def section(found: PresenceResults, *, slug: str, level: float) -> Section:
    """Table and ROC."""
    return Section(
        f"{slug}-presence",
        "Cases with and without the structure",
        (
            _table(found, slug, level),
            roc_figures([(row.setting, row.roc) for row in found.rows], f"{slug}-presence", "Presence"),
            _points(found, slug),
        ),
    )


def _table(found: PresenceResults, slug: str, level: float) -> Table:
    unit = UNIT_NAMES[found.unit]
    decimals = decimals_for(row.false_volume.estimate for row in found.rows)
    columns = (
        Column("Setting"),
        Column("Dice, with", numeric=True, interval=True),
        Column("Missed altogether, %", numeric=True, interval=True),
        Column("Left empty, without, %", numeric=True, interval=True),
        Column(f"False volume, without, {unit}", numeric=True, interval=True),
        Column("AUC of presence", numeric=True, interval=True),
    )
    rows = tuple(
        (
            text_cell(row.setting),
            interval_cell(row.dice_with, 3),
            percent_cell(row.missed, 0),
            percent_cell(row.left_empty, 0),
            interval_cell(row.false_volume, decimals),
            auc_cell(row.roc),
        )
        for row in found.rows
    )
    note = (
        f"{count(found.with_structure, 'case')} with the structure, {found.without} without. False volume: mean "
        "predicted volume after the decision where there is nothing. AUC: chance that a case with the structure has "
        f"the larger predicted volume. {level:.0%} intervals: bootstrap over cases; shares by Wilson 1927 and AUC by "
        "Newcombe 2006, cases taken as independent."
    )
    return Table(f"{slug}-presence-table", "Cases with and without the structure", columns, rows, note)


def _points(found: PresenceResults, slug: str) -> Table:
    columns = (
        Column("Setting"),
        Column(f"Volume at least, {UNIT_NAMES[found.unit]}", numeric=True),
        Column("Sensitivity", numeric=True),
        Column("False-positive rate", numeric=True),
    )
    rows = tuple(
        (
            text_cell(row.setting),
            Cell("never" if np.isinf(threshold) else number(float(threshold), 3), float(threshold)),
            Cell(number(float(hit), 3), float(hit)),
            Cell(number(float(alarm), 3), float(alarm)),
        )
        for row in found.rows
        if row.roc is not None
        for threshold, hit, alarm in zip(
            row.roc.thresholds, row.roc.sensitivity, row.roc.false_positive_rate, strict=True
        )
    )
    return Table(f"{slug}-presence-roc", "Points of the ROC curves", columns, rows, folded=True)


def roc_figures(curves: Sequence[tuple[str, Presence | None]], slug: str, what: str) -> Drawings:
    """ROC curves by setting, as many to a figure as can be told apart.

    Args:
        curves: settings and their curves; settings without one are left out.
        slug: that the figures' slugs begin with.
        what: the predicted volume tells.
    """
    known = [(setting, roc) for setting, roc in curves if roc is not None]
    parts = [known[start : start + MOST_CURVES] for start in range(0, len(known), MOST_CURVES)]
    return Drawings(
        lambda: tuple(
            _drawing(part, f"{slug}-figure" + (f"-{number}" if number else ""), f"{what} told by predicted volume")
            for number, part in enumerate(parts)
        )
    )


def _drawing(curves: Sequence[tuple[str, Presence]], slug: str, title: str) -> Drawing:
    columns = canvas.legend_columns([setting for setting, _ in curves])
    lines = math.ceil(len(curves) / columns)
    with canvas.style():
        figure, axes = canvas.one_axes(276 + 18 * lines, left=52, legend_lines=lines)
        axes.plot([0, 1], [0, 1], color=canvas.MUTED, linewidth=1)
        for index, (setting, roc) in enumerate(curves):
            axes.plot(
                roc.false_positive_rate, roc.sensitivity, color=canvas.SERIES[index], linewidth=1.8,
                linestyle=("-", "--", "-.", ":", "-", "--")[index], label=setting,
            )  # fmt: skip
        axes.set(
            xlabel="false-positive rate", ylabel="sensitivity", box_aspect=1, xlim=(-0.01, 1.01), ylim=(-0.01, 1.01)
        )
        canvas.legend(figure, columns=columns)
        return canvas.drawing(
            figure,
            slug=slug,
            title=title,
            description=f"ROC of {', '.join(setting for setting, _ in curves)}; the areas are in the table above.",
        )
