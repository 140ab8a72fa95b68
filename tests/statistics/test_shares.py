"""Wilson's interval against SciPy's."""

import numpy as np
import pytest
from scipy.stats import binomtest

from segsweep.errors import InputError
from segsweep.statistics.shares import share_interval


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("yes", "n"), [(0, 1), (1, 1), (0, 40), (40, 40), (3, 7), (2, 79), (33, 40)])
def test_whole_cases_against_scipy(yes: int, n: int, level: float) -> None:
    found = share_interval(np.array([1.0] * yes + [0.0] * (n - yes)), level=level)
    reference = binomtest(yes, n).proportion_ci(level, method="wilson")
    assert found.estimate == pytest.approx(yes / n)
    assert (found.low, found.high) == pytest.approx((reference.low, reference.high), abs=1e-12)
    assert found.n == n


def test_the_ends_solve_the_score_equation_for_shares_of_repeats() -> None:
    holds = np.array([1.0, 1 / 3, 0.0, 2 / 3, 0.0, np.nan])
    found = share_interval(holds)
    assert found.estimate == pytest.approx(0.4)
    assert found.n == 5
    for end in (found.low, found.high):
        assert abs(found.estimate - end) == pytest.approx(1.959963984540054 * np.sqrt(end * (1 - end) / 5))


def test_no_case_has_no_share() -> None:
    found = share_interval(np.array([np.nan]))
    assert np.isnan([found.estimate, found.low, found.high]).all()
    assert found.n == 0


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_is_a_share(level: float) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        share_interval(np.ones(3), level=level)
