import numpy as np
import pytest

from segsweep.errors import InputError
from segsweep.statistics.resampling import bootstrap_weights, every_resample
from segsweep.statistics.slopes import slope_interval, volume_slopes


def rng(seed=0):
    return np.random.default_rng(seed)


def fit(x, y, unit=None):
    """Slope and its sandwich error, by normal equations."""
    design = np.column_stack([np.ones(len(x)), x])
    bread = np.linalg.inv(design.T @ design)
    residual = y - design @ bread @ design.T @ y
    scores = design * residual[:, None]
    units = np.arange(len(x)) if unit is None else unit
    sums = np.array([scores[units == one].sum(axis=0) for one in np.unique(units)])
    return (bread @ design.T @ y)[1], np.sqrt((bread @ sums.T @ sums @ bread)[1, 1])


def interval_by_loops(x, y, groups, draws, level):
    slope, error = fit(x, y, groups)
    t = []
    for draw in draws:
        cases = np.concatenate([np.flatnonzero(groups == g) for g in draw])
        unit = np.concatenate([np.full((groups == g).sum(), place) for place, g in enumerate(draw)])
        if np.ptp(x[cases]) == 0:
            t.append(0.0)
            continue
        one, its_error = fit(x[cases], y[cases], unit)
        t.append((one - slope) / its_error)
    rank = int((len(t) + 1) * (1 - level) / 2 + 1e-9)
    return slope, error, slope - np.sort(t)[-rank] * error, slope - np.sort(t)[rank - 1] * error


@pytest.mark.parametrize("grouped", [False, True])
def test_slope_equals_a_loop_over_resamples(grouped):
    groups = np.repeat(np.arange(12), 2) if grouped else np.arange(24)
    x = rng().gamma(3, 10, size=24)
    y = 3 - 0.2 * x + rng(1).normal(0, 0.1 * x)
    weights = bootstrap_weights(groups.tolist(), 199, rng=rng(2))
    draws = [np.repeat(np.arange(weights.units), row.astype(int)) for row in weights.counts]
    found = slope_interval(x, y, weights, level=0.9)
    expected = interval_by_loops(x, y, groups, draws, 0.9)
    assert (found.estimate, found.standard_error, found.low, found.high) == pytest.approx(expected, rel=1e-8)


def test_a_resample_without_a_line_or_without_residuals_does_not_narrow_the_interval():
    # Of the 27 resamples of three cases, 3 hold one volume and keep the estimate; 18 hold two, whose line has no error
    # and lies infinitely far off: 6 each through the slopes 2 and −1/2 and 1/3, of which two exceed 3/14.
    found = slope_interval(np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0, 2.0]), every_resample(3), level=0.5)
    assert found.estimate == pytest.approx(3 / 14)
    assert found.low == -np.inf
    assert found.high >= found.estimate


def test_exact_line_has_an_exact_slope():
    true = rng().gamma(3, 10, size=30)
    found = volume_slopes(1.5 * true, true, bootstrap_weights(30, 199, rng=rng()))
    assert found.against_truth.estimate == pytest.approx(0.5, abs=1e-12)
    assert (found.against_truth.low, found.against_truth.high) == pytest.approx((0.5, 0.5), abs=1e-9)
    # ΔV = 0.5 V, mean = 1.25 V
    assert found.against_mean.estimate == pytest.approx(0.4, abs=1e-12)


def test_an_error_that_is_zero_has_a_slope_of_zero():
    true = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    found = slope_interval(true, np.zeros(5), bootstrap_weights(5, 99, rng=rng()))
    assert (found.estimate, found.low, found.high, found.standard_error) == (0, 0, 0, 0)


def test_noise_alone_makes_the_slope_against_truth_negative_but_not_that_against_the_mean():
    volume = rng().normal(50, 10, size=4000)
    true, predicted = volume + rng(1).normal(0, 5, 4000), volume + rng(2).normal(0, 5, 4000)
    found = volume_slopes(predicted, true, bootstrap_weights(4000, 199, rng=rng()))
    # −σ²/(σ²_V + σ²) = −25/125
    assert found.against_truth.estimate == pytest.approx(-0.2, abs=4 * found.against_truth.standard_error)
    assert found.against_truth.high < 0
    assert found.against_mean.low < 0 < found.against_mean.high


def test_units_of_volume_do_not_matter():
    true = rng().gamma(3, 10, size=30)
    error = rng(1).normal(size=30)
    weights = bootstrap_weights(30, 199, rng=rng())
    millilitres, voxels = slope_interval(true, error, weights), slope_interval(1e6 * true, 1e6 * error, weights)
    assert (millilitres.low, millilitres.high) == pytest.approx((voxels.low, voxels.high), rel=1e-9)


def test_missing_values_are_left_out_and_a_line_needs_three_volumes():
    weights = bootstrap_weights(5, 99, rng=rng())
    x = np.array([1.0, 2.0, 3.0, np.nan, 5.0])
    assert slope_interval(x, np.array([1.0, 2.0, 4.0, 1.0, 5.0]), weights).n == 4
    with pytest.raises(InputError, match="2 cases: a slope takes at least 3"):
        slope_interval(np.array([1.0, 2.0, np.nan, np.nan, np.nan]), np.ones(5), weights)
    with pytest.raises(InputError, match="not all of one volume"):
        slope_interval(np.ones(5), np.arange(5.0), weights)
    with pytest.raises(InputError, match="4 and 5 cases have values, but 5"):
        slope_interval(np.ones(4), np.arange(5.0), weights)


@pytest.mark.slow
def test_slope_interval_covers_where_the_spread_grows_with_the_volume():
    noise, hits, simulations = rng(3), 0, 2000
    for _ in range(simulations):
        x = noise.gamma(4, 5, size=60)
        found = slope_interval(x, -0.1 * x + noise.normal(0, 0.2 * x), bootstrap_weights(60, 499, rng=noise))
        hits += found.low <= -0.1 <= found.high
    # leverage of large volumes keeps it a little short at n = 60; Monte-Carlo error three times .005
    assert 0.92 <= hits / simulations <= 0.965
