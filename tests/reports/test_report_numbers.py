import pytest

from segsweep.reports.numbers import count, decimals_for, duration, listed, number, p_value, signed, with_interval


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (0.8231, 3, "0.823"),
        (-1.9, 2, "−1.90"),
        (-0.0001, 3, "0.000"),
        (12345.6, 0, "12\u202f346"),
        (float("nan"), 3, "–"),
        (None, 3, "–"),
        (float("inf"), 1, "–"),
    ],
)
def test_number(value: float | None, decimals: int, expected: str) -> None:
    assert number(value, decimals) == expected


@pytest.mark.parametrize(("value", "expected"), [(0.3, "+0.30"), (-0.3, "−0.30"), (0.001, "0.00"), (0.0, "0.00")])
def test_signed(value: float, expected: str) -> None:
    assert signed(value, 2) == expected


def test_an_interval_without_ends_is_an_estimate() -> None:
    assert with_interval(0.5, 0.4, 0.6, 2) == "0.50 [0.40, 0.60]"
    assert with_interval(0.5, float("-inf"), float("inf"), 2) == "0.50"
    assert with_interval(0.5, float("nan"), 0.6, 2) == "0.50"
    assert with_interval(float("nan"), float("nan"), float("nan"), 2) == "–"


@pytest.mark.parametrize(
    ("values", "expected"), [([0.5, 12.0], 1), ([150.0], 0), ([0.0123], 4), ([0.0], 1), ([], 1), ([float("nan")], 1)]
)
def test_decimals_show_three_digits_of_the_largest(values: list[float], expected: int) -> None:
    assert decimals_for(values) == expected


@pytest.mark.parametrize(("p", "expected"), [(0.0002, "< 0.001"), (0.0123, "0.012"), (0.345, "0.34"), (None, "–")])
def test_p_value(p: float | None, expected: str) -> None:
    assert p_value(p) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(4.25, "4.2 s"), (42.0, "42 s"), (720.0, "12 min"), (11100.0, "3 h 05 min"), (None, "–")]
)
def test_duration(seconds: float | None, expected: str) -> None:
    assert duration(seconds) == expected


def test_words() -> None:
    assert count(1, "case") == "1 case"
    assert count(1200, "case") == "1\u202f200 cases"
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
