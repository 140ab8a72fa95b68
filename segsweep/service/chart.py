"""Curves as lines to be drawn: everything in the coordinates of a small SVG, so that a template only writes it down."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from segsweep.tracking.protocol import Curve

WIDTH, HEIGHT = 360.0, 210.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 8.0, 8.0, 34.0
_TICKS = 5


@dataclass(frozen=True)
class Line:
    """One curve.

    Args:
        name: as the legend has it.
        points: of an SVG polyline.
        last: its last value.
        series: which of the eight colours, 0…7.
        dash: which of three dashes, 0…2, so that lines differ without colour.
    """

    name: str
    points: str
    last: float
    series: int
    dash: int


@dataclass(frozen=True)
class Tick:
    """A number on an axis and its place."""

    place: float
    text: str


@dataclass(frozen=True)
class Chart:
    """Curves of one metric over epochs."""

    title: str
    lines: tuple[Line, ...]
    x: tuple[Tick, ...]
    y: tuple[Tick, ...]


def chart(title: str, curves: Sequence[tuple[str, Curve]]) -> Chart | None:
    """Lay out named curves; values that are no numbers are left out. None where no curve has two points."""
    finite = [(name, [(step, value) for step, value in curve if math.isfinite(value)]) for name, curve in curves]
    drawn = [(name, points) for name, points in finite if len(points) > 1]
    if not drawn:
        return None
    steps = [step for _, points in drawn for step, _ in points]
    values = [value for _, points in drawn for _, value in points]
    x_ticks, y_ticks = ticks(min(steps), max(steps)), ticks(min(values), max(values))
    low_x, high_x = min(steps), max(steps)
    low_y, high_y = min(*values, y_ticks[0]), max(*values, y_ticks[-1])

    def x(step: float) -> float:
        return _LEFT + (step - low_x) / (high_x - low_x or 1) * (WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return HEIGHT - _BOTTOM - (value - low_y) / (high_y - low_y or 1) * (HEIGHT - _TOP - _BOTTOM)

    return Chart(
        title,
        tuple(
            Line(
                name,
                " ".join(f"{x(step):.1f},{y(value):.1f}" for step, value in points),
                points[-1][1],
                number % 8,
                number // 8 % 3,
            )
            for number, (name, points) in enumerate(drawn)
        ),
        tuple(Tick(x(step), f"{step:g}") for step in x_ticks if low_x <= step <= high_x and step == int(step)),
        tuple(Tick(y(value), f"{value:g}") for value in y_ticks),
    )


def ticks(low: float, high: float) -> Sequence[float]:
    """Round numbers from just below `low` to just above `high`, some five of them.

    >>> ticks(0, 9)
    [0, 2, 4, 6, 8, 10]
    """
    step = _round_step((high - low or abs(high) or 1) / _TICKS)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    # 3 * 0.1 is not 0.3
    return [round(number * step, 12) for number in range(first, max(last, first + 1) + 1)]


def _round_step(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return next((factor * power for factor in (1, 2, 5) if step <= factor * power * 1.0001), 10 * power)
