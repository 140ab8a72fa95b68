"""Every case of a panel, one row per setting: the numbers behind the clouds of dots."""

import numpy as np

from segsweep.reports.document import Cell, Column, Table, text_cell
from segsweep.reports.numbers import decimals_for, number
from segsweep.reports.panels import Panel
from segsweep.reports.scores import over_repeats
from segsweep.reports.settings_table import UNIT_NAMES

MOST_ROWS = 5_000
"""More rows than this are left to the cases table of the sweep, which has them all."""


def case_table(panel: Panel, *, slug: str) -> Table | None:
    """Dice and volumes, means over repeats; None where there are too many rows to be a table for reading."""
    present = np.asarray(panel.present.any(axis=1))
    if int(present.sum()) > MOST_ROWS:
        return None
    unit = UNIT_NAMES[panel.unit]
    names = ("dice", "volume_true", "volume_soft", "volume_hard")
    values = [over_repeats(panel.values(name)) for name in names]
    decimals = [3] + [decimals_for(values[1].ravel(), digits=4)] * 3
    columns = (
        Column("Case"),
        Column("Setting"),
        Column("Dice", numeric=True),
        *(Column(f"{kind} volume, {unit}", numeric=True) for kind in ("true", "soft", "hard")),
    )
    rows = tuple(
        (
            text_cell(case),
            text_cell(setting),
            *(
                Cell(number(float(column[place, index]), digits), float(column[place, index]))
                for column, digits in zip(values, decimals, strict=True)
            ),
        )
        for index, case in enumerate(panel.cases)
        for place, setting in enumerate(panel.settings)
        if present[place, index]
    )
    note = "Means over repeats. No Dice where truth and prediction are both empty."
    return Table(f"{slug}-cases", "Case by case", columns, rows, note, folded=True)
