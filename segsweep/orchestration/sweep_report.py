"""A sweep's report: from the tables that lie in its folder, or from the store."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from segsweep.errors import TrackingError
from segsweep.orchestration.collect import Tables, collect, refresh
from segsweep.orchestration.home import Home
from segsweep.records.manifest import Manifest
from segsweep.records.schemas import CASES, TRIALS
from segsweep.records.tables import read, write
from segsweep.reports.layout import lay_out
from segsweep.reports.markdown import markdown
from segsweep.reports.report import build_report
from segsweep.reports.writing import write_report
from segsweep.spec.report_settings import ReportSettings
from segsweep.tracking.protocol import CASES_FILE, SWEEP_FILE, TRIALS_FILE, Tracker


@dataclass(frozen=True)
class SweepReport:
    """A written report.

    Args:
        html: the page.
        answer: what can be said in a paragraph, as Markdown.
        tracked: files that belong to the sweep's parent run.
    """

    html: Path
    answer: str
    tracked: tuple[Path, ...]


def keep_tables(tables: Tables, manifest: Manifest, folder: Path) -> None:
    """Keep a sweep's tables in its folder; the trials table comes last, so that it is there only with the rest."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SWEEP_FILE).write_bytes(manifest.to_json())
    write(tables.cases, folder / CASES_FILE)
    write(tables.trials, folder / TRIALS_FILE)


def write_sweep_report(tables: Tables, manifest: Manifest, folder: Path) -> SweepReport:
    """Compute and write a sweep's report.

    Args:
        tables: of the sweep.
        manifest: names the sweep and says how it wants to be reported.
        folder: to write to.
    """
    settings = ReportSettings.model_validate(manifest.report)
    report = build_report(tables.trials, tables.cases, settings, name=manifest.sweep)
    written = write_report(report, folder)
    kept = (folder / CASES_FILE, folder / TRIALS_FILE)
    document = lay_out(report)
    answer = markdown(document.title, document.subtitle, document.answer, ())
    return SweepReport(written.html, answer, (written.html, written.markdown, *kept))


def report_again(name: str, home: Home, open_tracker: Callable[[], Tracker]) -> SweepReport:
    """Render a sweep's report from what is tracked.

    Args:
        name: of the sweep.
        home: folder and store.
        open_tracker: opens the store.

    Raises:
        TrackingError: there is no such sweep.
    """
    manifest, tables = gather(name, home, open_tracker)
    return write_sweep_report(tables, manifest, home.sweep(name))


def gather(name: str, home: Home, open_tracker: Callable[[], Tracker]) -> tuple[Manifest, Tables]:
    """A sweep's trials and tables.

    A folder that alone writes its embedded store holds the tables of its last complete launch; then the store need not
    even be opened.

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
        return manifest, Tables(read(folder / TRIALS_FILE, TRIALS), read(folder / CASES_FILE, CASES))
    tracker = open_tracker()
    parent = tracker.find_sweep(name)
    if parent is None:
        raise TrackingError(f"no sweep named {name!r} in {home.uri}")
    manifest = refresh(Manifest.from_json(tracker.read_file(parent, SWEEP_FILE)), tracker)
    tables = collect(manifest, tracker)
    keep_tables(tables, manifest, folder)
    return manifest, tables
