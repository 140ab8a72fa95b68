"""Figures of theory: volume bias under uncertainty, approximation bounds, the gradient of an empty label."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from segsweep.reports.theory_tables import TVERSKY_WEIGHTS, theory_tables
from segsweep.theory import dice_gradient
from segsweep.theory.approximation import tversky_error, weighted_hamming_counterexample
from segsweep.theory.optimum import optimum
from segsweep.theory.risks import CROSS_ENTROPY, DICE, JACCARD, LOVASZ, CrossEntropyRisk, OverlapRisk, Risk

_INK, _MUTED, _LINE = "#1b1f24", "#57606a", "#d0d7de"
# number of blocks, colour from light to dark because it is an order, and width: most of each line lies under the next
_BLOCKS = ((1, "#9ecae1", 7.0), (4, "#4292c6", 4.8), (16, "#08519c", 2.8), (math.inf, "#f0a030", 1.2))
_BLUE, _ORANGE, _GREEN = "#0072b2", "#d55e00", "#009e73"
_RATIOS = (0.25, 1.0, 4.0)
_LOSSES: tuple[tuple[str, Risk], ...] = (
    ("ce", CROSS_ENTROPY),
    ("wce w=2", CrossEntropyRisk(foreground=2)),
    ("dice", DICE),
    ("jaccard", JACCARD),
    ("tversky α=0.3 β=0.7", OverlapRisk(0.3, 0.7)),
    ("lovasz", LOVASZ),
)
_STYLE: dict[Any, Any] = {
    "font.size": 9.0,
    "font.family": "sans-serif",
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.titlesize": 9.5,
    "axes.edgecolor": _LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": _LINE,
    "grid.linewidth": 0.6,
    "xtick.color": _MUTED,
    "ytick.color": _MUTED,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
}


def write_theory(folder: Path) -> list[Path]:
    """Write all tables (CSV, and one Markdown page) and figures (SVG) of theory.

    Args:
        folder: where to; made if it is missing.

    Returns:
        The files, the Markdown page first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = theory_tables()
    page = folder / "theory.md"
    page.write_text("# Theory in numbers\n\n" + "\n".join(table.markdown() for table in tables), encoding="utf-8")
    figures: tuple[tuple[str, Callable[[], Figure]], ...] = (
        ("volume_bias", volume_bias_figure),
        ("approximation_bounds", approximation_figure),
        ("empty_label_gradient", empty_label_gradient_figure),
    )
    drawn = []
    for name, draw in figures:
        path = folder / f"{name}.svg"
        # no date and a fixed salt, so that equal numbers give equal files
        with mpl.rc_context(_STYLE | {"svg.hashsalt": name}):
            draw().savefig(path, format="svg", metadata={"Date": None})
        drawn.append(path)
    return [page, *(table.write_csv(folder) for table in tables), *drawn]


def volume_bias_figure() -> Figure:
    """Draw the soft ΔV of each loss's optimum against p, for several numbers of blocks K and ratios r."""
    figure = _figure(9, 2.05 * len(_LOSSES))
    panels = figure.subplots(len(_LOSSES), len(_RATIOS), sharex=True, sharey=True, squeeze=False)
    for (name, risk), row in zip(_LOSSES, panels, strict=True):
        for ratio, axes in zip(_RATIOS, row, strict=True):
            _draw_bias(axes, risk, ratio)
        row[0].set_ylabel(f"{name}\nΔV / uncertain volume")
    for ratio, axes in zip(_RATIOS, panels[0], strict=True):
        axes.set_title(f"uncertain / certain volume r = {ratio:g}")
    for axes in panels[-1]:
        axes.set_xlabel("probability p that a block is foreground")
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(_BLOCKS))
    return figure


def _draw_bias(axes: Axes, risk: Risk, ratio: float) -> None:
    p = np.linspace(0.0025, 0.9975, 200)
    axes.axhline(0, color=_MUTED, linewidth=0.8)
    for blocks, colour, width in _BLOCKS:
        bias = np.array([optimum(risk, float(each), blocks, ratio).soft_bias for each in p])
        # a jump is where the optimum flips; a line across it would show volumes that are never predicted
        bias[1:][np.abs(np.diff(bias)) > 0.2] = np.nan
        label = f"K = {'∞' if blocks == math.inf else blocks}"
        axes.plot(p, bias, color=colour, linewidth=width, solid_capstyle="butt", label=label)
    axes.set(xlim=(0, 1), ylim=(-0.75, 0.95))


def approximation_figure() -> Figure:
    """Draw how far Jaccard, Tversky and weighted Hamming can be from Dice."""
    figure = _figure(9, 3.2)
    jaccard, tversky, hamming = figure.subplots(1, 3)
    _draw_jaccard(jaccard)
    _draw_tversky(tversky)
    _draw_weighted_hamming(hamming)
    return figure


def _draw_jaccard(axes: Axes) -> None:
    d = np.linspace(0, 1, 501)
    difference = d - d / (2 - d)
    worst = int(difference.argmax())
    axes.plot(d, difference, color=_BLUE)
    axes.plot(d[worst], difference[worst], "o", color=_BLUE)
    axes.annotate(
        "3 − 2√2 at D = 2 − √2", (d[worst], difference[worst]), (0, 6), textcoords="offset points", ha="center"
    )
    axes.set(title="Jaccard: absolute error", xlabel="Dice D", ylabel="D − J", ylim=(0, 0.2), xlim=(0, 1))


def _draw_tversky(axes: Axes) -> None:
    alpha = np.linspace(0.05, 0.5, 200)
    errors = [tversky_error(each, 1 - each) for each in alpha]
    axes.plot(alpha, [error.relative for error in errors], color=_ORANGE, label="relative")
    axes.plot(alpha, [error.absolute for error in errors], color=_BLUE, label="absolute")
    marked = [each for each, beta in TVERSKY_WEIGHTS if each + beta == 1]
    axes.plot(marked, [tversky_error(each, 1 - each).relative for each in marked], "o", color=_ORANGE, markersize=4)
    axes.plot(marked, [tversky_error(each, 1 - each).absolute for each in marked], "o", color=_BLUE, markersize=4)
    axes.set(title="Tversky(α, 1 − α)", xlabel="α", ylabel="error to Dice", ylim=(0, 4.5), xlim=(0.05, 0.5))
    axes.legend()


def _draw_weighted_hamming(axes: Axes) -> None:
    overlap = np.geomspace(1e-4, 0.6, 200)
    values = np.array([weighted_hamming_counterexample(float(each)) for each in overlap])
    axes.semilogx(overlap, values[:, 1], color=_GREEN, label="Hamming, γ = 0")
    axes.semilogx(overlap, values[:, 0], color=_BLUE, label="Dice")
    axes.set(title="Weighted Hamming: no bound", xlabel="a: FP = a·d, TP = a²·d, FN = 0", ylabel="similarity")
    axes.set(ylim=(0, 1.05), xlim=(overlap[0], overlap[-1]))
    axes.legend(loc="center left")


def empty_label_gradient_figure() -> Figure:
    """Draw the gradient of an empty label against ε, for several predicted volumes."""
    figure = _figure(8.2, 3.8)
    axes = figure.subplots()
    epsilon = np.geomspace(1e-7, 1e7, 600)
    for volume, colour in ((10, "#9ecae1"), (1_000, "#4292c6"), (100_000, "#08519c")):
        axes.loglog(epsilon, dice_gradient.on_an_empty_label(volume, epsilon), color=colour, label=f"Σp = {volume:,}")
        axes.plot(volume, dice_gradient.on_an_empty_label(volume, volume), "o", color=colour)
        axes.axhline(float(dice_gradient.at_a_perfect_prediction(volume)), color=colour, linewidth=0.8, linestyle=":")
    axes.set(
        title="Gradient of soft Dice on every voxel of an empty label",
        xlabel="ε (voxels)",
        ylabel="∂loss/∂p × number of φ",
        xlim=(epsilon[0], epsilon[-1]),
        ylim=(1e-14, 1),
    )
    figure.legend(
        title="predicted volume\n(dot: ε = Σp; dotted: size at a\nperfect label of volume Σp)",
        loc="outside right upper",
    )
    return figure


def _figure(width: float, height: float) -> Figure:
    """A figure of that many inches, outside matplotlib's global list of open ones."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasSVG(figure)
    return figure
