"""Predicted against true volume, one small square per setting."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from segsweep.reports import canvas
from segsweep.reports.document import Drawing
from segsweep.reports.results import Floats

MOST_SQUARES = 8
MOST_VECTOR_POINTS = 1_500
"""Beyond this many points they are stored as pixels, or the page would grow by a megabyte."""


def volume_scatter(
    settings: Sequence[str], true: Floats, predicted: Floats, *, slug: str, title: str, unit: str, description: str
) -> Drawing:
    """Draw the first settings, each beside the line on which prediction equals truth.

    Args:
        settings: names.
        true: true volumes, shape (settings, cases).
        predicted: predicted volumes, shape (settings, cases).
        slug: unique on the page.
        title: stands above the figure.
        unit: of the volumes.
        description: what it shows, in words.
    """
    shown = min(len(settings), MOST_SQUARES)
    rows = math.ceil(shown / 2)
    largest = 1.05 * float(np.nanmax([true[:shown], predicted[:shown]], initial=0.0) or 1.0)
    as_pixels = int(np.isfinite(predicted[:shown]).sum()) > MOST_VECTOR_POINTS
    palette = canvas.SOLID_SERIES if as_pixels else canvas.SERIES
    with canvas.style():
        figure = Figure(figsize=(canvas.WIDTH / 72, (30 + 172 * rows) / 72), layout="constrained")
        FigureCanvasSVG(figure)
        grid = figure.subplots(rows, 2, sharex=True, sharey=True, squeeze=False)
        for index, axes in enumerate(grid.flat):
            if index >= shown:
                axes.set_axis_off()
                continue
            axes.plot([0, largest], [0, largest], color=canvas.MUTED, linewidth=1)
            axes.scatter(
                true[index], predicted[index], s=9, color=palette[0], alpha=0.6, linewidths=0, rasterized=as_pixels
            )
            axes.set_title(short(settings[index]), fontsize=10.5, loc="left")
            axes.set(xlim=(0, largest), ylim=(0, largest), box_aspect=1)
            axes.tick_params(labelbottom=index >= shown - 2)
        figure.supxlabel(f"true volume, {unit}", fontsize=11, color=canvas.MUTED)
        figure.supylabel(f"predicted volume, {unit}", fontsize=11, color=canvas.MUTED)
        return canvas.drawing(figure, slug=slug, title=title, description=description)


def short(name: str, most: int = 24) -> str:
    """A name that fits above a small square."""
    return name if len(name) <= most else f"{name[: most - 1]}…"
