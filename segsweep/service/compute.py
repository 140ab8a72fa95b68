"""Computing a sweep's results, in a process of its own: seconds of CPU that no reader is to wait for."""

import os
import pickle
import sys
from contextlib import redirect_stdout
from pathlib import Path

from segsweep.errors import SegsweepError
from segsweep.orchestration.collect import collect
from segsweep.orchestration.sweep_report import keep_tables, tracked_search
from segsweep.records.manifest import Manifest
from segsweep.reports.report import build_report
from segsweep.reports.writing import to_answer, write_report
from segsweep.service.findings import findings
from segsweep.service.results_folder import ANSWER, FINDINGS
from segsweep.spec.report_settings import ReportSettings
from segsweep.tracking.protocol import Reader

_POLITENESS = 5
"""Niceness: readers come first on a machine with few cores."""


def main() -> None:
    """Read a tracker, a manifest, a key and the folder of results from stdin; print why there are no results, if so."""
    os.nice(_POLITENESS)
    tracker, manifest, key, kept = pickle.load(sys.stdin.buffer)
    try:
        with redirect_stdout(sys.stderr):  # what a library prints is no reason
            kept.put(manifest.sweep, key, lambda folder: write_results(tracker, manifest, folder))
    except SegsweepError as error:
        print(error, end="")


def write_results(tracker: Reader, manifest: Manifest, folder: Path) -> None:
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


if __name__ == "__main__":
    main()
