"""A document with one of everything, small enough to read as a golden file."""

from segsweep.reports.csv_tables import csv_text
from segsweep.reports.document import (
    Bullets,
    Cell,
    Column,
    Drawing,
    Drawings,
    Gallery,
    Image,
    Item,
    Mark,
    Paragraph,
    Section,
    Strip,
    Table,
    Tone,
    text_cell,
)
from segsweep.reports.latex import latex_text
from segsweep.reports.markdown import markdown
from segsweep.reports.page import page

TABLE = Table(
    slug="scores",
    caption="Scores of <img src=x> & friends",
    columns=(
        Column("Setting"),
        Column("Cases", numeric=True),
        Column("Dice", numeric=True, interval=True),
        Column("Verdict"),
    ),
    rows=(
        (
            text_cell("dice Φ=batch"),
            Cell("1\u202f200", 1200),
            Cell("0.823 [0.801, 0.845]", 0.8231, 0.8009, 0.8452, frozenset({Mark.BOLD})),
            Cell("different", marks=frozenset({Mark.BETTER})),
        ),
        (
            text_cell("ce | <b>bold?</b>"),
            Cell("2", 2),
            Cell("−0.500", -0.5, marks=frozenset({Mark.ITALIC, Mark.UNDERLINE})),
            Cell("–"),
        ),
    ),
    note="Intervals at 95 %.",
)
GALLERY = Gallery(
    (Strip("ce | <b>", (Image("Best", "case <1>", 'an "image"', b"png"), Image("Worst", "case 2", "none", None))),),
    (("#ffd92f", "truth"),),
)
SECTIONS = (
    Section(
        "results",
        "Results of 脳 & brain",
        (
            Paragraph("Mind the gap.", Tone.WARNING),
            TABLE,
            GALLERY,
            Drawings(lambda: (Drawing("plot", "A plot", "Two dots", '<svg viewBox="0 0 2 1"></svg>'),)),
        ),
        (Section("inner", "Inner", (Bullets((Item("first"), Item("second", "lead"))),)),),
    ),
)
ANSWER = Section("answer", "Answer", (Paragraph("Everything is <fine>."),))


def rendered() -> dict[str, str]:
    """The document in every format, by file name."""
    return {
        "document.md": markdown("A sweep", "two trials", ANSWER, SECTIONS),
        "document.html": page("A sweep", "two trials", ANSWER, SECTIONS),
        "table.csv": csv_text(TABLE),
        "table.tex": latex_text(TABLE),
    }
