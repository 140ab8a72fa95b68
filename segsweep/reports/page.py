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
        most_rows=MOST_ROWS,
        sections=sections,
        style=Markup(_text("report.css")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )  # fmt: skip


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
    environment.filters["classes"] = _classes
    environment.filters["trusted"] = Markup
    environment.filters["base64"] = lambda content: base64.b64encode(content).decode()
    return environment


def _classes(marks: frozenset[Mark]) -> str:
    return " ".join(sorted(mark.value for mark in marks))
