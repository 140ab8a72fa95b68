"""The papers' rules against literal re-statements of what their code does."""

import numpy as np
import pytest

from segsweep.errors import InputError
from segsweep.statistics.permutation import mid_ranks
from segsweep.statistics.published import published_bootstrap, published_rank_permutation
from segsweep.statistics.resampling import bootstrap_weights


def rng(seed=0):
    return np.random.default_rng(seed)


def test_share_of_positive_means_equals_a_loop():
    differences = rng().normal(0.05, 0.3, size=30)
    weights = bootstrap_weights(30, 1000, rng=rng(1))
    means = [np.repeat(differences, row.astype(int)).mean() for row in weights.counts]
    found = published_bootstrap(differences, weights)
    assert found.share == np.mean(np.array(means) > 0)


@pytest.mark.parametrize(("shift", "lower", "higher"), [(-0.5, True, False), (0.0, False, False), (0.5, False, True)])
def test_marks_are_read_at_05_and_95(shift, lower, higher):
    differences = rng().normal(0, 0.3, size=40)
    differences += shift - differences.mean()
    found = published_bootstrap(differences, bootstrap_weights(40, 1000, rng=rng(1)))
    assert (found.first_is_lower, found.first_is_higher) == (lower, higher)


def test_equal_settings_get_one_half():
    found = published_bootstrap(np.zeros(10), bootstrap_weights(10, 100, rng=rng()))
    assert found.share == 0.5
    assert not found.first_is_lower
    assert not found.first_is_higher


def test_missing_cases_do_not_count():
    differences = np.array([0.3, np.nan, -0.1, 0.2, 0.1, np.nan])
    weights = bootstrap_weights(6, 500, rng=rng())
    drawn = weights.counts[:, [0, 2, 3, 4]] @ differences[[0, 2, 3, 4]]
    assert published_bootstrap(differences, weights).share == np.mean(drawn > 0)


def test_rank_permutation_equals_a_loop_over_swaps():
    scores = np.round(rng(2).random((3, 12)), 1)
    ranks = mid_ranks(scores)
    observed = abs(ranks[0].mean() - ranks[1].mean())
    larger = 0
    noise = rng(3)
    for _ in range(4000):
        swap = noise.random(12) < 0.5
        one, other = np.where(swap, ranks[1], ranks[0]), np.where(swap, ranks[0], ranks[1])
        larger += abs(one.mean() - other.mean()) > observed + 1e-12
    found = published_rank_permutation(scores, 0, 1, rng=rng(4), permutations=20_000)
    share = larger / 4000
    # four standard errors of the difference of two shares of 4,000 and 20,000
    assert found == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) * (1 / 4000 + 1 / 20_000)))


def test_rank_permutation_can_be_zero_as_published():
    scores = np.stack([np.arange(20.0) + 1, np.arange(20.0)])
    assert published_rank_permutation(scores, 0, 1, rng=rng(), permutations=2000) == 0.0
    assert published_rank_permutation(np.ones((2, 5)), 0, 1, rng=rng(), permutations=100) == 0.0


def test_resamples_of_other_cases_are_refused():
    with pytest.raises(InputError, match="3 cases have values, but 4 were resampled"):
        published_bootstrap(np.ones(3), bootstrap_weights(4, 100, rng=rng()))
