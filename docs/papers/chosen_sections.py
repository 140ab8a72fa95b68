"""The parts of a sweep's report that a page shows."""

from collections.abc import Iterable
from dataclasses import replace

from segsweep.reports.document import Gallery, Section, Table
from segsweep.reports.layout import inference_level, sections
from segsweep.reports.report import Report


def chosen_sections(report: Report, endings: Iterable[str]) -> tuple[Section, ...]:
    """The sections of a report whose slug ends so, under the heading of their dataset; nothing where nothing was run.

    Tables that the report keeps folded, and pictures of cases, are left to the report.
    """
    if not report.panels:
        return ()
    wanted = tuple(endings)
    found = []
    for section in sections(report):
        parts = tuple(_plain(part) for part in section.parts if part.slug.endswith(wanted))
        if parts or section.slug.endswith(wanted):
            found.append(replace(_plain(section), parts=parts))
    return (Section("level", "Level of inference", (inference_level(report),)), *found)


def _plain(section: Section) -> Section:
    blocks = (
        block
        for block in section.blocks
        if not (isinstance(block, Gallery) or (isinstance(block, Table) and block.folded))
    )
    return replace(section, blocks=tuple(blocks))
