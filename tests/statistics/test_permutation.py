import itertools

import numpy as np
import pytest
from scipy import stats

from segsweep.errors import InputError
from segsweep.statistics.permutation import mean_rank_test, mid_ranks, sign_flip_test


def rng(seed=0):
    return np.random.default_rng(seed)


def flip(values, *, permutations=10_000, seed=0):
    return sign_flip_test(np.asarray(values, dtype=float), permutations=permutations, rng=rng(seed))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_enumerated_signs_equal_brute_force(n):
    values = rng(n).normal(0.5, 1, size=n)
    sums = [
        abs(sum(s * v for s, v in zip(signs, values, strict=True))) for signs in itertools.product((1, -1), repeat=n)
    ]
    expected = np.mean([one >= abs(values.sum()) - 1e-12 for one in sums])
    assert flip(values) == pytest.approx(expected, abs=1e-12)


def test_enumerated_signs_equal_scipy():
    values = rng().normal(0.4, 1, size=10)
    expected = stats.permutation_test((values,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert flip(values) == pytest.approx(expected.pvalue, abs=1e-12)


def test_random_signs_agree_with_scipy_within_monte_carlo_error():
    values = rng(1).normal(0.25, 1, size=50)
    expected = stats.permutation_test((values,), np.mean, permutation_type="samples", n_resamples=20_000, rng=rng(2))
    found = flip(values, permutations=20_000)
    # two shares of 20,000: four standard errors of their difference
    assert found == pytest.approx(expected.pvalue, abs=4 * np.sqrt(2 * found * (1 - found) / 20_000))


def test_random_signs_never_give_a_p_of_zero():
    assert flip(np.full(40, 0.1) + 0.001 * np.arange(40), permutations=999) == 1 / 1000


def test_ties_of_the_sum_count_whatever_the_order_of_addition():
    # 0.1 + 0.2 − 0.3 and 0.3 − 0.2 − 0.1 are both 0 up to rounding; the observed sum is 0.2 = 0.1 − 0.2 + 0.3
    assert flip([0.1, -0.2, 0.3]) == 6 / 8


def test_cases_without_a_difference_change_nothing():
    assert flip([0.4, 0.0, np.nan, 0.3, 0.6]) == flip([0.4, 0.3, 0.6]) == 2 / 8
    assert flip([0.0, 0.0]) == 1.0
    assert flip([np.nan]) == 1.0


def test_sign_of_the_data_does_not_matter_and_the_generator_decides():
    values = rng(3).normal(0.2, 1, size=40)
    assert flip(values, seed=5) == flip(-values, seed=5)
    assert flip(values, seed=5) != flip(values, seed=6)
    with pytest.raises(InputError, match="at least one"):
        flip(values, permutations=0)


def test_mid_ranks_equal_scipy():
    scores = np.round(rng().random((5, 60)), 1)
    assert (mid_ranks(scores) == stats.rankdata(-scores, axis=0)).all()


def test_mean_rank_test_equals_brute_force_over_all_swaps():
    scores = np.round(rng(4).random((3, 6)), 1)
    ranks = stats.rankdata(-scores, axis=0)
    observed = abs(ranks[0].mean() - ranks[2].mean())
    count = 0
    for swaps in itertools.product((False, True), repeat=6):
        one, other = np.where(swaps, ranks[2], ranks[0]), np.where(swaps, ranks[0], ranks[2])
        count += abs(one.mean() - other.mean()) >= observed - 1e-12
    assert mean_rank_test(scores, 0, 2, permutations=64, rng=rng()) == count / 64


def test_mean_rank_test_leaves_out_cases_that_one_setting_lacks():
    scores = rng(5).random((3, 8))
    holes = np.concatenate([scores, np.array([[0.1], [np.nan], [0.9]])], axis=1)
    assert mean_rank_test(holes, 0, 2, permutations=300, rng=rng()) == mean_rank_test(
        scores, 0, 2, permutations=300, rng=rng()
    )
