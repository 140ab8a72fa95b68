"""Table 1 of Bertels, Robben et al. 2021 (arXiv 2211.04161): mean volume error by network and loss, soft and hard."""

from collections.abc import Iterator, Sequence

import numpy as np

from segsweep.reports.document import Cell, Column, Section, Table, text_cell
from segsweep.reports.estimates import Mean
from segsweep.reports.interval_cells import error_cell
from segsweep.reports.numbers import decimals_for, number
from segsweep.reports.report import PanelReport, Report
from segsweep.reports.scores import Estimator
from segsweep.reports.settings_table import UNIT_NAMES

LOSSES = {"ce": "CE", "dice": "soft Dice"}


def volume_table(report: Report) -> Section:
    """A line per dataset, label and network, the networks of a label one below the other."""
    columns = (
        *(Column(title) for title in ("Data", "Unit", "Network")),
        Column("Cases", numeric=True),
        Column("Mean volume", numeric=True),
        *(
            Column(f"{name}, {estimator.value}", numeric=True, interval=True)
            for estimator in Estimator
            for name in LOSSES.values()
        ),
    )
    places = list(dict.fromkeys(map(data_name, report.panels)))
    ordered = sorted(report.panels, key=lambda item: places.index(data_name(item)))
    rows = tuple(tuple(_cells(item, 1 - report.settings.level)) for item in ordered)
    note = (
        f"Mean ΔV, predicted − true volume, with {report.settings.level:.0%} studentised bootstrap intervals: of the "
        "sum of probabilities (soft) and of the decision (hard). * p < 0.05 against 0, Holm over all errors of a "
        "network."
    )
    table = Table("volume-table-1", "Mean volume error by network and loss", columns, rows, note)
    return Section("volume-table-1", "All networks at a glance", (table,))


def data_name(item: PanelReport) -> str:
    """`sunnybrook, ventricle`."""
    return f"{item.panel.key.dataset}, {item.panel.key.label}"


def _cells(item: PanelReport, alpha: float) -> Iterator[Cell]:
    panel = item.panel
    true = float(np.nanmean(panel.values("volume_true")))
    means = [_mean(item, estimator, loss) for estimator in Estimator for loss in LOSSES]
    decimals = decimals_for([true, *(mean.estimate for mean in means if mean is not None)])
    yield from map(text_cell, (data_name(item), UNIT_NAMES[panel.unit], panel.key.network))
    yield Cell(str(len(panel.cases)), len(panel.cases))
    yield Cell(number(true, decimals), true)
    for mean in means:
        yield error_cell(mean, decimals, alpha)


def _mean(item: PanelReport, estimator: Estimator, loss: str) -> Mean | None:
    place = place_of(item, loss)
    return None if place is None else item.estimates.errors[estimator][place]


def place_of(item: PanelReport, loss: str) -> int | None:
    """Of the one setting that has this loss."""
    losses = {trial.setting: trial.loss for trial in item.panel.results.trials}
    found: Sequence[int] = [place for place, setting in enumerate(item.panel.settings) if losses[setting] == loss]
    return found[0] if len(found) == 1 else None
