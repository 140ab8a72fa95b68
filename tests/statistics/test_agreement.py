import numpy as np
import pytest
from scipy import stats

from segsweep.errors import InputError
from segsweep.statistics.agreement import bland_altman


def rng(seed=0):
    return np.random.default_rng(seed)


def test_limits_are_bias_plus_minus_z_standard_deviations():
    true, error = np.full(4, 10.0), np.array([-1.0, 0.0, 1.0, 4.0])
    found = bland_altman(true + error, true)
    spread = error.std(ddof=1)
    assert found.bias.estimate == 1.0
    assert found.upper.estimate == pytest.approx(1 + 1.959964 * spread, rel=1e-6)
    assert found.lower.estimate == pytest.approx(1 - 1.959964 * spread, rel=1e-6)
    t = stats.ttest_1samp(error, 0).confidence_interval()
    assert (found.bias.low, found.bias.high) == pytest.approx((t.low, t.high))


@pytest.mark.parametrize("n", [3, 20, 400, 5000])
def test_intervals_of_the_limits_are_quantiles_of_the_noncentral_t(n):
    error = rng(n).normal(2, 3, size=n)
    found = bland_altman(error + 50, np.full(n, 50.0))
    k = stats.nct.ppf([0.025, 0.975], n - 1, stats.norm.ppf(0.975) * np.sqrt(n)) / np.sqrt(n)
    ends = error.mean() + k * error.std(ddof=1)
    assert (found.upper.low, found.upper.high) == pytest.approx(tuple(ends), rel=1e-6)
    assert found.upper.low - error.mean() == pytest.approx(error.mean() - found.lower.high)


def test_large_samples_approach_bland_and_altmans_approximation():
    error = rng().normal(size=20_000)
    found = bland_altman(error, np.zeros(20_000))
    half = 1.96 * found.upper.standard_error
    assert found.upper.high - found.upper.estimate == pytest.approx(half, rel=0.02)


def test_intervals_of_the_limits_cover_the_true_limits():
    simulations, hits = 4000, 0
    for row in rng(1).normal(size=(simulations, 10)):
        found = bland_altman(row, np.zeros(10)).upper
        hits += found.low <= stats.norm.ppf(0.975) <= found.high
    # exact for normal errors at any n: four standard errors of a share of .95
    assert hits / simulations == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / simulations))


def test_missing_predictions_are_left_out_and_one_case_is_refused():
    assert bland_altman(np.array([1.0, np.nan, 3.0]), np.zeros(3)).bias.n == 2
    with pytest.raises(InputError, match="1 cases: limits of agreement take at least two"):
        bland_altman(np.array([1.0]), np.zeros(1))
    with pytest.raises(InputError, match="between 0 and 1"):
        bland_altman(np.ones(3), np.zeros(3), coverage=95)
