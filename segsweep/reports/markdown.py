"""A document as Markdown, for the terminal and for pasting: tables are aligned, figures and images are left out.

Every number of a figure or an image is in a table, so nothing is lost. A page whose files lie beside it may show the
figures, and what is folded there may be opened.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable

from segsweep.reports.document import (
    Bullets,
    Cell,
    Drawing,
    Drawings,
    Gallery,
    Item,
    Mark,
    Paragraph,
    Section,
    Table,
    Tone,
)

Kept = Callable[[Drawing], str]
"""Writes a figure to a file and returns the path by which a page refers to it."""

MOST_ROWS = 60
"""Longer tables are cut, with a line that says so; the CSV file has them whole."""

MOST_FOLDED_ROWS = 20
"""What the page keeps folded is left to its CSV file altogether where it is longer than this."""


def markdown(title: str, subtitle: str, answer: Section, sections: tuple[Section, ...]) -> str:
    """Render."""
    parts = [f"# {_escaped(title)}", _escaped(subtitle), *_section(answer, 2, None)]
    for section in sections:
        parts += _section(section, 2, None)
    return _joined(parts)


def fragment(sections: Iterable[Section], kept: Kept, *, depth: int) -> str:
    """Sections as part of another page, with their figures.

    Args:
        sections: in order.
        kept: what becomes of a figure.
        depth: level of their headings.
    """
    return _joined(part for section in sections for part in _section(section, depth, kept))


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


def _section(section: Section, depth: int, kept: Kept | None) -> list[str]:
    parts = [f"{'#' * min(depth, 6)} {_escaped(section.title)}"]
    for block in section.blocks:
        match block:
            case Paragraph():
                parts.append(("> **Note:** " if block.tone is Tone.WARNING else "") + _escaped(block.text))
            case Bullets():
                parts.append("\n".join(_item(item) for item in block.items))
            case Table() if block.folded and kept is not None:
                parts += [f"<details><summary>{_escaped(block.caption)}</summary>", *_under(block), "</details>"]
            case Table() if block.folded and len(block.rows) > MOST_FOLDED_ROWS:
                parts.append(f"{_escaped(block.caption)}: {len(block.rows)} rows in `tables/{block.slug}.csv`.")
            case Table():
                parts += [f"**{_escaped(block.caption)}**", *_under(block)]
            case Drawings() if kept is not None:
                parts += _figures(block.figures, kept)
            case Drawings() | Gallery():
                pass
    for part in section.parts:
        parts += _section(part, depth + 1, kept)
    return parts


def _under(table: Table) -> list[str]:
    """What comes below a table's caption."""
    return [_table(table), _escaped(table.note)]


def _figures(drawings: tuple[Drawing, ...], kept: Kept) -> list[str]:
    """Two side by side, under their titles."""
    pairs = [drawings[place : place + 2] for place in range(0, len(drawings), 2)]
    return [
        "\n".join(
            f"| {' | '.join(cells)} |"
            for cells in (
                [_escaped(drawing.title) for drawing in pair],
                ["---"] * len(pair),
                [f"![{_escaped(_UNLINKED.sub('', drawing.description))}]({kept(drawing)})" for drawing in pair],
            )
        )
        for pair in pairs
    ]


def _item(item: Item) -> str:
    return f"- **{_escaped(item.lead)}**: {_escaped(item.text)}" if item.lead else f"- {_escaped(item.text)}"


def _table(table: Table) -> str:
    rows = [[_cell(cell) for cell in row] for row in table.rows[:MOST_ROWS]]
    heads = [_escaped(column.title) for column in table.columns]
    widths = [max(3, *(_width(row[place]) for row in [heads, *rows])) for place in range(len(heads))]
    right = [column.numeric for column in table.columns]
    rule = [("-" * (width - 1) + ":") if numeric else "-" * width for width, numeric in zip(widths, right, strict=True)]
    lines = [_line(heads, widths, right), _line(rule, widths, right), *(_line(row, widths, right) for row in rows)]
    if len(table.rows) > MOST_ROWS:
        lines.append(f"\n{len(table.rows) - MOST_ROWS} more rows are in `tables/{table.slug}.csv`.")
    return "\n".join(lines)


def _line(cells: list[str], widths: list[int], right: list[bool]) -> str:
    padded = [
        " " * (width - _width(cell)) + cell if numeric else cell + " " * (width - _width(cell))
        for cell, width, numeric in zip(cells, widths, right, strict=True)
    ]
    return f"| {' | '.join(padded)} |"


def _cell(cell: Cell) -> str:
    text = _escaped(cell.text)
    if Mark.BOLD in cell.marks:
        text = f"**{text}**"
    if Mark.ITALIC in cell.marks:
        text = f"*{text}*"
    if Mark.UNDERLINE in cell.marks:
        text = f"<u>{text}</u>"
    return text


_SPEAKS = re.compile(r"[\\`*|]|<(?=[A-Za-z/!?])|\](?=\()|(?<!\w)_|_(?!\w)")
"""What Markdown would read as markup. The brackets of an interval and `a_b` mean nothing to it and stay readable."""

_UNLINKED = re.compile(r"[\[\]]")
"""What would end the words beside a figure."""


def _escaped(text: str) -> str:
    return _SPEAKS.sub(lambda match: "\\" + match[0], " ".join(text.split()))


def _width(text: str) -> int:
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )
