import numpy as np
import pytest

from segsweep.errors import InputError
from segsweep.statistics.resampling import bootstrap_weights, every_resample, resamples_needed


def rng(seed=0):
    return np.random.default_rng(seed)


def test_every_resample_draws_as_many_units_as_there_are():
    weights = bootstrap_weights(37, 500, rng=rng())
    assert weights.counts.shape == (500, 37)
    assert (weights.counts.sum(axis=1) == 37).all()
    assert (weights.unit_of_case == np.arange(37)).all()


def test_multiplicities_follow_the_multinomial_distribution():
    counts = bootstrap_weights(8, 40_000, rng=rng()).counts
    # Multinomial(8, 1/8): mean 1, variance 7/8, covariance −1/8. Five standard errors of each estimate.
    assert abs(counts.mean(axis=0) - 1).max() < 5 * np.sqrt(7 / 8 / 40_000)
    covariance = np.cov(counts.T)
    assert abs(np.diag(covariance) - 7 / 8).max() < 5 * 1.5 / np.sqrt(40_000)
    assert abs(covariance[~np.eye(8, dtype=bool)] + 1 / 8).max() < 5 * 1.0 / np.sqrt(40_000)


def test_same_generator_same_draws_other_generator_other_draws():
    first, again, other = (bootstrap_weights(20, 50, rng=rng(seed)).counts for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_groups_are_drawn_as_a_whole():
    groups = [f"patient {number // 3}" for number in range(36)]
    weights = bootstrap_weights(groups, 200, rng=rng())
    assert weights.counts.shape == (200, 12)
    assert (weights.counts.sum(axis=1) == 12).all()
    per_case = weights.per_case().reshape(200, 12, 3)
    assert (per_case == weights.counts[:, :, None]).all()


def test_one_case_per_group_is_the_bootstrap_of_cases():
    named = bootstrap_weights(list("abcde"), 50, rng=rng())
    counted = bootstrap_weights(5, 50, rng=rng())
    assert not named.grouped
    assert (named.counts == counted.counts).all()


def test_fewer_than_ten_groups_are_refused_with_the_reason():
    with pytest.raises(InputError, match=r"18 cases come from 9 groups.*far too short"):
        bootstrap_weights([number // 2 for number in range(18)], 100, rng=rng())
    assert bootstrap_weights([number // 2 for number in range(20)], 100, rng=rng()).units == 10


@pytest.mark.parametrize(("units", "resamples"), [(0, 10), (5, 0), ([], 10)])
def test_nothing_to_resample_is_refused(units, resamples):
    with pytest.raises(InputError, match="nothing to resample"):
        bootstrap_weights(units, resamples, rng=rng())


def test_every_resample_lists_all_of_them_once():
    counts = every_resample(3).counts
    assert len(counts) == 27
    values, times = np.unique(counts, axis=0, return_counts=True)
    # multinomial coefficients 3!/(w₁! w₂! w₃!)
    factorial = np.array([1, 1, 2, 6])
    assert (times == 6 / factorial[values.astype(int)].prod(axis=1)).all()
    with pytest.raises(InputError, match="1 to 6"):
        every_resample(7)


@pytest.mark.parametrize(("comparisons", "needed"), [(1, 40), (10, 400), (45, 1800), (190, 7600)])
def test_resamples_needed_is_the_smallest_number_that_can_reject(comparisons, needed):
    assert resamples_needed(comparisons) == needed
    assert 2 / (needed + 1) < 0.05 / comparisons
    assert not 2 / needed < 0.05 / comparisons
