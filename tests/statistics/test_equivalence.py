import math

import pytest

from segsweep.errors import InputError
from segsweep.statistics.equivalence import Verdict, fewest_units, verdict
from segsweep.statistics.intervals import Interval


def interval(low, high, level=0.95):
    return Interval((low + high) / 2, low, high, level, "studentised", 0.001, 50)


@pytest.mark.parametrize(
    ("low", "high", "p", "expected"),
    [
        (-0.004, 0.009, 0.4, Verdict.EQUIVALENT),
        (0.002, 0.009, 0.001, Verdict.EQUIVALENT),  # significant, but smaller than what matters
        (-0.010, 0.010, 0.9, Verdict.EQUIVALENT),  # the margin itself does not matter either
        (0.002, 0.030, 0.01, Verdict.DIFFERENT),
        (0.002, 0.030, 0.20, Verdict.UNDECIDED),  # corrected away
        (-0.030, 0.040, 0.7, Verdict.UNDECIDED),  # not significant is not equivalent
        (-math.inf, math.inf, 1.0, Verdict.UNDECIDED),
    ],
)
def test_verdict_follows_interval_and_corrected_p(low, high, p, expected):
    assert verdict(interval(low, high), p, margin=0.01, units=50) is expected


def test_nothing_is_decided_where_no_exact_test_could_reject():
    assert fewest_units(0.95) == 6
    assert fewest_units(0.9) == 5
    assert verdict(interval(0, 0), 1.0, margin=0.01, units=5) is Verdict.UNDECIDED
    assert verdict(interval(0, 0), 1.0, margin=0.01, units=6) is Verdict.EQUIVALENT
    assert verdict(interval(0.1, 0.2), 0.001, margin=0.01, units=5) is Verdict.UNDECIDED


@pytest.mark.parametrize("margin", [-0.01, math.inf, math.nan])
def test_a_margin_is_finite_and_not_negative(margin):
    with pytest.raises(InputError, match="margin"):
        verdict(interval(0, 0), 1.0, margin=margin, units=50)
