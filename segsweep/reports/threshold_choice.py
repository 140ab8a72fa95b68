"""Another decision threshold, chosen on the training cases and judged on validation or test cases."""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from segsweep.errors import InputError
from segsweep.reports.document import Cell, Column, Table, text_cell
from segsweep.reports.estimates import Mean, PanelEstimates, means_with_intervals
from segsweep.reports.interval_cells import interval_cell
from segsweep.reports.numbers import decimals_for, number
from segsweep.reports.panels import Panel
from segsweep.reports.results import Floats
from segsweep.reports.scores import over_repeats
from segsweep.reports.settings_table import UNIT_NAMES
from segsweep.statistics.thresholds import STEPS, choose_threshold, dice_at


class Choice(Enum):
    """Where the threshold stands."""

    FIXED = "0.5"
    HALF = "D*/2"
    BEST = "best on training cases"


@dataclass(frozen=True)
class ThresholdRow:
    """One setting and choice.

    Attributes:
        threshold: mean over the models, between 0 and 1.
        dice: mean Dice on the panel's cases with a true voxel.
        error: mean ΔV on all of them, in the unit of the panel.
    """

    setting: str
    choice: Choice
    threshold: float
    dice: Mean
    error: Mean


def threshold_rows(estimates: PanelEstimates, *, level: float) -> tuple[ThresholdRow, ...]:
    """Setting by setting; nothing where the tables hold no training cases."""
    panel = estimates.panel
    thresholds = model_thresholds(panel)
    if not np.isfinite(thresholds).any():
        return ()
    scored = [_at_thresholds(panel, thresholds[index]) for index in range(len(Choice))]
    stacked = np.concatenate([over_repeats(values) for pair in scored for values in pair])
    found = means_with_intervals(stacked, estimates.weights, level=level)
    size = len(panel.settings)
    return tuple(
        ThresholdRow(
            setting,
            choice,
            float(np.nanmean(thresholds[index, place])),
            found[2 * index * size + place],
            found[(2 * index + 1) * size + place],
        )
        for place, setting in enumerate(panel.settings)
        for index, choice in enumerate(Choice)
        if np.isfinite(thresholds[index, place]).any()
    )


def model_thresholds(panel: Panel) -> Floats:
    """Threshold of each case's model by choice, shape (choices, settings, repeats, cases); NaN where none was found."""
    predicted, overlap = panel.results.counts("predicted_at"), panel.results.counts("true_positive_at")
    true = panel.results.integers("tp") + panel.results.integers("fn")
    thresholds = np.full((len(Choice), *panel.row.shape), np.nan)
    for setting, training, here in panel.models():
        try:
            found = choose_threshold(predicted[training], overlap[training], true[training])
        except InputError:  # no training case with a true voxel, or no counts
            continue
        for index, value in enumerate((0.5, found.half, found.best)):
            thresholds[index, setting][here] = value
    return thresholds


def _at_thresholds(panel: Panel, thresholds: Floats) -> tuple[Floats, Floats]:
    """Dice of cases with a true voxel, and ΔV, when each case is decided at its model's threshold."""
    dice, error = np.full(panel.row.shape, np.nan), np.full(panel.row.shape, np.nan)
    known = np.isfinite(thresholds) & panel.present
    rows = panel.row[known]
    step = np.rint(thresholds[known] * STEPS).astype(np.int64)
    predicted = panel.results.counts("predicted_at")[rows, step]
    overlap = panel.results.counts("true_positive_at")[rows, step]
    true = panel.results.integers("tp")[rows] + panel.results.integers("fn")[rows]
    score = dice_at(predicted[:, None], overlap[:, None], true)[:, 0]
    dice[known] = np.where(true > 0, score, np.nan)
    error[known] = (predicted - true) * voxel_volume(panel)[known]
    return dice, error


def voxel_volume(panel: Panel) -> Floats:
    """Volume of one voxel of each case, from any volume and its count; NaN where truth and prediction are empty."""
    true, hard = panel.values("tp") + panel.values("fn"), panel.values("tp") + panel.values("fp")
    from_true = np.divide(panel.values("volume_true"), true, out=np.full(true.shape, np.nan), where=true > 0)
    from_hard = np.divide(panel.values("volume_hard"), hard, out=np.full(true.shape, np.nan), where=hard > 0)
    volume: Floats = np.where(np.isfinite(from_true), from_true, from_hard)
    return volume


def threshold_table(rows: tuple[ThresholdRow, ...], *, unit: str, slug: str, level: float) -> Table:
    """Dice and volume error at each choice."""
    decimals = decimals_for(abs(row.error.estimate) for row in rows)
    columns = (
        Column("Setting"),
        Column("Threshold"),
        Column("Value", numeric=True),
        Column("Dice", numeric=True, interval=True),
        Column(f"ΔV, {UNIT_NAMES[unit]}", numeric=True, interval=True),
    )
    body = tuple(
        (
            text_cell(row.setting),
            text_cell(row.choice.value),
            Cell(number(row.threshold, 2), row.threshold),
            interval_cell(row.dice, 3),
            interval_cell(row.error, decimals),
        )
        for row in rows
    )
    note = (
        "D*: highest mean Dice over the training cases at any of 101 thresholds; D*/2 is the best threshold of "
        "calibrated probabilities. Chosen per model on its training cases, judged on cases it has not seen; the value "
        f"is the mean over models. Dice over cases with a true voxel. {level:.0%} intervals over cases."
    )
    return Table(slug, "Thresholds chosen after training", columns, body, note, folded=True)
