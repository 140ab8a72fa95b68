"""Predicted against true volume, one small square per setting."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from segsweep.reports import canvas
from segsweep.reports.document import Drawing
from segsweep.reports.results import Floats
from segsweep.reports.squares import squares


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
    largest = 1.05 * float(max(np.nanmax(true, initial=0.0), np.nanmax(predicted, initial=0.0)) or 1.0)

    def identity(axes: Axes, _: int) -> None:
        axes.plot([0, largest], [0, largest], color=canvas.MUTED, linewidth=1)

    with canvas.style():
        figure = squares(
            settings, true, predicted, x_title=f"true volume, {unit}", y_title=f"predicted volume, {unit}",
            range_x=(0, largest), range_y=(0, largest), furnish=identity,
        )  # fmt: skip
        return canvas.drawing(figure, slug=slug, title=title, description=description)
