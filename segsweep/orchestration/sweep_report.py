"""A sweep's report: from the tables that lie in its folder, or from the store."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from segsweep.errors import TableError, TrackingError
from segsweep.orchestration.collect import Tables, collect, is_complete, refresh
from segsweep.orchestration.home import Home
from segsweep.records.manifest import Manifest
from segsweep.records.schemas import CASES, OVERLAYS, SEARCH, TRIALS
from segsweep.records.tables import read, write
from segsweep.spec.report_settings import ReportSettings
from segsweep.tracking.protocol import CASES_FILE, OVERLAYS_FILE, SEARCH_FILE, SWEEP_FILE, TRIALS_FILE, Reader


@dataclass(frozen=True)
class SweepReport:
    """A written report.

    Args:
        html: the page.
        summary: the answer and a table per dataset and label, as Markdown.
        files: that belong to the sweep's parent run.
    """

    html: Path
    summary: str
    files: tuple[Path, ...]


def keep_tables(tables: Tables, manifest: Manifest, folder: Path) -> None:
    """Keep a sweep's tables in its folder; the trials table comes last, so that it is there only with the rest."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SWEEP_FILE).write_bytes(manifest.to_json())
    write(tables.cases, folder / CASES_FILE)
    write(tables.overlays, folder / OVERLAYS_FILE)
    if manifest.searched:
        write(tables.search, folder / SEARCH_FILE)
    write(tables.trials, folder / TRIALS_FILE)


def write_tables_report(tables: Tables, settings: ReportSettings, *, name: str, folder: Path) -> SweepReport:
    """Compute and write a report.

    Args:
        tables: what it is a function of.
        settings: how to compare.
        name: of the sweep, as printed.
        folder: to write to.
    """
    # what draws and computes takes most of a second to import: a launch starts Ray first
    from segsweep.reports.report import build_report  # noqa: PLC0415
    from segsweep.reports.writing import write_report  # noqa: PLC0415

    report = build_report(
        tables.trials, tables.cases, settings, name=name, overlays=tables.overlays, search=tables.search
    )
    written = write_report(report, folder)
    return SweepReport(written.html, written.summary, (written.html, written.markdown))


def report_again(
    name: str, home: Home, open_tracker: Callable[[], Reader], changes: Mapping[str, object]
) -> SweepReport:
    """Render a sweep's report from what is tracked.

    Args:
        name: of the sweep.
        home: folder and store.
        open_tracker: opens the store.
        changes: of the report settings that its grid has.

    Raises:
        TrackingError: there is no such sweep.
    """
    manifest, tables = gather(name, home, open_tracker)
    settings = ReportSettings.model_validate({**manifest.report, **changes})
    return write_tables_report(tables, settings, name=name, folder=home.sweep(name))


def report_foreign(source: Path, folder: Path, changes: Mapping[str, object]) -> SweepReport:
    """Report on results that were made elsewhere.

    Args:
        source: a table of cases (CSV or parquet), or a folder of nnU-Net results (`summary.json` files).
        folder: to write to.
        changes: of the default report settings.

    Raises:
        TableError: the table lacks a column or holds a bad value; names both, and the row.
    """
    from segsweep.reports.importing.case_file import read_case_file  # noqa: PLC0415 (most reports are of sweeps)
    from segsweep.reports.importing.nnunet import read_nnunet  # noqa: PLC0415

    if not source.exists():
        raise TableError(f"{source}: no such file or folder")
    tables = Tables(*(read_nnunet if source.is_dir() else read_case_file)(source))
    folder.mkdir(parents=True, exist_ok=True)
    return write_tables_report(tables, ReportSettings.model_validate(changes), name=source.stem, folder=folder)


def gather(name: str, home: Home, open_tracker: Callable[[], Reader]) -> tuple[Manifest, Tables]:
    """A sweep's trials and tables.

    A folder that alone writes its embedded store holds the tables of its last launch; where that left nothing open, the
    store need not even be opened.

    Args:
        name: of the sweep.
        home: folder and store.
        open_tracker: opens the store.

    Raises:
        TrackingError: there is no such sweep.
    """
    folder = home.sweep(name)
    if home.embedded and (folder / TRIALS_FILE).exists():
        manifest = Manifest.from_json((folder / SWEEP_FILE).read_bytes())
        if is_complete(manifest):
            return manifest, _kept_tables(folder, manifest)
    tracker = open_tracker()
    parent = tracker.find_sweep(name)
    if parent is None:
        raise TrackingError(f"no sweep named {name!r} in {home.uri}")
    manifest = refresh(Manifest.from_json(tracker.read_file(parent, SWEEP_FILE)), tracker)
    tables = collect(manifest, tracker, tracked_search(tracker, manifest, folder))
    keep_tables(tables, manifest, folder)
    return manifest, tables


def tracked_search(tracker: Reader, manifest: Manifest, folder: Path) -> pa.Table:
    """The search table as the last launch left it with the parent run; a search that is not over may have none yet.

    Args:
        tracker: the store.
        manifest: of the sweep.
        folder: where the table is kept.
    """
    parent = tracker.find_sweep(manifest.sweep) if manifest.searched else None
    if parent is None:
        return SEARCH.empty_table()
    path = folder / SEARCH_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(TrackingError):
        path.write_bytes(tracker.read_file(parent, SEARCH_FILE))
    return read(path, SEARCH) if path.exists() else SEARCH.empty_table()


def _kept_tables(folder: Path, manifest: Manifest) -> Tables:
    """The tables in a sweep's folder; an earlier version kept no overlays."""
    pictures = folder / OVERLAYS_FILE
    overlays = read(pictures, OVERLAYS) if pictures.exists() else OVERLAYS.empty_table()
    search = read(folder / SEARCH_FILE, SEARCH) if manifest.searched else SEARCH.empty_table()
    return Tables(read(folder / TRIALS_FILE, TRIALS), read(folder / CASES_FILE, CASES), overlays, search)
