"""Calibration of the probabilities, and the bound it puts on the soft volume error."""

from dataclasses import dataclass

import numpy as np

from segsweep.reports.document import Column, Table, text_cell
from segsweep.reports.estimates import Mean, PanelEstimates, means_with_intervals
from segsweep.reports.interval_cells import interval_cell, percent_cell
from segsweep.reports.numbers import decimals_for
from segsweep.reports.scores import Estimator, over_repeats, volume_errors
from segsweep.reports.settings_table import UNIT_NAMES
from segsweep.statistics.volume import largest_bias


@dataclass(frozen=True)
class CalibrationRow:
    """One setting.

    Attributes:
        ece: mean expected calibration error per case, a share.
        error: mean |ΔV soft| over the cases that have a bound, in the unit of the panel.
        bound: mean of ECE × image volume over the same cases: |ΔV soft| cannot be larger.
    """

    setting: str
    ece: Mean
    error: Mean
    bound: Mean


def calibration_rows(estimates: PanelEstimates, *, level: float) -> tuple[CalibrationRow, ...]:
    """Setting by setting; nothing where no case has an ECE.

    The volume of the image follows from the true volume and its share of the image; cases with an empty truth have
    neither and are left out of the bound.
    """
    panel = estimates.panel
    ece, true, share = (panel.values(name) for name in ("ece", "volume_true", "foreground_fraction"))
    if not np.isfinite(ece).any():
        return ()
    image = np.divide(true, share, out=np.full(true.shape, np.nan), where=share > 0)
    bound = largest_bias(ece, image)
    error = np.where(np.isfinite(bound), np.abs(volume_errors(panel, Estimator.SOFT)), np.nan)
    stacked = np.concatenate([over_repeats(values) for values in (ece, error, bound)])
    found = means_with_intervals(stacked, estimates.weights, level=level)
    size = len(panel.settings)
    return tuple(
        CalibrationRow(setting, *(found[kind * size + place] for kind in range(3)))
        for place, setting in enumerate(panel.settings)
    )


def calibration_table(rows: tuple[CalibrationRow, ...], *, unit: str, slug: str, level: float) -> Table:
    """ECE, and how near the soft volume error comes to its bound."""
    decimals = decimals_for(row.bound.estimate for row in rows)
    unit = UNIT_NAMES[unit]
    columns = (
        Column("Setting"),
        Column("ECE, %", numeric=True, interval=True),
        Column(f"mean |ΔV soft|, {unit}", numeric=True, interval=True),
        Column(f"its bound by ECE, {unit}", numeric=True, interval=True),
    )
    percent = decimals_for(100 * row.ece.estimate for row in rows)
    body = tuple(
        (
            text_cell(row.setting),
            percent_cell(row.ece, percent),
            interval_cell(row.error, decimals),
            interval_cell(row.bound, decimals),
        )
        for row in rows
    )
    note = (
        "ECE: expected calibration error over all voxels of a case, 20 equal bins, mean over cases. |ΔV soft| ≤ ECE × "
        f"volume of the image, case by case; the hard volume has no such bound. {level:.0%} intervals over cases."
    )
    return Table(slug, "Calibration", columns, body, note)
