"""Figures of a search: Dice against volume error with the front, and objectives against what was searched."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullLocator

from segsweep.reports import canvas
from segsweep.reports.document import Drawing
from segsweep.reports.search import Candidate, Judged, Study

_MARKERS = "osD^vPX*"
_PERCENT = 100.0


def pareto_figure(study: Study, *, slug: str, bias_title: str) -> Drawing:
    """Inner values of every candidate, the front as a line through its members, and these on outer cases.

    Outer values are drawn where the dataset has one label; with several, an inner value is a mean over labels and an
    outer one is not.
    """
    front = study.front
    judged = study.judged if len({one.label for one in study.judged}) == 1 else ()
    losses = _losses(study)
    with canvas.style():
        lines = (len(losses) + 1) // 2 + 1
        figure, axes = canvas.one_axes(280 + 18 * lines, left=58, legend_lines=lines)
        if len(study.objectives) == 2:
            # a staircase: what lies between two members has not been reached
            axes.step(
                [_PERCENT * one.values[study.bias] for one in front], [one.values["dice"] for one in front],
                where="post", color=canvas.MUTED, linewidth=1.4, zorder=1, label="front, inner",
            )  # fmt: skip
        for place, loss in enumerate(losses):
            for members in (False, True):
                shown = [one for one in study.candidates if one.loss == loss and one.front == members]
                axes.scatter(
                    [_PERCENT * one.values[study.bias] for one in shown], [one.values["dice"] for one in shown],
                    marker=_marker(place), color=_colour(place), s=46 if members else 22, linewidths=0.9,
                    alpha=1.0 if members else 0.5, edgecolors=canvas.INK if members else "none", zorder=3 + members,
                    label=None if members else loss,
                )  # fmt: skip
        _draw_outer(axes, judged)
        axes.set(xlabel=bias_title, ylabel="mean Dice")
        axes.set_xlim(left=0)
        canvas.legend(figure, columns=2)
        return canvas.drawing(
            figure,
            slug=slug,
            title="Dice against volume error",
            description=f"Mean Dice against {bias_title} of every setting tried, on inner cases; large signs are the "
            "front, crosses the same settings on outer cases with their intervals; the numbers are in the tables.",
        )


def _draw_outer(axes: Axes, judged: Sequence[Judged]) -> None:
    if not judged:
        return
    x = np.array([[abs(one.bias.estimate), *_magnitudes(one.bias.low, one.bias.high)] for one in judged]) * _PERCENT
    y = np.array([[one.dice.estimate, one.dice.low, one.dice.high] for one in judged])
    axes.hlines(y[:, 0], x[:, 1], x[:, 2], color=canvas.INK, linewidth=0.9, alpha=0.7, zorder=2)
    axes.vlines(x[:, 0], y[:, 1], y[:, 2], color=canvas.INK, linewidth=0.9, alpha=0.7, zorder=2)
    axes.scatter(x[:, 0], y[:, 0], marker="x", color=canvas.INK, s=26, linewidths=1.4, zorder=5, label="front, outer")


def _magnitudes(low: float, high: float) -> tuple[float, float]:
    """The interval of the size of what lies between two numbers."""
    sizes = (abs(low), abs(high))
    return (0.0 if low < 0 < high else min(sizes)), max(sizes)


def searched_arguments(study: Study) -> tuple[str, ...]:
    """The arguments that were drawn from ranges, by name."""
    return tuple(dict.fromkeys(name for one in study.candidates for name in one.parameters))


def parameter_figure(study: Study, argument: str, objective: str, *, slug: str, title: str) -> Drawing:
    """One objective against one argument, for every candidate that has it."""
    scale = 1.0 if objective == "dice" else _PERCENT
    with_it = [one for one in study.candidates if argument in one.parameters]
    losses = [loss for loss in _losses(study) if any(one.loss == loss for one in with_it)]
    with canvas.style():
        lines = (len(losses) + 1) // 2 if len(losses) > 1 else 0
        figure, axes = canvas.one_axes(230 + 18 * lines, left=58, legend_lines=lines)
        for loss in losses:
            place = _losses(study).index(loss)
            shown = [one for one in with_it if one.loss == loss]
            axes.scatter(
                [one.parameters[argument] for one in shown], [scale * one.values[objective] for one in shown],
                marker=_marker(place), color=_colour(place), s=[_size(one) for one in shown], alpha=0.8,
                linewidths=[0.9 * one.front for one in shown], edgecolors=canvas.INK, label=loss,
            )  # fmt: skip
        if argument in study.logarithmic:
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(numticks=6))
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}".replace("e-0", "e-").replace("e+0", "e"))
            axes.xaxis.set_minor_locator(NullLocator())
        axes.set(xlabel=argument, ylabel=title)
        if lines:
            canvas.legend(figure, columns=2)
        return canvas.drawing(
            figure,
            slug=slug,
            title=f"{title} by {argument}",
            description=f"{title} on inner cases against {argument}, one sign per setting tried; large signs are the "
            "front.",
        )


def _losses(study: Study) -> list[str]:
    return list(dict.fromkeys(one.loss for one in study.candidates))


def _size(one: Candidate) -> float:
    return 46.0 if one.front else 22.0


def _colour(place: int) -> str:
    return canvas.SERIES[place % len(canvas.SERIES)]


def _marker(place: int) -> str:
    return _MARKERS[place % len(_MARKERS)]
