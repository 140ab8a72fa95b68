"""Numbers as a reader wants them: few digits, a true minus sign, one precision per column."""

import math
from collections.abc import Iterable

MINUS = "−"
NOTHING = "–"


def decimals_for(values: Iterable[float], *, digits: int = 3) -> int:
    """Decimals that show `digits` significant digits of the largest of `values`; between 0 and 6.

    One number for a whole column, so that its decimal points line up.
    """
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if largest == 0:
        return 1
    return min(6, max(0, digits - 1 - math.floor(math.log10(largest))))


def number(value: float | None, decimals: int) -> str:
    """`−1.90`; a dash where there is no number. Never a negative zero."""
    if value is None or not math.isfinite(value):
        return NOTHING
    text = f"{abs(value):,.{decimals}f}".replace(",", "\u202f")
    is_zero = float(f"{abs(value):.{decimals}f}") == 0
    return f"{MINUS}{text}" if value < 0 and not is_zero else text


def signed(value: float | None, decimals: int) -> str:
    """Like `number`, with a plus sign before positive values."""
    text = number(value, decimals)
    return f"+{text}" if value is not None and math.isfinite(value) and value > 0 and set(text) - set("0.") else text


def with_interval(estimate: float, low: float, high: float, decimals: int) -> str:
    """`0.823 [0.801, 0.845]`; the estimate alone where there is no interval, a dash where there is neither."""
    if not all(map(math.isfinite, (estimate, low, high))):
        return number(estimate, decimals)
    return f"{number(estimate, decimals)} [{number(low, decimals)}, {number(high, decimals)}]"


def p_value(p: float | None) -> str:
    """`< 0.001`, `0.012`, `0.34`: no more digits than a resampled p has."""
    if p is None or not math.isfinite(p):
        return NOTHING
    if p < 0.001:
        return "< 0.001"
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def duration(seconds: float | None) -> str:
    """`42 s`, `12 min`, `3 h 05 min`."""
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def count(how_many: int, one: str, many: str | None = None) -> str:
    """`1 case`, `1 200 cases`."""
    return f"{how_many:,}".replace(",", "\u202f") + " " + (one if how_many == 1 else many or f"{one}s")


def listed(names: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    names = list(names)
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
