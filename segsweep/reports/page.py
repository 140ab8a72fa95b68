"""A document as one self-contained HTML page: offline, printable, light and dark, from telephone to desktop."""

import base64
import hashlib
from functools import cache
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from segsweep.reports.document import Bullets, Drawings, Gallery, Mark, Paragraph, Section, Table

MOST_ROWS = 300
"""Longer tables are cut on the page; the CSV file has them whole."""

_FOLDER = resources.files("segsweep.reports") / "templates"


def page(title: str, subtitle: str, answer: Section, sections: tuple[Section, ...]) -> str:
    """Render.

    Every name and sentence is escaped; drawings are the only markup that passes through, and they come from
    `segsweep.reports.canvas`. The page's own policy forbids requests of any kind and every script but its own.

    Args:
        title: heading of the page.
        subtitle: one line under it.
        answer: what a reader sees first.
        sections: the rest, in order.
    """
    script = _text("sort.js")
    return _environment().get_template("report.html.j2").render(
        title=title,
        subtitle=subtitle,
        answer=answer,
        sections=sections,
        style=Markup(_text("report.css")),
        script=Markup(script),
        policy=policy(),
    )  # fmt: skip


def fragment(sections: tuple[Section, ...]) -> str:
    """Sections as part of another page that has the style sheet of this one."""
    return _environment().get_template("fragment.html.j2").render(sections=sections)


def policy() -> str:
    """The content security policy under which a page works: no requests of any kind, no script but its own."""
    script_hash = base64.b64encode(hashlib.sha256(_text("sort.js").encode()).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{script_hash}'"


def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_text),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.tests |= {
        "paragraph": lambda block: isinstance(block, Paragraph),
        "bullets": lambda block: isinstance(block, Bullets),
        "table": lambda block: isinstance(block, Table),
        "drawings": lambda block: isinstance(block, Drawings),
        "gallery": lambda block: isinstance(block, Gallery),
    }
    environment.globals["most_rows"] = MOST_ROWS
    environment.filters["classes"] = _classes
    environment.filters["trusted"] = Markup
    environment.filters["base64"] = lambda content: base64.b64encode(content).decode()
    return environment


def _classes(marks: frozenset[Mark]) -> str:
    return " ".join(sorted(mark.value for mark in marks))
