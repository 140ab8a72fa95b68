"""Cases whose label was removed from training: is the structure found all the same, or is the image left empty?

Tilborghs et al. 2022 read one experiment in two ways. Taken as missing labels, the cases are judged by their real label
and should be found; taken as empty labels, they are judged by the empty one and should be left empty. A setting cannot
do well at both.
"""

from dataclasses import dataclass

import numpy as np

from segsweep.reports.document import Column, Section, Table, text_cell
from segsweep.reports.estimates import Mean, PanelEstimates, means_with_intervals
from segsweep.reports.interval_cells import auc_cell, interval_cell, percent_cell
from segsweep.reports.numbers import count, decimals_for, with_interval
from segsweep.reports.presence import roc_figures, roc_of
from segsweep.reports.scores import over_repeats
from segsweep.reports.settings_table import UNIT_NAMES
from segsweep.statistics.intervals import Interval
from segsweep.statistics.presence import Presence
from segsweep.statistics.shares import share_interval


@dataclass(frozen=True, eq=False)
class RemovedRow:
    """One setting.

    Attributes:
        kept_dice: mean Dice of the cases that kept their label and have the structure.
        kept_error: their mean hard volume error, in the unit of the panel.
        removed_dice: mean Dice of the cases that lost their label, against the real one.
        removed_error: their mean hard volume error against the real label.
        left_empty: share of them whose prediction is empty, which is their mean Dice against the empty label.
        removed_volume: their mean predicted volume, which is their volume error against the empty label.
        roc: kept told from removed by predicted volume; None where it is undefined.
    """

    setting: str
    kept_dice: Mean
    kept_error: Mean
    removed_dice: Mean
    removed_error: Mean
    left_empty: Interval
    removed_volume: Mean
    roc: Presence | None


@dataclass(frozen=True, eq=False)
class RemovedResults:
    """All settings of a panel, and how many cases with the structure kept and lost their label.

    Attributes:
        true_roc: kept told from removed by true volume: what a perfect segmentation of both would come to.
    """

    rows: tuple[RemovedRow, ...]
    true_roc: Presence | None
    unit: str
    kept: int
    removed: int


def removed_labels(estimates: PanelEstimates, *, level: float) -> RemovedResults | None:
    """Split the cases that have the structure by what the label policy did to them; None unless it did something."""
    panel = estimates.panel
    present = ~(panel.values("empty_true") == 1).any(axis=(0, 1))
    lost = (panel.values("label_removed") == 1).any(axis=(0, 1))
    kept, removed = present & ~lost, present & lost
    if not removed.any():
        return None
    volume, true = over_repeats(panel.values("volume_hard")), over_repeats(panel.values("volume_true"))
    error = volume - true
    dice, empty = over_repeats(panel.values("dice")), over_repeats(panel.values("empty_pred"))
    parts = [
        *(np.where(kept, values, np.nan) for values in (dice, error)),
        *(np.where(removed, values, np.nan) for values in (dice, error, volume)),
    ]
    found = means_with_intervals(np.concatenate(parts), estimates.weights, level=level)
    size, either = len(panel.settings), kept | removed
    rows = tuple(
        RemovedRow(
            setting=setting,
            kept_dice=found[place],
            kept_error=found[size + place],
            removed_dice=found[2 * size + place],
            removed_error=found[3 * size + place],
            left_empty=share_interval(empty[place, removed], level=level),
            removed_volume=found[4 * size + place],
            roc=roc_of(volume[place, either], kept[either], level),
        )
        for place, setting in enumerate(panel.settings)
    )
    true_roc = roc_of(np.nanmean(true[:, either], axis=0), kept[either], level)
    return RemovedResults(rows, true_roc, panel.unit, int(np.count_nonzero(kept)), int(np.count_nonzero(removed)))


def section(found: RemovedResults, *, slug: str, level: float) -> Section:
    """Table and ROC."""
    curves = [(row.setting, row.roc) for row in found.rows]
    figures = roc_figures(curves, f"{slug}-removed", "Kept and removed")
    title = "Cases whose label was removed from training"
    return Section(f"{slug}-removed", title, (_table(found, slug, level), figures))


def _table(found: RemovedResults, slug: str, level: float) -> Table:
    unit = UNIT_NAMES[found.unit]
    decimals = decimals_for(row.kept_error.estimate for row in found.rows)
    titles = (
        "Kept: Dice",
        f"Kept: ΔV hard, {unit}",
        "Removed, real label: Dice",
        f"Removed, real label: ΔV hard, {unit}",
        "Removed, empty label: left empty, %",
        f"Removed, empty label: ΔV hard, {unit}",
        "AUC, kept against removed",
    )
    columns = (Column("Setting"), *(Column(title, numeric=True, interval=True) for title in titles))
    rows = tuple(
        (
            text_cell(row.setting),
            interval_cell(row.kept_dice, 3),
            interval_cell(row.kept_error, decimals),
            interval_cell(row.removed_dice, 3),
            interval_cell(row.removed_error, decimals),
            percent_cell(row.left_empty, 0),
            interval_cell(row.removed_volume, decimals),
            auc_cell(row.roc),
        )
        for row in found.rows
    )
    note = (
        f"{count(found.kept, 'case')} with the structure kept the label, {found.removed} lost it in training; all have "
        "their real label here. If those labels were missing, Dice against the real label should be high; if the "
        "structure is to be left out, the prediction should be empty. AUC: chance that a case that kept its label has "
        f"the larger predicted volume{_if_right(found)}; where the cases were chosen at random nothing in the image "
        "tells them apart. "
        f"{level:.0%} intervals: bootstrap over cases; shares by Wilson 1927 and AUC by Newcombe 2006, cases taken as "
        "independent."
    )
    return Table(f"{slug}-removed-table", "Cases whose label was removed from training", columns, rows, note)


def _if_right(found: RemovedResults) -> str:
    if found.true_roc is None:
        return ""
    auc = found.true_roc.auc
    return (
        f" (of the true volumes {with_interval(auc.estimate, auc.low, auc.high, 2)}, which finding both rightly gives)"
    )
