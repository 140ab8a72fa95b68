import itertools

import numpy as np
import pytest
from scipy import stats

from segsweep.errors import InputError
from segsweep.statistics.intervals import mean_interval, mean_test
from segsweep.statistics.resampling import Weights, bootstrap_weights, every_resample

EXACT = 1e-12
"""The same sums in another order."""

METHODS = ("studentised", "percentile", "bca")


def rng(seed=0):
    return np.random.default_rng(seed)


def brute_force_resamples(values):
    """Every one of the nⁿ ordered draws, by the definition."""
    return [np.array(draw) for draw in itertools.product(values, repeat=len(values))]


def brute_force_t(values):
    """t* of every draw; a draw of equal values is infinitely far from any other mean, and at 0 from its own."""
    found = []
    for draw in brute_force_resamples(values):
        shift = draw.mean() - values.mean()
        if np.ptp(draw) == 0:
            found.append(np.sign(shift) * np.inf if abs(shift) > EXACT else 0.0)
        else:
            found.append(shift / (draw.std(ddof=1) / np.sqrt(len(draw))))
    return np.array(found)


def kth(values, level):
    """The k-th smallest and k-th largest, k = ⌊(R+1)(1−level)/2⌋."""
    rank = int((len(values) + 1) * (1 - level) / 2 + 1e-9)
    ordered = sorted(values)
    return ordered[rank - 1], ordered[-rank]


def p_from_tails(above, below, resamples):
    return min(1.0, 2 * (1 + min(above, below)) / (resamples + 1))


@pytest.mark.parametrize("n", [3, 4, 5])
@pytest.mark.parametrize("level", [0.8, 0.5])
def test_enumerated_percentile_equals_brute_force(n, level):
    values = rng(n).gamma(2.0, size=n) - 1.0
    found = mean_interval(values, every_resample(n), level=level, method="percentile")
    means = np.array([draw.mean() for draw in brute_force_resamples(values)])
    assert (found.low, found.high) == pytest.approx(kth(means, level), abs=EXACT)
    assert found.estimate == pytest.approx(values.mean(), abs=EXACT)
    expected = p_from_tails(np.sum(means >= 0), np.sum(means <= 0), len(means))
    assert mean_test(values, every_resample(n), method="percentile") == pytest.approx(expected, abs=EXACT)


@pytest.mark.parametrize("n", [3, 4, 5])
@pytest.mark.parametrize("level", [0.75, 0.5])
def test_enumerated_studentised_equals_brute_force(n, level):
    values = rng(10 + n).gamma(2.0, size=n) - 1.0
    error = values.std(ddof=1) / np.sqrt(n)
    found = mean_interval(values, every_resample(n), level=level)
    draws = brute_force_t(values)
    low, high = kth(draws, level)
    assert found.standard_error == pytest.approx(error, abs=EXACT)
    assert (found.low, found.high) == pytest.approx(
        (values.mean() - high * error, values.mean() - low * error), rel=EXACT
    )
    observed = values.mean() / error
    expected = p_from_tails(np.sum(draws >= observed), np.sum(draws <= observed), len(draws))
    assert mean_test(values, every_resample(n)) == pytest.approx(expected, abs=EXACT)


@pytest.mark.parametrize(("method", "scipys"), [("percentile", "percentile"), ("bca", "BCa")])
@pytest.mark.parametrize("n", [12, 60])
def test_agrees_with_scipy_within_monte_carlo_error(method, scipys, n):
    values = rng(n).exponential(size=n)
    resamples = 20_000
    expected = stats.bootstrap((values,), np.mean, n_resamples=resamples, method=scipys, rng=rng(1)).confidence_interval
    found = mean_interval(values, bootstrap_weights(n, resamples, rng=rng(2)), method=method)
    # A 2.5 % quantile of R draws of a normal has the standard error √(.025·.975/R)/φ(1.96) SE = 0.019 SE at R = 20,000;
    # two independent ones differ by 0.027 SE. Skewed draws and BCa's shifted tails reach further out: ×2; four of
    # these.
    tolerance = 4 * 2 * 0.027 * found.standard_error
    assert abs(found.low - expected.low) < tolerance
    assert abs(found.high - expected.high) < tolerance


@pytest.mark.parametrize("method", METHODS)
def test_p_is_at_most_alpha_exactly_when_the_interval_excludes_zero(method):
    weights = bootstrap_weights(25, 999, rng=rng())
    for shift in np.linspace(-0.8, 0.8, 81):
        values = rng(5).exponential(size=25) - 1 + shift
        found = mean_interval(values, weights, method=method)
        p = mean_test(values, weights, method=method)
        # BCa inverts a smooth transformation of order statistics: a p within one resample of α may fall on either side.
        if method != "bca" or abs(p - 0.05) > 4 / 1000:
            assert (p <= 0.05) == (not found.low <= 0 <= found.high)


@pytest.mark.parametrize("method", METHODS)
def test_sign_of_the_data_is_the_sign_of_the_interval(method):
    values = rng().gamma(1.5, size=30)
    weights = bootstrap_weights(30, 999, rng=rng())
    one, other = mean_interval(values, weights, method=method), mean_interval(-values, weights, method=method)
    assert (one.estimate, one.low, one.high) == (-other.estimate, -other.high, -other.low)
    assert mean_test(values - 1, weights, method=method) == mean_test(1 - values, weights, method=method)


@pytest.mark.parametrize("method", METHODS)
def test_same_generator_twice_gives_the_same_numbers(method):
    values = rng().normal(size=40)
    one, again = (mean_interval(values, bootstrap_weights(40, 499, rng=rng(3)), method=method) for _ in range(2))
    other = mean_interval(values, bootstrap_weights(40, 499, rng=rng(4)), method=method)
    assert one == again
    assert one != other


@pytest.mark.parametrize("method", METHODS)
def test_all_zero_differences_are_exactly_zero_with_p_one(method):
    weights = bootstrap_weights(12, 199, rng=rng())
    found = mean_interval(np.zeros(12), weights, method=method)
    assert (found.estimate, found.low, found.high, found.standard_error) == (0, 0, 0, 0)
    assert mean_test(np.zeros(12), weights, method=method) == 1.0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("cases", "p"), [(3, 0.25), (5, 1 / 16)])
def test_equal_differences_have_the_sign_flip_p(method, cases, p):
    values = np.full(cases, 0.9) - np.full(cases, 0.8)
    values[0] = 0.8 - 0.7  # equal up to rounding
    weights = bootstrap_weights(cases, 199, rng=rng())
    found = mean_interval(values, weights, method=method)
    assert found.standard_error == 0
    assert found.low == pytest.approx(0.1)
    assert found.high == pytest.approx(0.1)
    assert mean_test(values, weights, method=method) == p


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("values", [[0.3], [np.nan, 0.3, np.nan]])
def test_one_case_bounds_nothing(method, values):
    weights = bootstrap_weights(len(values), 99, rng=rng())
    found = mean_interval(np.array(values), weights, method=method)
    assert (found.estimate, found.low, found.high, found.n) == (0.3, -np.inf, np.inf, 1)
    assert np.isnan(found.standard_error)
    assert mean_test(np.array(values), weights, method=method) == 1.0


@pytest.mark.parametrize("method", METHODS)
def test_no_case_has_no_estimate(method):
    weights = bootstrap_weights(4, 99, rng=rng())
    found = mean_interval(np.full(4, np.nan), weights, method=method)
    assert np.isnan(found.estimate)
    assert (found.low, found.high, found.n) == (-np.inf, np.inf, 0)
    assert mean_test(np.full(4, np.nan), weights, method=method) == 1.0


def test_ties_make_the_interval_unbounded_rather_than_short():
    # 9 of 10 values tied: 0.9¹⁰ = 35 % of the resamples hold no other value, more than a tail of 2.5 %.
    values = np.array([0.2] + [0.0] * 9)
    found = mean_interval(values, bootstrap_weights(10, 999, rng=rng()))
    assert found.high == np.inf
    assert found.low <= 0


@pytest.mark.parametrize("method", METHODS)
def test_case_without_value_counts_in_no_mean(method):
    values = rng().normal(1.0, size=30)
    holes = values.copy()
    holes[::3] = np.nan
    found = mean_interval(holes, bootstrap_weights(30, 4999, rng=rng()), method=method)
    kept = mean_interval(holes[np.isfinite(holes)], bootstrap_weights(20, 4999, rng=rng()), method=method)
    assert found.n == 20
    assert found.estimate == pytest.approx(kept.estimate, abs=EXACT)
    assert found.standard_error == pytest.approx(kept.standard_error, abs=EXACT)
    # Drawing 30 of which about 20 have a value, not 20 of 20: the same interval but for Monte-Carlo error and O(1/n).
    assert found.low == pytest.approx(kept.low, abs=0.25 * kept.standard_error)
    assert found.high == pytest.approx(kept.high, abs=0.25 * kept.standard_error)


def cluster_bootstrap_t(values, groups, draws):
    """Bootstrap-t of a mean over clusters, one resample at a time, with the ratio estimator of its error."""

    def mean_and_error(members):
        sizes = np.array([len(values[groups == g]) for g in members])
        sums = np.array([values[groups == g].sum() for g in members])
        mean = sums.sum() / sizes.sum()
        spread = np.square(sums - mean * sizes).sum() * len(members) / (len(members) - 1)
        return mean, np.sqrt(spread) / sizes.sum()

    estimate, error = mean_and_error(np.unique(groups))
    return estimate, error, np.array([(m - estimate) / e for m, e in map(mean_and_error, draws)])


def test_cluster_bootstrap_equals_a_loop_over_resamples():
    groups = np.repeat(np.arange(12), rng().integers(1, 5, size=12))
    values = rng(1).normal(0.3, size=len(groups)) + rng(2).normal(size=12)[groups]
    weights = bootstrap_weights(groups.tolist(), 199, rng=rng(3))
    draws = [np.repeat(np.arange(12), row.astype(int)) for row in weights.counts]
    estimate, error, t = cluster_bootstrap_t(values, groups, draws)
    found = mean_interval(values, weights, level=0.9)
    low, high = kth(t, 0.9)
    assert found.estimate == pytest.approx(estimate, abs=EXACT)
    assert found.standard_error == pytest.approx(error, abs=EXACT)
    assert (found.low, found.high) == pytest.approx((estimate - high * error, estimate - low * error), rel=EXACT)


def test_interval_of_correlated_images_is_wider_with_their_groups():
    patient = rng().normal(size=20)
    values = np.repeat(patient, 5) + rng(1).normal(0, 0.1, size=100)
    groups = np.repeat(np.arange(20), 5).tolist()
    by_group = mean_interval(values, bootstrap_weights(groups, 999, rng=rng()))
    by_case = mean_interval(values, bootstrap_weights(100, 999, rng=rng()))
    # within-group correlation ≈ 1: the effective number of cases is 20, not 100
    assert by_group.standard_error / by_case.standard_error == pytest.approx(np.sqrt(5), rel=0.05)


def test_studentised_interval_of_symmetric_data_approaches_students_t():
    values = rng(8).normal(size=30)
    found = mean_interval(values, bootstrap_weights(30, 20_000, rng=rng()))
    t = stats.ttest_1samp(values, 0).confidence_interval()
    assert found.low == pytest.approx(t.low, abs=0.2 * found.standard_error)
    assert found.high == pytest.approx(t.high, abs=0.2 * found.standard_error)


def test_wrong_input_is_refused_with_what_is_allowed():
    weights = bootstrap_weights(5, 99, rng=rng())
    with pytest.raises(InputError, match="4 cases have values, but 5 were resampled"):
        mean_interval(np.zeros(4), weights)
    with pytest.raises(InputError, match="infinite"):
        mean_interval(np.array([0, 1, np.inf, 2, 3]), weights)
    with pytest.raises(InputError, match="'t' is unknown; allowed: studentised, percentile, bca"):
        mean_interval(np.arange(5.0), weights, method="t")
    with pytest.raises(InputError, match="'t' is unknown"):
        mean_test(np.arange(5.0), weights, method="t")
    with pytest.raises(InputError, match="between 0 and 1"):
        mean_interval(np.arange(5.0), weights, level=95)
    few = Weights(weights.counts[:30], weights.unit_of_case)
    with pytest.raises(InputError, match=r"30 resamples cannot bound a 0\.95 interval: it takes 40"):
        mean_interval(np.arange(5.0), few)
