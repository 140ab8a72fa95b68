"""A report as text and as files: one page, one Markdown text, one CSV and one LaTeX file per table."""

import os
from dataclasses import dataclass
from pathlib import Path

from segsweep.reports.csv_tables import csv_text
from segsweep.reports.document import Section
from segsweep.reports.latex import latex_text
from segsweep.reports.layout import Document, lay_out
from segsweep.reports.markdown import markdown
from segsweep.reports.page import fragment, page
from segsweep.reports.report import Report

MOST_ROWS_IN_LATEX = 200
"""Nobody prints a longer table; it is in the CSV files."""


@dataclass(frozen=True)
class Written:
    """Where a report's files are, and what of it fits on a terminal."""

    html: Path
    markdown: Path
    tables: Path
    summary: str


def to_html(report: Report) -> str:
    """One self-contained page: no requests, works offline, prints well."""
    return _html(lay_out(report))


def to_markdown(report: Report) -> str:
    """The same words and tables without the figures."""
    return _markdown(lay_out(report))


def to_answer(report: Report) -> str:
    """The answer and the tables of settings as part of another page."""
    document = lay_out(report)
    return fragment((document.answer, *_main_tables(document)))


def to_csv(report: Report) -> dict[str, str]:
    """Every table as CSV, by file name."""
    return _csv(lay_out(report))


def to_latex(report: Report) -> dict[str, str]:
    """Every table that fits on paper as LaTeX with booktabs rules, by file name."""
    return _latex(lay_out(report))


def write_report(report: Report, folder: Path) -> Written:
    """Write `report.html`, `report.md`, `tables/*.csv` and `tables/*.tex`, each file whole or not at all."""
    document = lay_out(report)
    written = Written(folder / "report.html", folder / "report.md", folder / "tables", _summary(document))
    written.tables.mkdir(parents=True, exist_ok=True)
    _write(written.html, _html(document))
    _write(written.markdown, _markdown(document))
    for name, text in (_csv(document) | _latex(document)).items():
        _write(written.tables / name, text)
    return written


def _html(document: Document) -> str:
    return page(document.title, document.subtitle, document.answer, document.sections)


def _markdown(document: Document) -> str:
    return markdown(document.title, document.subtitle, document.answer, document.sections)


def _summary(document: Document) -> str:
    """The answer, what a search has found, and the table of settings of each dataset and label."""
    return markdown(document.title, document.subtitle, document.answer, _main_tables(document))


def _main_tables(document: Document) -> tuple[Section, ...]:
    wanted = ("-settings", "-front")
    found = [
        (section, tuple(table for ending in wanted for table in section.tables_named(ending)))
        for section in document.sections
    ]
    return tuple(Section(section.slug, section.title, tables) for section, tables in found if tables)


def _csv(document: Document) -> dict[str, str]:
    return {f"{table.slug}.csv": csv_text(table) for table in document.tables()}


def _latex(document: Document) -> dict[str, str]:
    return {
        f"{table.slug}.tex": latex_text(table) for table in document.tables() if len(table.rows) <= MOST_ROWS_IN_LATEX
    }


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
