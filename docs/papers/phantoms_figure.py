"""Trained volume errors as dots over the curves of theory, one square per ratio of volumes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from papers.phantoms import Phantom
from segsweep.reports import canvas
from segsweep.reports.document import Drawing

_MARKERS = ("o", "s", "D")
_JUMP = 0.2
"""A curve is not drawn across a flip."""


def drawings(members: Sequence[Phantom], name: str) -> tuple[Drawing, ...]:
    """One figure per r.

    Args:
        members: of one loss that theory speaks of.
        name: of the loss, as printed.
    """
    ratios = sorted({one.place[2] for one in members})
    return tuple(_drawing([one for one in members if one.place[2] == r], name, r) for r in ratios)


def _drawing(members: Sequence[Phantom], name: str, r: float) -> Drawing:
    blocks = sorted({one.place[1] for one in members})
    with canvas.style():
        figure, axes = canvas.one_axes(250, left=56, legend_lines=1)
        axes.axhline(0, color=canvas.MUTED, linewidth=0.8)
        for index, k in enumerate(blocks):
            _draw(axes, [one for one in members if one.place[1] == k], index)
        axes.set(xlabel="p", ylabel="ΔV / uncertain volume", xlim=(0, 1), ylim=(-0.75, 0.95))
        canvas.legend(figure, columns=len(blocks))
        return canvas.drawing(
            figure,
            slug=f"phantoms-{name}-r{r:g}",
            title=f"{name}, r = {r:g}",
            description=f"Soft volume error against p for K = {', '.join(map(str, blocks))}: lines are theory's "
            "optimum, dots what was trained.",
        )


def _draw(axes: Axes, members: Sequence[Phantom], index: int) -> None:
    colour, p = canvas.SERIES[index], np.linspace(0.005, 0.995, 199)
    curve = np.array([members[0].theory(float(each)) for each in p], dtype=np.float64)
    curve[1:][np.abs(np.diff(curve)) > _JUMP] = np.nan
    # most of each line, and many a dot, lies under the next
    axes.plot(p, curve, color=colour, linewidth=6.0 - 2 * index, alpha=0.45)
    axes.plot(
        [one.place[0] for one in members], [one.soft.estimate for one in members], _MARKERS[index % len(_MARKERS)],
        color=colour, markersize=10 - 2.5 * index, markeredgecolor=canvas.SURFACE, markeredgewidth=0.8,
        linestyle="none", label=f"K = {members[0].place[1]}",
    )  # fmt: skip
