"""Volumes re-calibrated after training, as in Bertels et al. 2021 (MedIA, section 3.2.2).

Per model, a line fitted to the volume errors of its training cases corrects its validation cases, or those of a test
set.
"""

from dataclasses import dataclass

import numpy as np

from segsweep.errors import InputError
from segsweep.reports.document import Cell, Column, Table, text_cell
from segsweep.reports.estimates import Mean, PanelEstimates, means_with_intervals
from segsweep.reports.interval_cells import interval_cell
from segsweep.reports.numbers import decimals_for, p_value
from segsweep.reports.panels import Panel
from segsweep.reports.results import Floats
from segsweep.reports.scores import Estimator, over_repeats
from segsweep.reports.settings_table import UNIT_NAMES
from segsweep.statistics.recalibration import Regressor, fit_calibration


@dataclass(frozen=True)
class RecalibratedRow:
    """One setting and estimator.

    Attributes:
        before: mean ΔV over the cases that could be corrected.
        after: mean ΔV of the corrected volumes of the same cases, by reading of the published regressor.
    """

    setting: str
    estimator: Estimator
    before: Mean
    after: dict[Regressor, Mean]


def recalibrated_rows(estimates: PanelEstimates, *, level: float) -> tuple[RecalibratedRow, ...]:
    """Setting by setting, soft before hard; nothing where the tables hold no training cases."""
    panel = estimates.panel
    kinds = [(estimator, regressor) for estimator in Estimator for regressor in Regressor]
    corrected = [corrected_errors(panel, estimator, regressor) for estimator, regressor in kinds]
    if not any(np.isfinite(values).any() for values in corrected):
        return ()
    true = panel.values("volume_true")
    before = [
        np.where(
            np.isfinite(corrected[index * len(Regressor)]), panel.values(f"volume_{estimator.value}") - true, np.nan
        )
        for index, estimator in enumerate(Estimator)
    ]
    stacked = np.concatenate([over_repeats(values) for values in (*before, *corrected)])
    found = means_with_intervals(stacked, estimates.weights, level=level)
    size = len(panel.settings)
    return tuple(
        RecalibratedRow(
            setting,
            estimator,
            found[index * size + place],
            {
                regressor: found[(len(Estimator) + kinds.index((estimator, regressor))) * size + place]
                for regressor in Regressor
            },
        )
        for place, setting in enumerate(panel.settings)
        for index, estimator in enumerate(Estimator)
        if found[index * size + place].n
    )


def corrected_errors(panel: Panel, estimator: Estimator, regressor: Regressor) -> Floats:
    """ΔV after correction, shape (settings, repeats, cases); NaN where a model has no line.

    Each model is corrected by its own line, so that nothing of a case that is judged enters its correction.
    """
    predicted = panel.values(f"volume_{estimator.value}")
    true = panel.values("volume_true")
    all_predicted = panel.results.floats(f"volume_{estimator.value}")
    all_true = panel.results.floats("volume_true")
    errors = np.full(predicted.shape, np.nan)
    for setting, training, here in panel.models():
        try:
            line = fit_calibration(all_predicted[training], all_true[training], regressor)
            errors[setting][here] = line.correct(predicted[setting][here]) - true[setting][here]
        except InputError:  # fewer than two training cases, all of one volume, or nothing to invert
            continue
    return errors


def recalibrated_table(rows: tuple[RecalibratedRow, ...], *, unit: str, slug: str, level: float) -> Table:
    """Mean ΔV before and after, with p against 0 after."""
    decimals = decimals_for(abs(row.before.estimate) for row in rows)
    unit = UNIT_NAMES[unit]
    columns = (
        Column("Setting"),
        Column("Volume"),
        Column(f"ΔV before, {unit}", numeric=True, interval=True),
        Column(f"ΔV after, line on predicted volume, {unit}", numeric=True, interval=True),
        Column("p after", numeric=True),
        Column(f"ΔV after, line on true volume, {unit}", numeric=True, interval=True),
        Column("p after (true)", numeric=True),
    )
    body = tuple(
        (
            text_cell(row.setting),
            text_cell(row.estimator.value),
            interval_cell(row.before, decimals),
            *(
                cell
                for regressor in (Regressor.PREDICTED, Regressor.TRUE)
                for cell in (
                    interval_cell(row.after[regressor], decimals),
                    Cell(p_value(row.after[regressor].p), row.after[regressor].p),
                )
            ),
        )
        for row in rows
    )
    note = (
        "Per model, a least-squares line of ΔV on volume over its training cases corrects the cases that it has not "
        "seen (Bertels et al. 2021). Which volume they regressed on is not known: both readings are given. Training "
        "cases are fitted better than new ones, so that the correction tends to be too small. "
        f"{level:.0%} intervals; p uncorrected."
    )
    return Table(slug, "Re-calibrated volumes", columns, body, note, folded=True)
