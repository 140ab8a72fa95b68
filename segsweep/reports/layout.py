"""The order in which a report is read: the answer, then results by dataset, then what is missing, then the costs."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from segsweep.reports import answer as words
from segsweep.reports import (
    case_table,
    comparison_tables,
    completeness,
    costs,
    deciles,
    overlays,
    phantom_bias,
    presence,
    ranking,
    rater_bias,
    removed_labels,
    search_section,
    settings_table,
    subgroups,
    table1,
    training_spread,
    volume_bias,
)
from segsweep.reports.comparison import Pairs
from segsweep.reports.document import Block, Bullets, Drawings, Item, Paragraph, Section, Table, Tone
from segsweep.reports.numbers import count, listed
from segsweep.reports.panels import panel_names
from segsweep.reports.report import PanelReport, Report

_MOST_PANELS_IN_ANSWER = 8


@dataclass(frozen=True)
class Document:
    """A report laid out, before a format is chosen."""

    title: str
    subtitle: str
    answer: Section
    sections: tuple[Section, ...]

    def tables(self) -> Iterator[Table]:
        """Every table, in reading order."""
        for section in self.sections:
            yield from section.tables()


def lay_out(report: Report) -> Document:
    """Put everything in its place."""
    return Document(report.name, _subtitle(report), answer(report), sections(report))


def _subtitle(report: Report) -> str:
    stock = report.completeness
    datasets = len({item.panel.key.dataset for item in report.panels})
    settings = len({setting for item in report.panels for setting in item.panel.settings})
    return (
        f"{stock.finished} of {count(stock.trials, 'trial')} finished, {count(settings, 'loss setting')}, "
        f"{count(datasets, 'dataset')}"
    )


def answer(report: Report) -> Section:
    """The first screen: at which level the answer holds, what is incomplete, and the answer."""
    lacks = " ".join(completeness.warnings(report.completeness))
    blocks: list[Block] = [Paragraph(lacks, Tone.WARNING)] if lacks else []
    if report.searches:
        blocks.append(Paragraph(search_section.sentence(report.searches)))
    if not report.panels:
        blocks.append(Paragraph("No finished trial has case results yet, so there is nothing to compare."))
        return Section("answer", "Answer", tuple(blocks))
    blocks.insert(0, inference_level(report))
    shown = report.panels[:_MOST_PANELS_IN_ANSWER]
    said = tuple(Item(_panel_answer(item, report), heading(item, report)) for item in shown)
    blocks.append(Paragraph(said[0].text) if len(said) == 1 else Bullets(said))
    if rest := len(report.panels) - len(shown):
        blocks.append(Paragraph(f"{count(rest, 'more set', 'more sets')} of results below.", Tone.NOTE))
    return Section("answer", "Answer", tuple(blocks))


def inference_level(report: Report) -> Paragraph:
    """At which level of inference a report with results speaks."""
    panels = [item.panel for item in report.panels]
    names = panel_names(panels)
    return Paragraph(words.level_sentence([(names[panel.key], panel.trainings) for panel in panels]))


def _panel_answer(item: PanelReport, report: Report) -> str:
    cases = max(comparison_cases(item), default=0)
    parts = [
        words.score_sentence(item.pairs, report.settings, cases),
        phantom_bias.sentence(item.phantoms) or words.volume_sentence(item.estimates, report.settings),
        *words.caveats(item.estimates, item.pairs, report.settings),
    ]
    return " ".join(part for part in parts if part)


def comparison_cases(item: PanelReport) -> Iterator[int]:
    """Cases with a score, setting by setting."""
    yield from (mean.n for mean in item.estimates.dice)


def sections(report: Report) -> tuple[Section, ...]:
    """Everything after the answer."""
    return (
        *_searches(report),
        *([table1.section(report.table1, report.settings)] if report.table1 else []),
        *(_panel_section(item, report, number) for number, item in enumerate(report.panels)),
        completeness.section(report.completeness, report.settings.empty),
        *([costs.section(report.costs)] if report.costs else []),
    )


def _searches(report: Report) -> Iterator[Section]:
    for number, study in enumerate(report.searches):
        yield search_section.section(study, slug=f"search-{number + 1}", level=report.settings.level)


def heading(item: PanelReport, report: Report) -> str:
    """Name of a panel as printed."""
    return panel_names(other.panel for other in report.panels)[item.panel.key]


def slug(text: str) -> str:
    """A name for files and anchors: lower-case letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-") or "results"


def _panel_section(item: PanelReport, report: Report, number: int) -> Section:
    name = heading(item, report)
    place = f"{slug(name)}-{number + 1}"
    level = report.settings.level
    scores: list[Block] = [
        settings_table.settings_table(item.estimates, slug=f"{place}-settings", level=level),
        Drawings(lambda: settings_table.drawings(item.estimates, slug=place, name=name, level=level)),
    ]
    cases = case_table.case_table(item.panel, slug=place)
    scores += [cases] if cases is not None else []
    parts = (
        Section(f"{place}-scores", "Scores and volumes", tuple(scores)),
        *([overlays.section(item.examples, slug=place)] if item.examples.cases else []),
        *_comparisons(item, report, place),
        *_details(item, report, place),
    )
    return Section(place, name, (_about(item, report),), parts)


def _comparisons(item: PanelReport, report: Report, place: str) -> Iterator[Section]:
    """How sure the order of the settings is."""
    metric, level = words.METRIC_NAMES[report.settings.metric], report.settings.level
    for pairs in (item.losses, item.models):
        if pairs is not None and pairs.comparisons:
            yield _comparison(pairs, report, f"{place}-{slug(pairs.level.value)}", metric)
    if item.ranking is not None:
        yield ranking.section(item.ranking, slug=place, metric=metric, level=level)
    if item.spread:
        yield training_spread.section(item.spread, slug=place, metric=metric)


def _details(item: PanelReport, report: Report, place: str) -> Iterator[Section]:
    """Volumes, sizes and kinds of cases."""
    metric, level = words.METRIC_NAMES[report.settings.metric], report.settings.level
    if item.phantoms:
        yield phantom_bias.section(item.phantoms, slug=f"{place}-theory", level=level)
    if item.volumes.errors:
        yield volume_bias.section(item.volumes, slug=place, level=level)
    if item.raters:
        yield rater_bias.section(item.raters, slug=place, unit=item.panel.unit, level=level)
    if item.deciles:
        yield deciles.section(item.deciles, slug=place, level=level)
    if item.presence is not None:
        yield presence.section(item.presence, slug=place, level=level)
    if item.removed is not None:
        yield removed_labels.section(item.removed, slug=place, level=level)
    if item.subgroups:
        panel = item.panel
        yield subgroups.section(item.subgroups, panel.settings, slug=place, metric=metric, unit=panel.unit, level=level)


def _comparison(pairs: Pairs, report: Report, place: str, metric: str) -> Section:
    matrix = comparison_tables.matrix(pairs, slug=f"{place}-matrix", metric=metric)
    table = comparison_tables.pairs_table(pairs, report.settings, slug=f"{place}-pairs", metric=metric)
    meaning = Paragraph(comparison_tables.MEANINGS[pairs.level], Tone.NOTE)
    return Section(
        place, f"Paired comparison: {pairs.level.value}", (meaning, *([matrix] if matrix is not None else []), table)
    )


def _about(item: PanelReport, report: Report) -> Paragraph:
    panel = item.panel
    folds = sorted({int(fold) for fold in panel.fold if fold >= 0})
    named = f"{'fold' if len(folds) == 1 else 'folds'} {listed(str(fold) for fold in folds)}"
    where = named if folds else f"{count(len(panel.repeats), 'model')} per setting"
    truth = "" if panel.truth == "label" else f" Truth: {panel.truth} of the raters."
    grouped = f" from {count(item.estimates.units, 'group')}" if item.estimates.units < len(panel.cases) else ""
    kind = "test case" if panel.key.split == "test" else "validation case"
    empty = int((panel.values("empty_true") == 1).any(axis=(0, 1)).sum())
    counted = " A case counts once, with the mean over its models; settings are compared by the models that all have."
    once = counted if panel.key.split == "test" and not folds else ""
    policy = f" {completeness.empty_policy(report.settings.empty, empty)}" if empty else ""
    return Paragraph(
        f"{count(len(panel.cases), kind)}{grouped}, {where}, {count(panel.seeds, 'seed')}, labels "
        f"{panel.key.labels}, network {panel.key.network}.{once}{truth}{policy}",
        Tone.NOTE,
    )
