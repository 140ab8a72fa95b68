"""What each label and loss reports beside the raters' mean volume, one line each."""

from collections.abc import Iterator

from papers.volume_table import data_name
from segsweep.reports.document import Cell, Column, Section, Table, text_cell
from segsweep.reports.interval_cells import error_cell, interval_cell
from segsweep.reports.numbers import decimals_for
from segsweep.reports.report import PanelReport, Report
from segsweep.reports.scores import Estimator
from segsweep.reports.settings_table import UNIT_NAMES


def raters_table(report: Report) -> Section:
    """All panels with several raters in one table."""
    columns = (
        *(Column(title) for title in ("Data", "Trained on", "Setting", "Unit")),
        Column("Dice", numeric=True, interval=True),
        *(Column(f"ΔV, {estimator.value}", numeric=True, interval=True) for estimator in Estimator),
    )
    rows = tuple(row for item in report.panels if item.raters for row in _rows(item, 1 - report.settings.level))
    note = (
        f"Means over cases with {report.settings.level:.0%} studentised bootstrap intervals. Dice beside the raters' "
        "majority. ΔV = predicted volume − mean of the raters' volumes: of the sum of probabilities (soft) and of the "
        "decision (hard). * p < 0.05 against 0, Holm over the errors of a label."
    )
    table = Table("raters-table", "Dice and volumes by label and loss", columns, rows, note)
    return Section("raters-table", "All labels and losses at a glance", (table,))


def _rows(item: PanelReport, alpha: float) -> Iterator[tuple[Cell, ...]]:
    panel = item.panel
    errors = {(row.setting, row.estimator): row.bias for row in item.raters}
    decimals = decimals_for([abs(mean.estimate) for mean in errors.values()])
    for setting, dice in zip(panel.settings, item.estimates.dice, strict=True):
        yield (
            *map(text_cell, (data_name(item), panel.key.labels, setting)),
            text_cell(UNIT_NAMES[panel.unit]),
            interval_cell(dice, 3),
            *(error_cell(errors.get((setting, estimator)), decimals, alpha) for estimator in Estimator),
        )
