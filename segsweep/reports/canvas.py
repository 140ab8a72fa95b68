"""Matplotlib figures as inline SVG that takes its colours and its font from the page around it.

Everything is drawn in sentinel colours that no reader ever sees: they are replaced by CSS variables, so that one
drawing follows the light and the dark page. Figures are narrow (`WIDTH` points) with letters of 11 points, so that on
a telephone, where the drawing fills the width, they are still letters of 11 pixels.
"""

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from segsweep.reports.document import Drawing

WIDTH = 360.0
"""Points, of which a telephone shows about as many pixels."""

_LONGEST_OF_TWO = 24
"""Letters of a name of which two stand side by side in a legend."""

INK = "#0a0b0c"
MUTED = "#0a0b0d"
GRID = "#0a0b0e"
SURFACE = "#0a0b0f"
SERIES = tuple(f"#0a1b{index:02x}" for index in range(8))
SOLID_SERIES = ("#3a7fc1", "#d98a1f", "#1f9e78", "#c2559a", "#d1603d", "#6f74c9", "#8c8330", "#7d7d7d")
"""Series colours for parts that are stored as pixels and cannot follow the page: legible on both."""

_VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--line)",
    SURFACE: "var(--surface)",
} | {colour: f"var(--series-{index})" for index, colour in enumerate(SERIES)}

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # names come from users: a dollar sign in one is a dollar sign
    "axes.unicode_minus": True,
    "font.family": "sans-serif",
    "font.size": 11.0,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 11.0,
    "axes.edgecolor": GRID,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": 10.5,
    "ytick.labelsize": 10.5,
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "legend.frameon": False,
    "legend.fontsize": 10.5,
}


@contextmanager
def style() -> Iterator[None]:
    """Everything between making a figure and `drawing` happens inside this."""
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        # a name may hold a letter that the measuring font lacks; the page's font draws it
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def blank(height: float) -> Figure:
    """An empty figure of `WIDTH` × `height` points. Everything is placed by hand: laying out costs more than "
    "drawing."""
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    FigureCanvasSVG(figure)
    return figure


def one_axes(height: float, *, left: float, legend_lines: int = 0) -> tuple[Figure, Axes]:
    """A figure with one pair of axes.

    Args:
        height: of the figure, points.
        left: room for the numbers and the title of the vertical axis, points.
        legend_lines: lines of a legend above the axes.
    """
    figure = blank(height)
    top, bottom, right = 8 + 18 * legend_lines, 42, 8
    box = (left / WIDTH, bottom / height, 1 - (left + right) / WIDTH, 1 - (top + bottom) / height)
    return figure, figure.add_axes(box)


def legend_columns(names: Sequence[str]) -> int:
    """Two, or one where a name is longer than half a figure is wide."""
    return 2 if max(map(len, names), default=0) <= _LONGEST_OF_TWO else 1


def legend(figure: Figure, *, columns: int) -> None:
    """A legend in the room that `one_axes` keeps above the axes."""
    figure.legend(
        loc="upper left", bbox_to_anchor=(0, 1), ncols=columns, borderpad=0.1, borderaxespad=0.1, handlelength=1.7,
        handletextpad=0.4, columnspacing=1.2, labelspacing=0.35,
    )  # fmt: skip


def drawing(figure: Figure, *, slug: str, title: str, description: str) -> Drawing:
    """The figure as a block of a report.

    Args:
        figure: drawn in the sentinel colours.
        slug: unique on the page; ids inside the drawing begin with it.
        title: stands above the figure.
        description: what it shows, in words, for those who do not see it.
    """
    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": slug}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return Drawing(slug, title, description, _themed(buffer.getvalue(), slug))


def _themed(svg: str, slug: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{slug}-', svg)
    svg = re.sub(r'href="#', f'href="#{slug}-', svg)
    svg = re.sub(r"url\(#", f"url(#{slug}-", svg)
    svg = re.sub(r"font-family: [^;\"]*;? ?", "", svg)
    svg = re.sub(r'<svg ([^>]*?)width="[^"]*"', r"<svg \1", svg, count=1)
    svg = re.sub(r'(<svg [^>]*?)height="[^"]*"', r"\1", svg, count=1)
    return re.sub(r"#0a[01]b[0-9a-f]{2}\b", lambda match: _VARIABLES.get(match[0], match[0]), svg).strip()
