"""Curves in the coordinates of a drawing."""

import math

import pytest

from segsweep.service.chart import HEIGHT, WIDTH, chart, ticks


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.31, 0.34, [0.31, 0.32, 0.33, 0.34]),
        (-3, 12, [-5, 0, 5, 10, 15]),
        (0, 1e6, [0, 2e5, 4e5, 6e5, 8e5, 1e6]),
        (0.5, 0.5, [0.5, 0.6]),
        (0, 0, [0, 0.2]),
    ],
)
def test_ticks_are_round_and_enclose(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(expected)


def test_larger_values_stand_higher_and_later_epochs_further_right() -> None:
    found = chart("loss", [("ce", ((1, 0.0), (2, 1.0), (3, 0.5)))])
    assert found is not None
    points = [tuple(map(float, point.split(","))) for point in found.lines[0].points.split()]
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert points[1][1] < points[2][1] < points[0][1]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points)
    # the middle of the values is the middle of the drawing
    assert points[2][1] == pytest.approx((points[0][1] + points[1][1]) / 2, abs=0.11)


def test_what_is_no_number_is_left_out() -> None:
    found = chart("loss", [("ce", ((1, 1.0), (2, math.nan), (3, math.inf), (4, 2.0))), ("dice", ((1, 1.0),))])
    assert found is not None
    assert [line.name for line in found.lines] == ["ce"]
    assert len(found.lines[0].points.split()) == 2


def test_nothing_to_draw() -> None:
    assert chart("loss", []) is None
    assert chart("loss", [("ce", ((1, math.nan), (2, math.nan)))]) is None


def test_lines_differ_by_colour_and_then_by_dash() -> None:
    found = chart("loss", [(str(number), ((1, 0.0), (2, 1.0))) for number in range(24)])
    assert found is not None
    assert len({(line.series, line.dash) for line in found.lines}) == 24
