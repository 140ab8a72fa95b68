"""How wrong the volumes are: mean, absolute and relative error of both estimators, tested against 0."""

from dataclasses import dataclass

import numpy as np

from segsweep.reports.document import Cell, Column, Table, text_cell
from segsweep.reports.estimates import Mean, PanelEstimates, means_with_intervals
from segsweep.reports.interval_cells import interval_cell, percent_cell
from segsweep.reports.numbers import decimals_for, p_value
from segsweep.reports.results import Floats
from segsweep.reports.scores import Estimator, over_repeats, volume_errors
from segsweep.reports.settings_table import UNIT_NAMES


@dataclass(frozen=True)
class VolumeErrorRow:
    """One setting and estimator.

    Attributes:
        bias: mean ΔV in the unit of the panel, with p and corrected p against 0.
        absolute: mean |ΔV|, same unit.
        relative: mean ΔV/V over cases whose true volume is not 0, a share.
        absolute_relative: mean |ΔV|/V over the same cases, a share.
    """

    setting: str
    estimator: Estimator
    bias: Mean
    absolute: Mean
    relative: Mean
    absolute_relative: Mean


def volume_error_rows(estimates: PanelEstimates, *, level: float) -> tuple[VolumeErrorRow, ...]:
    """Setting by setting, soft before hard; what nobody measured is left out."""
    panel = estimates.panel
    true = panel.values("volume_true")
    columns: list[Floats] = []
    for estimator in Estimator:
        error = volume_errors(panel, estimator)
        share = np.divide(error, true, out=np.full(error.shape, np.nan), where=true > 0)
        columns += [over_repeats(values) for values in (np.abs(error), share, np.abs(share))]
    found = means_with_intervals(np.concatenate(columns), estimates.weights, level=level)
    size = len(panel.settings)
    return tuple(
        VolumeErrorRow(
            setting,
            estimator,
            estimates.errors[estimator][place],
            *(found[(3 * index + kind) * size + place] for kind in range(3)),
        )
        for place, setting in enumerate(panel.settings)
        for index, estimator in enumerate(Estimator)
        if estimates.errors[estimator][place].n
    )


def volume_error_table(rows: tuple[VolumeErrorRow, ...], *, unit: str, slug: str, level: float) -> Table:
    """The table; volumes in `unit`, relative errors in per cent."""
    decimals = decimals_for(row.absolute.estimate for row in rows)
    unit = UNIT_NAMES[unit]
    columns = (
        Column("Setting"),
        Column("Volume"),
        Column(f"mean ΔV, {unit}", numeric=True, interval=True),
        Column("p", numeric=True),
        Column("p corrected", numeric=True),
        Column(f"mean |ΔV|, {unit}", numeric=True, interval=True),
        Column("mean ΔV / V, %", numeric=True, interval=True),
        Column("mean |ΔV| / V, %", numeric=True, interval=True),
    )
    body = tuple(
        (
            text_cell(row.setting),
            text_cell(row.estimator.value),
            interval_cell(row.bias, decimals),
            Cell(p_value(row.bias.p), row.bias.p),
            Cell(p_value(row.bias.p_corrected), row.bias.p_corrected),
            interval_cell(row.absolute, decimals),
            percent_cell(row.relative, 1),
            percent_cell(row.absolute_relative, 1),
        )
        for row in rows
    )
    note = (
        f"ΔV = predicted − true, positive = over-estimation; {level:.0%} studentised bootstrap intervals over cases. "
        "p against 0, corrected by Holm over this table. Relative errors over cases whose true volume is not 0."
    )
    return Table(slug, "Volume error", columns, body, note)
