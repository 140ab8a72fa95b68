"""Setting × {Dice, Jaccard, ΔV soft, ΔV hard} of one panel: the table a reader looks for, and its figures."""

from collections.abc import Sequence

import numpy as np

from segsweep.reports.document import Cell, Column, Drawing, Table, text_cell
from segsweep.reports.estimates import Mean, PanelEstimates
from segsweep.reports.forest import Dots, forest
from segsweep.reports.interval_cells import error_cell, interval_cell
from segsweep.reports.numbers import decimals_for
from segsweep.reports.scores import Estimator, over_repeats
from segsweep.reports.volume_scatter import volume_scatter

UNIT_NAMES = {"ml": "ml", "mm2": "mm²", "px": "px"}

_SCORE_DECIMALS = 3


def settings_table(estimates: PanelEstimates, *, slug: str, level: float) -> Table:
    """One row per setting, in the order of the grid.

    A star after a volume error: p < 1 − level against 0 after Holm's correction over the panel's volume errors.
    """
    unit = UNIT_NAMES[estimates.panel.unit]
    soft, hard = estimates.errors[Estimator.SOFT], estimates.errors[Estimator.HARD]
    decimals = decimals_for(abs(mean.estimate) for mean in (*soft, *hard))
    columns = (
        Column("Setting"),
        Column("Cases", numeric=True),
        Column("Dice", numeric=True, interval=True),
        Column("Jaccard", numeric=True, interval=True),
        Column(f"ΔV soft, {unit}", numeric=True, interval=True),
        Column(f"ΔV hard, {unit}", numeric=True, interval=True),
    )
    cases = [int(count) for count in np.count_nonzero(estimates.panel.present.any(axis=1), axis=1)]
    rows = tuple(
        (
            text_cell(setting),
            Cell(str(cases[place]), cases[place]),
            interval_cell(estimates.dice[place], _SCORE_DECIMALS),
            interval_cell(estimates.jaccard[place], _SCORE_DECIMALS),
            error_cell(soft[place], decimals, 1 - level),
            error_cell(hard[place], decimals, 1 - level),
        )
        for place, setting in enumerate(estimates.panel.settings)
    )
    note = (
        f"Means over cases with {level:.0%} studentised bootstrap intervals. ΔV = predicted − true volume, positive = "
        "over-estimation; soft = sum of probabilities, hard = after the decision. "
        f"* p < {1 - level:.2g} against 0, Holm over all volume errors of this table."
    )
    return Table(slug, f"Settings with {level:.0%} intervals", columns, rows, note)


def drawings(estimates: PanelEstimates, *, slug: str, name: str, level: float) -> tuple[Drawing, ...]:
    """Dice by setting, ΔV by setting, predicted against true volume; what nobody measured is not drawn."""
    panel = estimates.panel
    unit = UNIT_NAMES[panel.unit]
    table = f"The numbers are in the table of {name}."
    figures = [
        forest(
            panel.settings, [_dots("Dice", estimates.dice, "o")], slug=f"{slug}-dice", title="Dice by setting",
            axis=f"mean Dice, {level:.0%} interval", description=f"Mean Dice of each setting. {table}",
        )
    ]  # fmt: skip
    errors = [
        _dots(estimator.value, estimates.errors[estimator], marker)
        for estimator, marker in ((Estimator.SOFT, "o"), (Estimator.HARD, "s"))
        if any(mean.n for mean in estimates.errors[estimator])
    ]
    if errors:
        figures.append(
            forest(
                panel.settings, errors, slug=f"{slug}-errors", title="Volume error by setting",
                axis=f"mean ΔV, {unit}, {level:.0%} interval", reference=0.0,
                description=f"Mean volume error of each setting: {' and '.join(dots.name for dots in errors)}. {table}",
            )
        )  # fmt: skip
    if any(mean.n for mean in estimates.errors[Estimator.HARD]):
        figures.append(
            volume_scatter(
                panel.settings, over_repeats(panel.values("volume_true")), over_repeats(panel.values("volume_hard")),
                slug=f"{slug}-volumes", title="Predicted (hard) against true volume", unit=unit,
                description="One dot per case and setting; on the line prediction equals truth. The volumes are in "
                "the cases table of the sweep, their errors in the tables of this page.",
            )
        )  # fmt: skip
    return tuple(figures)


def _dots(name: str, rows: Sequence[Mean], marker: str) -> Dots:
    # without an interval the line has no length
    low = [row.low if np.isfinite(row.low) else row.estimate for row in rows]
    high = [row.high if np.isfinite(row.high) else row.estimate for row in rows]
    return Dots(name, [row.estimate for row in rows], low, high, marker)
