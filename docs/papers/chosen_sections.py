"""The parts of a sweep's report that a page shows."""

from collections.abc import Iterable
from dataclasses import replace

from segsweep.reports.document import Block, Gallery, Paragraph, Section, Table, Tone
from segsweep.reports.layout import answer, sections
from segsweep.reports.markdown import MOST_ROWS
from segsweep.reports.report import Report


def chosen_sections(report: Report, endings: Iterable[str]) -> tuple[Section, ...]:
    """The sections of a report whose slug ends so, under the heading of their dataset; nothing where nothing was run.

    Pictures of cases, and what the report keeps folded and is long, are left to the report.
    """
    if not report.panels:
        return ()
    wanted = tuple(endings)
    found = []
    for section in sections(report):
        parts = tuple(_plain(part) for part in section.parts if part.slug.endswith(wanted))
        if parts or section.slug.endswith(wanted):
            found.append(replace(_plain(section), parts=parts))
    return (_in_plain_words(report), *found)


def _in_plain_words(report: Report) -> Section:
    """The report's answer. What it warns of, trials that have not been run, a page says at its end."""
    said = answer(report)
    blocks = tuple(block for block in said.blocks if not (isinstance(block, Paragraph) and block.tone is Tone.WARNING))
    return replace(said, title="In plain words", blocks=blocks)


def _plain(section: Section) -> Section:
    return replace(section, blocks=tuple(block for block in section.blocks if not _left_to_the_report(block)))


def _left_to_the_report(block: Block) -> bool:
    long = isinstance(block, Table) and block.folded and len(block.rows) > MOST_ROWS
    return long or isinstance(block, Gallery)
