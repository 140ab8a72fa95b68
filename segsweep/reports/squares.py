"""Small squares, one per setting, two side by side, on common axes: for clouds of cases that would hide one another."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from segsweep.reports import canvas
from segsweep.reports.results import Floats

MOST_SQUARES = 6
MOST_VECTOR_POINTS = 1_500
"""Beyond this many points they are stored as pixels, or the page would grow by a megabyte."""

_LEFT, _RIGHT, _BOTTOM, _TOP, _GAP = 54.0, 6.0, 40.0, 20.0, 30.0
"""Points around and between the squares."""
_BETWEEN = 24.0
"""Points from the left square to the right one: room for the last number under one and the first under the other."""


def squares(
    names: Sequence[str],
    x: Floats,
    y: Floats,
    *,
    x_title: str,
    y_title: str,
    range_x: tuple[float, float],
    range_y: tuple[float, float],
    furnish: Callable[[Axes, int], None],
) -> Figure:
    """Draw the first `MOST_SQUARES` settings.

    Args:
        names: of the settings, written above their squares.
        x: shape (settings, cases).
        y: shape (settings, cases).
        x_title: of the common axis.
        y_title: of the common axis.
        range_x: ends of the common axis.
        range_y: ends of the common axis.
        furnish: draws the lines of one square, given its axes and its place.
    """
    shown = min(len(names), MOST_SQUARES)
    rows = math.ceil(shown / 2)
    side = (canvas.WIDTH - _LEFT - _RIGHT - _BETWEEN) / 2
    height = _BOTTOM + rows * side + (rows - 1) * _GAP + _TOP
    as_pixels = int(np.isfinite(y[:shown]).sum()) > MOST_VECTOR_POINTS
    colour = canvas.SOLID_SERIES[0] if as_pixels else canvas.SERIES[0]
    figure = canvas.blank(height)
    for index in range(shown):
        left = _LEFT + (index % 2) * (side + _BETWEEN)
        bottom = height - _TOP - side - (index // 2) * (side + _GAP)
        axes = figure.add_axes(
            (left / canvas.WIDTH, bottom / height, side / canvas.WIDTH, side / height), xlim=range_x, ylim=range_y
        )
        furnish(axes, index)
        axes.scatter(x[index], y[index], s=9, color=colour, alpha=0.6, linewidths=0, rasterized=as_pixels)
        axes.set_title(_short(names[index]), fontsize=10.5, loc="left", pad=4, y=1.0)
        axes.tick_params(length=0, labelleft=index % 2 == 0, labelbottom=index >= shown - 2)
    middle = (_LEFT + canvas.WIDTH - _RIGHT) / 2 / canvas.WIDTH
    figure.text(middle, 4 / height, x_title, color=canvas.MUTED, ha="center", va="bottom")
    figure.text(2 / canvas.WIDTH, 0.5, y_title, color=canvas.MUTED, rotation=90, ha="left", va="center")
    return figure


def _short(name: str, most: int = 23) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
