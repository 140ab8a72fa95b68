import numpy as np
import pytest

from segsweep.errors import InputError
from segsweep.statistics.intervals import mean_interval, mean_test
from segsweep.statistics.resampling import bootstrap_weights
from segsweep.statistics.volume import largest_bias, volume_error


def rng(seed=0):
    return np.random.default_rng(seed)


def test_errors_on_hand_sized_volumes():
    predicted, true = np.array([12.0, 8.0, 5.0, 3.0]), np.array([10.0, 10.0, 4.0, 0.0])
    found = volume_error(predicted, true, bootstrap_weights(4, 199, rng=rng()))
    assert found.bias.estimate == pytest.approx((2 - 2 + 1 + 3) / 4)
    assert found.absolute.estimate == pytest.approx((2 + 2 + 1 + 3) / 4)
    # the empty case has no relative error
    assert found.relative.estimate == pytest.approx((0.2 - 0.2 + 0.25) / 3)
    assert found.absolute_relative.estimate == pytest.approx((0.2 + 0.2 + 0.25) / 3)
    assert (found.bias.n, found.relative.n) == (4, 3)


def test_bias_is_the_mean_interval_of_the_error():
    true = rng().gamma(3, 5, size=40)
    predicted = true + rng(1).normal(1, 2, size=40).clip(-true)
    predicted[7] = np.nan
    weights = bootstrap_weights(40, 499, rng=rng(2))
    found = volume_error(predicted, true, weights, level=0.9)
    assert found.bias == mean_interval(predicted - true, weights, level=0.9)
    assert found.p == mean_test(predicted - true, weights)
    assert found.bias.n == 39


def test_a_negative_volume_is_refused():
    with pytest.raises(InputError, match="negative"):
        volume_error(np.array([-1.0, 2.0]), np.ones(2), bootstrap_weights(2, 99, rng=rng()))


def test_bias_stays_within_the_bound_from_calibration():
    for seed in range(50):
        p = rng(seed).beta(0.5, 0.5, size=1000)
        y = rng(seed + 100).random(1000) < p ** rng(seed).uniform(0.3, 3)
        bins = np.minimum((p * 20).astype(int), 19)
        ece = sum(abs((p - y)[bins == one].sum()) for one in range(20)) / 1000
        bound = largest_bias(np.array([ece]), np.array([1000 * 0.5]))[0]  # voxels of 0.5 mm³
        assert abs((p - y).sum() * 0.5) <= bound + 1e-9
    with pytest.raises(InputError, match="between 0 and 1"):
        largest_bias(np.array([1.2]), np.array([10.0]))
