"""A report: everything computed from the two tables, before anything is rendered."""

from dataclasses import dataclass

import pyarrow as pa

from segsweep.reports.comparison import Pairs, compare
from segsweep.reports.completeness import Completeness, completeness
from segsweep.reports.costs import Cost, costs
from segsweep.reports.estimates import PanelEstimates, estimate
from segsweep.reports.panels import Panel, build_panels
from segsweep.reports.phantom_bias import PhantomBias, phantom_bias
from segsweep.reports.results import Results
from segsweep.spec.report_settings import ReportSettings


@dataclass(frozen=True, eq=False)
class PanelReport:
    """Everything about one dataset × label policy × network × label.

    Attributes:
        estimates: means with intervals.
        pairs: every pair of settings, compared.
        phantoms: measured beside predicted volume error; empty for real images.
    """

    estimates: PanelEstimates
    pairs: Pairs
    phantoms: tuple[PhantomBias, ...]

    @property
    def panel(self) -> Panel:
        """The cases behind it."""
        return self.estimates.panel


@dataclass(frozen=True, eq=False)
class Report:
    """A report's numbers.

    Attributes:
        name: of the sweep.
        settings: how it was computed.
        panels: one per dataset × label policy × network × label.
        completeness: what is missing.
        costs: what it took.
        seeds: repeats of the training; the smallest number over the panels, 0 without results.
    """

    name: str
    settings: ReportSettings
    panels: tuple[PanelReport, ...]
    completeness: Completeness
    costs: tuple[Cost, ...]
    seeds: int


def build_report(trials: pa.Table, cases: pa.Table, settings: ReportSettings, *, name: str) -> Report:
    """Compute a report.

    Equal tables and settings give an equal report: the only randomness is the resampling, seeded by the settings.

    Args:
        trials: table of schema `segsweep.records.schemas.TRIALS`.
        cases: table of schema `segsweep.records.schemas.CASES`.
        settings: how to compare.
        name: of the sweep, as printed.

    Raises:
        TableError: the tables contradict themselves; the message names table, row and column.
    """
    results = Results(trials, cases)
    panels = build_panels(results)
    return Report(
        name=name,
        settings=settings,
        panels=tuple(_panel_report(panel, settings) for panel in panels),
        completeness=completeness(results, panels),
        costs=costs(results),
        seeds=min((panel.seeds for panel in panels), default=0),
    )


def _panel_report(panel: Panel, settings: ReportSettings) -> PanelReport:
    estimates = estimate(panel, settings)
    return PanelReport(estimates, compare(estimates, settings), phantom_bias(estimates, settings))
