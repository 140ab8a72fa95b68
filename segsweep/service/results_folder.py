"""Finished results on disk: a folder per sweep, in it a folder per content, whole or not there."""

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from segsweep.service.content import name_key
from segsweep.service.findings import Findings

ANSWER = "answer.html"
FINDINGS = "findings.json"
REPORT = "report.html"
TABLES = "tables"
_RECENT_SECONDS = 60.0
_KEPT = 2
"""Contents of a sweep that are kept: the newest, and the one that somebody may be reading."""


@dataclass(frozen=True)
class Results:
    """Results that lie in a folder.

    Args:
        key: of the content that they were computed from.
        folder: with report, tables and findings.
    """

    key: str
    folder: Path

    @property
    def report(self) -> Path:
        """The page."""
        return self.folder / REPORT

    def is_recent(self) -> bool:
        """Whether they were computed a moment ago."""
        return time.time() - self.folder.stat().st_mtime < _RECENT_SECONDS

    def answer(self) -> str:
        """Markup: the answer and a table of settings per dataset and label."""
        return (self.folder / ANSWER).read_text(encoding="utf-8")

    def tables(self) -> tuple[str, ...]:
        """Names of the report's tables as CSV files."""
        return tuple(sorted(path.name for path in (self.folder / TABLES).glob("*.csv")))

    def table(self, name: str) -> Path | None:
        """One of them; whoever asks cannot make a path of a name that is none."""
        return self.folder / TABLES / name if name in self.tables() else None

    def findings(self) -> Findings:
        """The rows, parsed once."""
        return _findings(self.folder)


@lru_cache(maxsize=8)
def _findings(folder: Path) -> Findings:
    return Findings.model_validate_json((folder / FINDINGS).read_bytes())


@dataclass(frozen=True)
class ResultsFolder:
    """Where results are kept.

    Args:
        folder: of all sweeps; made when something is first put there.
    """

    folder: Path

    def find(self, sweep: str, key: str) -> Results | None:
        """The results of a content, if they have been computed."""
        folder = self.folder / name_key(sweep) / key
        return Results(key, folder) if folder.is_dir() else None

    def newest(self, sweep: str) -> Results | None:
        """The last results of a sweep, of whatever content."""
        found = self._contents(sweep)
        return Results(found[-1].name, found[-1]) if found else None

    def put(self, sweep: str, key: str, fill: Callable[[Path], None]) -> None:
        """Let a function fill a folder, then give it its name; older contents of the sweep make room."""
        place = self.folder / name_key(sweep)
        unnamed = place / f".{key}.{os.getpid()}"
        unnamed.mkdir(parents=True)
        try:
            fill(unnamed)
            unnamed.rename(place / key)
        except BaseException:
            shutil.rmtree(unnamed, ignore_errors=True)
            raise
        for old in self._contents(sweep)[:-_KEPT]:
            shutil.rmtree(old, ignore_errors=True)

    def _contents(self, sweep: str) -> list[Path]:
        place = self.folder / name_key(sweep)
        found = [path for path in place.glob("[0-9a-f]*") if path.is_dir()] if place.is_dir() else []
        return sorted(found, key=lambda path: path.stat().st_mtime_ns)
