"""Computing a sweep's results, in a process of its own: seconds of CPU that no reader is to wait for."""

import os
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from segsweep.errors import SegsweepError
from segsweep.orchestration.collect import collect
from segsweep.orchestration.sweep_report import keep_tables, tracked_search
from segsweep.records.manifest import Manifest
from segsweep.reports.report import build_report
from segsweep.reports.writing import to_answer, write_report
from segsweep.service.findings import findings
from segsweep.service.results_folder import ANSWER, FINDINGS, ResultsFolder
from segsweep.spec.report_settings import ReportSettings
from segsweep.tracking.protocol import Tracker

_POLITENESS = 5
"""Niceness: readers come first on a machine with few cores."""


def compute(tracker: Tracker, manifest: Manifest, key: str, kept: ResultsFolder, outcome: Connection) -> None:
    """Entry of the process: send "" when the results are in their folder, otherwise why they are not."""
    os.nice(_POLITENESS)
    try:
        kept.put(manifest.sweep, key, lambda folder: write_results(tracker, manifest, folder))
        said = ""
    except SegsweepError as error:
        said = str(error)
    with suppress(BrokenPipeError):  # a service that has been killed need not be told
        outcome.send(said)


def write_results(tracker: Tracker, manifest: Manifest, folder: Path) -> None:
    """Read a sweep's tables from its runs, report on them, and write tables, report and findings to a folder.

    Raises:
        TrackingError: a table cannot be read.
        TableError: the tables contradict themselves.
    """
    tables = collect(manifest, tracker, tracked_search(tracker, manifest, folder))
    settings = ReportSettings.model_validate(manifest.report)
    report = build_report(
        tables.trials,
        tables.cases,
        settings,
        name=manifest.sweep,
        overlays=tables.overlays,
        search=tables.search,
    )
    keep_tables(tables, manifest, folder)
    write_report(report, folder)
    (folder / ANSWER).write_text(to_answer(report), encoding="utf-8")
    (folder / FINDINGS).write_bytes(findings(report).model_dump_json().encode())
