"""Where the scatter of a score comes from: the cases, the trainings, or the two together."""

import math
from dataclasses import dataclass

from segsweep.errors import InputError
from segsweep.reports.document import Cell, Column, Section, Table, text_cell
from segsweep.reports.estimates import PanelEstimates
from segsweep.reports.numbers import decimals_for, number
from segsweep.reports.scores import score_values
from segsweep.spec.report_settings import ReportSettings
from segsweep.statistics.variance import VarianceComponents, variance_components


@dataclass(frozen=True)
class Spread:
    """Variance components of the score of one setting."""

    setting: str
    components: VarianceComponents


def training_spread(estimates: PanelEstimates, settings: ReportSettings) -> tuple[Spread, ...]:
    """Settings with at least two trainings on the same cases."""
    panel = estimates.panel
    scores = score_values(panel, settings.metric, settings.empty)
    rows = []
    for place, setting in enumerate(panel.settings):
        try:
            rows.append(Spread(setting, variance_components(scores[place], panel.fold)))
        except InputError:  # one training, or no fold with two cases that all trainings have
            continue
    return tuple(rows)


def section(rows: tuple[Spread, ...], *, slug: str, metric: str) -> Section:
    """Standard deviations, so that they read in the unit of the metric."""
    spreads = {
        row.setting: [
            math.sqrt(value) for value in (row.components.case, row.components.model, row.components.residual)
        ]
        for row in rows
    }
    decimals = decimals_for((value for values in spreads.values() for value in values), digits=2)
    columns = (
        Column("Setting"),
        Column("Trainings", numeric=True),
        Column("SD between cases", numeric=True),
        Column("SD between trainings", numeric=True),
        Column("SD of the rest", numeric=True),
    )
    body = tuple(
        (
            text_cell(row.setting),
            Cell(str(row.components.seeds), row.components.seeds),
            *(Cell(number(value, decimals), value) for value in spreads[row.setting]),
        )
        for row in rows
    )
    note = (
        f"Of the {metric} of one case under one training: between cases, the same for all trainings; between "
        "trainings, the same for all cases of a fold; the rest. More cases do not shrink the middle one, more seeds do."
    )
    return Section(
        f"{slug}-spread", "Spread between trainings", (Table(f"{slug}-spread-table", "Spread", columns, body, note),)
    )
