"""A report: everything computed from the two tables, before anything is rendered."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from segsweep.reports.comparison import Pairs, compare_models, compare_trainings
from segsweep.reports.completeness import Completeness, completeness
from segsweep.reports.costs import Cost, costs
from segsweep.reports.deciles import Deciles, deciles
from segsweep.reports.estimates import PanelEstimates, estimate
from segsweep.reports.examples import Examples, Key, Picture, panel_examples, pictures_by_key
from segsweep.reports.panels import Panel, build_panels, panel_names
from segsweep.reports.phantom_bias import PhantomBias, phantom_bias
from segsweep.reports.presence import PresenceResults, presence
from segsweep.reports.ranking import Ranking, ranking
from segsweep.reports.rater_bias import rater_bias
from segsweep.reports.removed_labels import RemovedResults, removed_labels
from segsweep.reports.results import Results
from segsweep.reports.search import Study, studies
from segsweep.reports.subgroups import Subgroup, subgroups
from segsweep.reports.table1 import METRICS, Row, table1_rows
from segsweep.reports.training_spread import Spread, training_spread
from segsweep.reports.volume_bias import VolumeBias, volume_bias
from segsweep.reports.volume_error_table import VolumeErrorRow
from segsweep.spec.report_settings import ReportSettings


@dataclass(frozen=True, eq=False)
class PanelReport:
    """Everything about one dataset × label policy × network × label.

    Attributes:
        estimates: means with intervals.
        models: every pair of settings, these models.
        losses: every pair of settings, these losses; None with too few repeats.
        ranking: how the order holds on other cases; None where there is nothing to rank.
        spread: between cases and trainings; empty with one training.
        volumes: the volume analysis.
        raters: volume errors against the raters' mean volume; empty with a single truth.
        deciles: Dice and Jaccard by object size; empty with few cases.
        presence: cases with and without the structure; None unless there are both.
        removed: cases whose label was removed from training beside those that kept it; None unless there are some.
        subgroups: by meta column.
        phantoms: measured beside predicted volume error; empty for real images.
        examples: the cases that stand for each setting, with their pictures.
    """

    estimates: PanelEstimates
    models: Pairs
    losses: Pairs | None
    ranking: Ranking | None
    spread: tuple[Spread, ...]
    volumes: VolumeBias
    raters: tuple[VolumeErrorRow, ...]
    deciles: tuple[Deciles, ...]
    presence: PresenceResults | None
    removed: RemovedResults | None
    subgroups: tuple[Subgroup, ...]
    phantoms: tuple[PhantomBias, ...]
    examples: Examples

    @property
    def pairs(self) -> Pairs:
        """The comparison at the highest level at which there is one."""
        return self.losses or self.models

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
        panels: one per dataset × label policy × network × label: of the validation folds, then of test sets.
        table1: means on the validation folds with the marks of the published table; on test sets where there is
            nothing else.
        completeness: what is missing.
        costs: what it took.
        searches: what searches tried; empty for a grid.
    """

    name: str
    settings: ReportSettings
    panels: tuple[PanelReport, ...]
    table1: tuple[Row, ...]
    completeness: Completeness
    costs: tuple[Cost, ...]
    searches: tuple[Study, ...]


def build_report(
    trials: pa.Table,
    cases: pa.Table,
    settings: ReportSettings,
    *,
    name: str,
    overlays: pa.Table | None = None,
    search: pa.Table | None = None,
) -> Report:
    """Compute a report.

    Equal tables and settings give an equal report: the only randomness is the resampling, seeded by the settings.

    Args:
        trials: table of schema `segsweep.records.schemas.TRIALS`.
        cases: table of schema `segsweep.records.schemas.CASES`.
        settings: how to compare.
        name: of the sweep, as printed.
        overlays: table of schema `segsweep.records.schemas.OVERLAYS`; None where no pictures were kept.
        search: table of schema `segsweep.records.schemas.SEARCH`; None where nothing was searched.

    Raises:
        TableError: the tables contradict themselves; the message names table, row and column.
    """
    results = Results(trials, cases)
    splits = ("val", "test")
    panels = tuple(panel for split in splits for panel in build_panels(results, split=split))
    by_raters = {panel.key: panel for split in splits for panel in build_panels(results, split=split, truths=("mean",))}
    pictures = {} if overlays is None else pictures_by_key(overlays)
    reports = tuple(_panel_report(panel, by_raters.get(panel.key), pictures, settings) for panel in panels)
    names = panel_names(panels)
    named = [(names[item.panel.key], item.estimates) for item in reports]
    # results from elsewhere may be those of a test set alone
    validated = [pair for pair in named if pair[1].panel.key.split == "val"] or named
    return Report(
        name=name,
        settings=settings,
        panels=reports,
        table1=table1_rows(validated, settings),
        completeness=completeness(results, panels),
        costs=costs(results),
        searches=() if search is None else studies(search, results, [report.estimates for report in reports]),
    )


def _panel_report(
    panel: Panel, by_raters: Panel | None, pictures: Mapping[Key, Picture], settings: ReportSettings
) -> PanelReport:
    estimates = estimate(panel, settings)
    by_size = (deciles(estimates, metric, settings) for metric in METRICS)
    return PanelReport(
        estimates=estimates,
        models=compare_models(estimates, settings),
        losses=compare_trainings(estimates, settings),
        ranking=ranking(estimates, settings),
        spread=training_spread(estimates, settings),
        raters=rater_bias(by_raters if panel.truth != "mean" else None, settings),
        volumes=volume_bias(estimates, level=settings.level),
        deciles=tuple(found for found in by_size if found is not None),
        presence=presence(estimates, level=settings.level),
        removed=removed_labels(estimates, level=settings.level),
        subgroups=subgroups(estimates, settings),
        phantoms=phantom_bias(estimates, settings),
        examples=panel_examples(panel, pictures),
    )
