"""Dots with intervals, one line per setting: the figure for scores and for volume errors."""

from collections.abc import Sequence
from dataclasses import dataclass

from segsweep.reports import canvas
from segsweep.reports.document import Drawing

MOST_LINES = 30
"""More settings than this are in the table only: a figure is for seeing."""


@dataclass(frozen=True)
class Dots:
    """One series: an estimate with its interval for every line. `marker` tells series apart without colour."""

    name: str
    estimates: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    marker: str = "o"


def forest(
    lines: Sequence[str],
    series: Sequence[Dots],
    *,
    slug: str,
    title: str,
    axis: str,
    description: str,
    reference: float | None = None,
) -> Drawing:
    """Draw every series on every line.

    Args:
        lines: names, first one at the top; written above their line, for names are long and pages narrow.
        series: estimates and intervals, each of `len(lines)`.
        slug: unique on the page.
        title: stands above the figure.
        axis: name and unit of the horizontal axis.
        description: what it shows, in words.
        reference: where a vertical line stands, such as 0 for an error.
    """
    shown = min(len(lines), MOST_LINES)
    with canvas.style():
        figure, axes = canvas.one_axes(
            56 + (36 if len(series) == 1 else 46) * shown, left=8, legend_lines=1 if len(series) > 1 else 0
        )
        spread = 0.22 if len(series) > 1 else 0.0
        for index, dots in enumerate(series):
            offset = 0.14 + spread * (index - (len(series) - 1) / 2)
            heights = [line + offset for line in range(shown)]
            colour = canvas.SERIES[index]
            axes.hlines(heights, dots.low[:shown], dots.high[:shown], color=colour, linewidth=2)
            axes.plot(
                dots.estimates[:shown], heights, dots.marker, color=colour, markersize=6.5, label=dots.name,
                markeredgecolor=canvas.SURFACE, markeredgewidth=0.8,
            )  # fmt: skip
        for line in range(shown):
            axes.text(
                0.0, line - 0.06, lines[line], transform=axes.get_yaxis_transform(), va="bottom", ha="left",
                in_layout=False, clip_on=False,
            )  # fmt: skip
        if reference is not None:
            axes.axvline(reference, color=canvas.MUTED, linewidth=1.2, zorder=0.5)
        axes.set(xlabel=axis, ylim=(shown - 0.35, -0.75), yticks=[])
        axes.spines["left"].set_visible(False)
        axes.margins(x=0.06)
        if len(series) > 1:
            canvas.legend(figure, columns=len(series))
        return canvas.drawing(figure, slug=slug, title=title, description=description)
