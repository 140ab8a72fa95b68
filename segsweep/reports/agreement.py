"""Predicted against true volume, case by case: limits of agreement, and whether the error depends on the volume."""

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from segsweep.errors import InputError
from segsweep.reports import canvas
from segsweep.reports.document import Cell, Column, Drawing, Table, text_cell
from segsweep.reports.estimates import PanelEstimates
from segsweep.reports.numbers import NOTHING, decimals_for, with_interval
from segsweep.reports.results import Floats
from segsweep.reports.scores import Estimator, over_repeats
from segsweep.reports.settings_table import UNIT_NAMES
from segsweep.reports.volume_scatter import MOST_SQUARES, MOST_VECTOR_POINTS, short
from segsweep.statistics.agreement import Agreement, bland_altman
from segsweep.statistics.intervals import Interval
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
    """Setting by setting, soft before hard. Repeats of a case are averaged first."""
    panel = estimates.panel
    true = over_repeats(panel.values("volume_true"))
    volumes = {estimator: over_repeats(panel.values(f"volume_{estimator.value}")) for estimator in Estimator}
    rows = []
    for place, setting in enumerate(panel.settings):
        for estimator in Estimator:
            predicted = volumes[estimator][place]
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
                    _slopes(estimates, predicted, true[place], level),
                )
            )
    return tuple(rows)


def _slopes(estimates: PanelEstimates, predicted: Floats, true: Floats, level: float) -> VolumeSlopes | None:
    if estimates.weights is None:
        return None
    try:
        return volume_slopes(predicted, true, estimates.weights, level=level)
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
            _cell(row.agreement.lower if row.agreement else None, decimals),
            _cell(row.agreement.upper if row.agreement else None, decimals),
            _cell(row.slopes.against_truth if row.slopes else None, 2),
            _cell(row.slopes.against_mean if row.slopes else None, 2),
        )
        for row in rows
    )
    note = (
        f"Limits of agreement (Bland & Altman): 95 % of cases are expected between them if ΔV is normal; {level:.0%} "
        "intervals of the limits by Carkeet 2015. Slope of ΔV against the true volume: negative from regression to the "
        "mean alone, in every imperfect model. Slope against the mean of predicted and true volume: 0 where both vary "
        "alike."
    )
    return Table(slug, "Agreement with the true volume", columns, body, note)


def _cell(interval: Interval | None, decimals: int) -> Cell:
    if interval is None:
        return Cell(NOTHING)
    text = with_interval(interval.estimate, interval.low, interval.high, decimals)
    return Cell(text, interval.estimate, interval.low, interval.high)


def bland_altman_plot(rows: tuple[AgreementRow, ...], *, unit: str, slug: str) -> Drawing:
    """ΔV (hard) against the mean of both volumes, one small square per setting, with bias and limits."""
    shown = [row for row in rows if row.estimator is Estimator.HARD][:MOST_SQUARES]
    height = math.ceil(len(shown) / 2)
    points = sum(int(np.isfinite(row.predicted).sum()) for row in shown)
    palette = canvas.SOLID_SERIES if points > MOST_VECTOR_POINTS else canvas.SERIES
    with canvas.style():
        figure = Figure(figsize=(canvas.WIDTH / 72, (30 + 150 * height) / 72), layout="constrained")
        FigureCanvasSVG(figure)
        grid = figure.subplots(height, 2, sharex=True, sharey=True, squeeze=False)
        for index, axes in enumerate(grid.flat):
            if index >= len(shown):
                axes.set_axis_off()
                continue
            row = shown[index]
            for end in (row.agreement.lower, row.agreement.bias, row.agreement.upper) if row.agreement else ():
                is_bias = row.agreement is not None and end is row.agreement.bias
                axes.axhline(end.estimate, color=canvas.MUTED, linewidth=1, linestyle="-" if is_bias else "--")
            axes.scatter(
                (row.predicted + row.true) / 2, row.predicted - row.true, s=9, color=palette[0], alpha=0.6,
                linewidths=0, rasterized=points > MOST_VECTOR_POINTS,
            )  # fmt: skip
            axes.set_title(short(row.setting), fontsize=10.5, loc="left")
            axes.tick_params(labelbottom=index >= len(shown) - 2)
        unit = UNIT_NAMES[unit]
        figure.supxlabel(f"mean of predicted and true volume, {unit}", fontsize=11, color=canvas.MUTED)
        figure.supylabel(f"ΔV hard, {unit}", fontsize=11, color=canvas.MUTED)
        return canvas.drawing(
            figure,
            slug=slug,
            title="Volume error against volume (Bland–Altman)",
            description="One dot per case; solid: mean error, dashed: limits of agreement as in the table.",
        )
