"""A page: its own prose, with what was computed from tracked runs in the places that the prose names."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from papers.coverage import coverage_section
from papers.figure import standalone
from papers.finding import Finding, findings_section
from papers.tracked import Tracked
from segsweep.reports.document import Drawing, Section
from segsweep.reports.layout import slug
from segsweep.reports.markdown import fragment

PROSE = Path(__file__).parent / "prose"
FIGURES = "figures"


@dataclass(frozen=True)
class Part:
    """What a page says of one shipped grid.

    Attributes:
        grid: name of the grid file, without ending.
        findings: the paper's claims held against what was run.
        sections: tables and figures of it.
    """

    grid: str
    findings: Callable[[Tracked], Sequence[Finding]]
    sections: Callable[[Tracked], Sequence[Section]]


@dataclass(frozen=True)
class Page:
    """A page of docs/results, named as its prose.

    Attributes:
        name: of the prose.
        parts: what it says of each grid.
        splits: of the cases that it computes from.
    """

    name: str
    parts: tuple[Part, ...]
    splits: tuple[str, ...] = ("val",)

    def path(self, folder: Path) -> Path:
        """Of its file in a folder of pages."""
        return folder / f"{self.name}.md"


@dataclass(frozen=True)
class Written:
    """What became of a part: its findings, which the overview counts, and its Markdown by the names of the prose."""

    tracked: Tracked
    findings: Sequence[Finding]
    markdown: dict[str, str]


def write_page(page: Page, tracked: dict[str, Tracked], folder: Path) -> tuple[Written, ...]:
    """Write a page, and its figures beside it.

    Args:
        page: which.
        tracked: what was run, by grid.
        folder: to write to.
    """
    written = tuple(_part(part, tracked[part.grid], folder) for part in page.parts)
    parts = {part.grid: one.markdown for part, one in zip(page.parts, written, strict=True)}
    prose = (PROSE / f"{page.name}.md").read_text(encoding="utf-8")
    page.path(folder).write_text(filled(prose, parts=parts), encoding="utf-8")
    return written


def filled(prose: str, **values: object) -> str:
    """Prose with its places filled in.

    Raises:
        jinja2.UndefinedError: it names a place that there is not.
    """
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)  # Markdown
    return environment.from_string(prose).render(**values)


def _part(part: Part, tracked: Tracked, folder: Path) -> Written:
    figures = Path(FIGURES) / part.grid  # grids of one page have panels, and so figures, of equal names
    shutil.rmtree(folder / figures, ignore_errors=True)

    def kept(drawing: Drawing) -> str:
        path = figures / f"{slug(drawing.slug)}.svg"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(standalone(drawing), encoding="utf-8")
        return path.as_posix()

    findings = part.findings(tracked)
    blocks = {
        "findings": [findings_section(findings, part.grid)],
        "results": part.sections(tracked),
        "coverage": [coverage_section(tracked, part.grid)],
    }
    markdown = {name: fragment(sections, kept, depth=3) for name, sections in blocks.items()}
    return Written(tracked, findings, markdown)
