"""Predicted against true volume, case by case: limits of agreement, and whether the error depends on the volume."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from segsweep.errors import InputError
from segsweep.reports import canvas
from segsweep.reports.document import Column, Drawing, Table, text_cell
from segsweep.reports.estimates import PanelEstimates, fewer
from segsweep.reports.interval_cells import interval_cell
from segsweep.reports.numbers import decimals_for
from segsweep.reports.results import Floats
from segsweep.reports.scores import Estimator, over_repeats
from segsweep.reports.settings_table import UNIT_NAMES
from segsweep.reports.squares import squares
from segsweep.statistics.agreement import Agreement, bland_altman
from segsweep.statistics.resampling import Weights
from segsweep.statistics.slopes import VolumeSlopes, volume_slopes


@dataclass(frozen=True, eq=False)
class AgreementRow:
    """One setting and estimator.

    Attributes:
        predicted: volumes, mean over repeats, shape (cases,).
        true: volumes, shape (cases,).
        agreement: limits; None below two cases.
        slopes: of ΔV on volume; None where they are undefined.
    """

    setting: str
    estimator: Estimator
    predicted: Floats
    true: Floats
    agreement: Agreement | None
    slopes: VolumeSlopes | None


def agreement_rows(estimates: PanelEstimates, *, level: float) -> tuple[AgreementRow, ...]:
    """Setting by setting, soft before hard. Repeats of a case are averaged first.

    Volumes that nobody measured are left out.
    """
    panel = estimates.panel
    true = over_repeats(panel.values("volume_true"))
    volumes = {estimator: over_repeats(panel.values(f"volume_{estimator.value}")) for estimator in Estimator}
    weights = fewer(estimates.weights, intervals=4 * len(panel.settings))
    rows = []
    for place, setting in enumerate(panel.settings):
        for estimator in Estimator:
            predicted = volumes[estimator][place]
            if not estimates.errors[estimator][place].n:
                continue
            try:
                limits = bland_altman(predicted, true[place], level=level)
            except InputError:  # one case
                limits = None
            rows.append(
                AgreementRow(
                    setting,
                    estimator,
                    predicted,
                    true[place],
                    limits,
                    _slopes(predicted, true[place], weights, level),
                )
            )
    return tuple(rows)


def _slopes(predicted: Floats, true: Floats, weights: Weights | None, level: float) -> VolumeSlopes | None:
    if weights is None:
        return None
    try:
        # a perfect line has no error, and an interval of width ∞ × 0 is none
        with np.errstate(invalid="ignore"):
            return volume_slopes(predicted, true, weights, level=level)
    except InputError:  # too few cases, or all of one volume
        return None


def agreement_table(rows: tuple[AgreementRow, ...], *, unit: str, slug: str, level: float) -> Table:
    """Limits of agreement and both slopes."""
    limits = [end for row in rows if row.agreement for end in (row.agreement.lower, row.agreement.upper)]
    decimals = decimals_for(abs(end.estimate) for end in limits)
    unit = UNIT_NAMES[unit]
    columns = (
        Column("Setting"),
        Column("Volume"),
        Column(f"Lower limit, {unit}", numeric=True, interval=True),
        Column(f"Upper limit, {unit}", numeric=True, interval=True),
        Column("Slope against truth", numeric=True, interval=True),
        Column("Slope against mean", numeric=True, interval=True),
    )
    body = tuple(
        (
            text_cell(row.setting),
            text_cell(row.estimator.value),
            interval_cell(row.agreement.lower if row.agreement else None, decimals),
            interval_cell(row.agreement.upper if row.agreement else None, decimals),
            interval_cell(row.slopes.against_truth if row.slopes else None, 2),
            interval_cell(row.slopes.against_mean if row.slopes else None, 2),
        )
        for row in rows
    )
    note = (
        f"Limits of agreement (Bland & Altman): 95% of cases are expected between them if ΔV is normal; {level:.0%} "
        "intervals of the limits by Carkeet 2015. Slope of ΔV against the true volume: negative from regression to the "
        "mean alone, in every imperfect model. Slope against the mean of predicted and true volume: 0 where both vary "
        "alike."
    )
    return Table(slug, "Agreement with the true volume", columns, body, note)


def bland_altman_plot(rows: tuple[AgreementRow, ...], *, unit: str, slug: str) -> Drawing:
    """ΔV (hard) against the mean of both volumes, one small square per setting, with bias and limits."""
    hard = [row for row in rows if row.estimator is Estimator.HARD]
    middle = np.array([(row.predicted + row.true) / 2 for row in hard])
    error = np.array([row.predicted - row.true for row in hard])

    def lines(axes: Axes, place: int) -> None:
        found = hard[place].agreement
        if found is not None:
            axes.axhline(found.bias.estimate, color=canvas.MUTED, linewidth=1)
            for limit in (found.lower, found.upper):
                axes.axhline(limit.estimate, color=canvas.MUTED, linewidth=1, linestyle="--")

    unit = UNIT_NAMES[unit]
    with canvas.style():
        figure = squares(
            [row.setting for row in hard],
            middle,
            error,
            x_title=f"mean of predicted and true volume, {unit}",
            y_title=f"ΔV hard, {unit}",
            range_x=(0, 1.05 * float(np.nanmax(middle, initial=0.0) or 1.0)),
            range_y=_around(error, hard),
            furnish=lines,
        )
        return canvas.drawing(
            figure,
            slug=slug,
            title="Volume error against volume (Bland–Altman)",
            description="One dot per case; solid: mean error, dashed: limits of agreement as in the table.",
        )


def _around(error: Floats, rows: list[AgreementRow]) -> tuple[float, float]:
    """A range that holds every error and every limit."""
    limits = [end.estimate for row in rows if row.agreement for end in (row.agreement.lower, row.agreement.upper)]
    low, high = np.nanmin([np.nanmin(error, initial=0.0), *limits]), np.nanmax([np.nanmax(error, initial=0.0), *limits])
    margin = 0.06 * (high - low or 1.0)
    return float(low - margin), float(high + margin)
