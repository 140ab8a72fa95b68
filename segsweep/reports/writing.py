"""A report as files: one page, one Markdown text, one CSV and one LaTeX file per table."""

import os
from dataclasses import dataclass
from pathlib import Path

from segsweep.reports import layout
from segsweep.reports.csv_tables import csv_text
from segsweep.reports.latex import latex_text
from segsweep.reports.markdown import markdown
from segsweep.reports.numbers import count
from segsweep.reports.page import page
from segsweep.reports.report import Report


@dataclass(frozen=True)
class Written:
    """Where a report's files are."""

    html: Path
    markdown: Path
    tables: Path


def to_html(report: Report) -> str:
    """One self-contained page: no requests, works offline, prints well."""
    return page(_title(report), _subtitle(report), layout.answer(report), layout.sections(report))


def to_markdown(report: Report) -> str:
    """The same words and tables without the figures."""
    return markdown(_title(report), _subtitle(report), layout.answer(report), layout.sections(report))


def to_csv(report: Report) -> dict[str, str]:
    """Every table as CSV, by file name."""
    return {f"{table.slug}.csv": csv_text(table) for section in layout.sections(report) for table in section.tables()}


def to_latex(report: Report) -> dict[str, str]:
    """Every table as LaTeX with booktabs rules, by file name."""
    return {f"{table.slug}.tex": latex_text(table) for section in layout.sections(report) for table in section.tables()}


def write_report(report: Report, folder: Path) -> Written:
    """Write `report.html`, `report.md`, `tables/*.csv` and `tables/*.tex`, each file whole or not at all."""
    tables = folder / "tables"
    tables.mkdir(parents=True, exist_ok=True)
    written = Written(folder / "report.html", folder / "report.md", tables)
    _write(written.html, to_html(report))
    _write(written.markdown, to_markdown(report))
    for name, text in (to_csv(report) | to_latex(report)).items():
        _write(tables / name, text)
    return written


def _title(report: Report) -> str:
    return report.name


def _subtitle(report: Report) -> str:
    stock = report.completeness
    datasets = len({item.panel.key.dataset for item in report.panels})
    settings = len({setting for item in report.panels for setting in item.panel.settings})
    return (
        f"{stock.finished} of {count(stock.trials, 'trial')} finished, {count(settings, 'loss setting')}, "
        f"{count(datasets, 'dataset')}"
    )


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
