"""What a report is made of: sections of paragraphs, tables and figures, before any output format is chosen."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property


class Mark(Enum):
    """How a cell stands out. What a colour says is also said by a sign in the text."""

    BOLD = "bold"
    ITALIC = "italic"
    UNDERLINE = "underline"
    BETTER = "better"
    WORSE = "worse"
    EQUAL = "equal"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Cell:
    """One table cell: the words a person reads and the numbers a machine reads.

    Attributes:
        text: what is printed.
        number: the unrounded value behind the text, for CSV and for sorting; None = the text is the value.
        low: lower end of the interval, where the column has one.
        high: upper end of the interval, where the column has one.
        marks: how the cell stands out.
    """

    text: str
    number: float | None = None
    low: float | None = None
    high: float | None = None
    marks: frozenset[Mark] = frozenset()


@dataclass(frozen=True)
class Column:
    """A column: its heading, whether it holds numbers, and whether each number comes with an interval."""

    title: str
    numeric: bool = False
    interval: bool = False


@dataclass(frozen=True)
class Table:
    """A table. `slug` names its file, `caption` says what it shows and in which unit, `note` what to keep in mind."""

    slug: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    folded: bool = False


@dataclass(frozen=True)
class Drawing:
    """A figure as inline SVG that takes its colours from the page. `description` is read to those who cannot see it."""

    slug: str
    title: str
    description: str
    svg: str


@dataclass(frozen=True)
class Drawings:
    """Figures that stand side by side where there is room. Drawn when a format asks for them; Markdown does not."""

    draw: Callable[[], tuple[Drawing, ...]]

    @cached_property
    def figures(self) -> tuple[Drawing, ...]:
        """The drawn figures."""
        return self.draw()


@dataclass(frozen=True)
class Image:
    """A picture of voxels. `description` is read to those who cannot see it; without `png` a gap is left."""

    title: str
    caption: str
    description: str
    png: bytes | None


@dataclass(frozen=True)
class Strip:
    """Images that are seen together, and what they have in common."""

    title: str
    images: tuple[Image, ...]


@dataclass(frozen=True)
class Gallery:
    """Strips of images. `legend` says what each colour in them means; their numbers are in a table as well."""

    strips: tuple[Strip, ...]
    legend: tuple[tuple[str, str], ...]


class Tone(Enum):
    """What a paragraph is for."""

    PLAIN = "plain"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Paragraph:
    """Plain words. Never markup: names in it come from users."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True)
class Item:
    """One point of a list; `lead` is what it is about."""

    text: str
    lead: str = ""


@dataclass(frozen=True)
class Bullets:
    """A list of plain sentences."""

    items: tuple[Item, ...]


Block = Paragraph | Bullets | Table | Drawings | Gallery


@dataclass(frozen=True)
class Section:
    """A heading with what stands under it."""

    slug: str
    title: str
    blocks: tuple[Block, ...] = ()
    parts: tuple["Section", ...] = field(default=())

    def tables(self) -> Iterator[Table]:
        """Every table of this section and of its parts, in reading order."""
        yield from (block for block in self.blocks if isinstance(block, Table))
        for part in self.parts:
            yield from part.tables()

    def tables_named(self, ending: str) -> tuple[Table, ...]:
        """The tables whose slug ends so."""
        return tuple(table for table in self.tables() if table.slug.endswith(ending))


def text_cell(text: object) -> Cell:
    """A cell that holds words."""
    return Cell(str(text))
