"""The order in which a report is read: the answer, then results by dataset, then what is missing, then the costs."""

import re
import unicodedata
from collections.abc import Iterator

from segsweep.reports import answer as words
from segsweep.reports import comparison_tables, completeness, costs, phantom_bias, settings_table
from segsweep.reports.document import Block, Bullets, Drawings, Item, Paragraph, Section, Tone
from segsweep.reports.numbers import count, listed
from segsweep.reports.report import PanelReport, Report

_MOST_PANELS_IN_ANSWER = 8


def answer(report: Report) -> Section:
    """The first screen: the answer, its level, and everything incomplete."""
    blocks: list[Block] = [Paragraph(sentence, Tone.WARNING) for sentence in completeness.warnings(report.completeness)]
    if not report.panels:
        blocks.append(Paragraph("No finished trial has case results yet, so there is nothing to compare."))
        return Section("answer", "Answer", tuple(blocks))
    shown = report.panels[:_MOST_PANELS_IN_ANSWER]
    said = tuple(Item(_panel_answer(item, report), heading(item, report)) for item in shown)
    level = words.level_sentence(report.seeds)
    first = Paragraph(said[0].text) if len(said) == 1 else Bullets(said)
    blocks = [first, Paragraph(level), *blocks]
    if rest := len(report.panels) - len(shown):
        blocks.append(Paragraph(f"{count(rest, 'more set', 'more sets')} of results below.", Tone.NOTE))
    return Section("answer", "Answer", tuple(blocks))


def _panel_answer(item: PanelReport, report: Report) -> str:
    cases = max(comparison_cases(item), default=0)
    parts = [
        words.score_sentence(item.pairs, report.settings, cases),
        phantom_bias.sentence(item.phantoms) or words.volume_sentence(item.estimates, report.settings),
        *words.caveats(item.estimates),
    ]
    return " ".join(part for part in parts if part)


def comparison_cases(item: PanelReport) -> Iterator[int]:
    """Cases with a score, setting by setting."""
    yield from (mean.n for mean in item.estimates.dice)


def sections(report: Report) -> tuple[Section, ...]:
    """Everything after the answer."""
    return (
        *(_panel_section(item, report, number) for number, item in enumerate(report.panels)),
        completeness.section(report.completeness, report.settings.empty),
        costs.section(report.costs),
    )


def heading(item: PanelReport, report: Report) -> str:
    """`hippocampus, anterior`; the parts that are the same everywhere and say nothing are left out."""
    key = item.panel.key
    parts = [key.dataset, key.label]
    if key.labels != "full" or len({other.panel.key.labels for other in report.panels}) > 1:
        parts.append(f"labels {key.labels}")
    if len({other.panel.key.network for other in report.panels}) > 1:
        parts.append(key.network)
    return ", ".join(parts)


def slug(text: str) -> str:
    """A name for files and anchors: lower-case letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-") or "results"


def _panel_section(item: PanelReport, report: Report, number: int) -> Section:
    name = heading(item, report)
    place = f"{slug(name)}-{number + 1}"
    metric = words.METRIC_NAMES[report.settings.metric]
    level = report.settings.level
    scores: list[Block] = [
        settings_table.settings_table(item.estimates, slug=f"{place}-settings", level=level),
        Drawings(lambda: settings_table.drawings(item.estimates, slug=place, name=name, level=level)),
    ]
    parts = [Section(f"{place}-scores", "Scores and volumes", tuple(scores))]
    if item.pairs.comparisons:
        matrix = comparison_tables.matrix(item.pairs, slug=f"{place}-matrix", metric=metric)
        table = comparison_tables.pairs_table(item.pairs, report.settings, slug=f"{place}-pairs", metric=metric)
        parts.append(Section(f"{place}-pairs-section", "Paired comparison", (*([matrix] if matrix else []), table)))
    if item.phantoms:
        parts.append(phantom_bias.section(item.phantoms, slug=f"{place}-theory", level=level))
    return Section(place, name, (_about(item),), tuple(parts))


def _about(item: PanelReport) -> Paragraph:
    panel = item.panel
    folds = sorted({int(fold) for fold in panel.fold if fold >= 0})
    where = (
        f"folds {listed(str(fold) for fold in folds)}" if folds else f"{count(len(panel.repeats), 'model')} per setting"
    )
    truth = "" if panel.truth == "label" else f" Truth: {panel.truth} of the raters."
    grouped = f" from {count(item.estimates.units, 'group')}" if item.estimates.units < len(panel.cases) else ""
    return Paragraph(
        f"{count(len(panel.cases), 'validation case')}{grouped}, {where}, {count(panel.seeds, 'seed')}, labels "
        f"{panel.key.labels}, network {panel.key.network}.{truth}",
        Tone.NOTE,
    )
