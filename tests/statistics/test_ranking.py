import numpy as np
import pytest
from scipy import stats

from segsweep.errors import InputError
from segsweep.statistics.ranking import ranking_stability
from segsweep.statistics.resampling import bootstrap_weights


def rng(seed=0):
    return np.random.default_rng(seed)


def test_shares_and_tau_equal_a_loop_over_resamples():
    # few distinct values, so that resampled means tie
    scores = rng().integers(0, 3, size=(4, 6)).astype(float)
    weights = bootstrap_weights(6, 300, rng=rng(1))
    shares, tau = np.zeros((4, 4)), []
    for row in weights.counts:
        means = scores @ row
        for one in range(4):
            covered = np.flatnonzero(np.sort(means)[::-1] == means[one])
            shares[one, covered] += 1 / len(covered)
        tau.append(stats.kendalltau(means, scores.sum(axis=1)).statistic)
    found = ranking_stability(scores, weights)
    assert found.shares == pytest.approx(shares / 300, abs=1e-12)
    assert found.tau == pytest.approx(np.array(tau), abs=1e-12, nan_ok=True)
    assert found.shares.sum(axis=0) == pytest.approx(np.ones(4))
    assert found.shares.sum(axis=1) == pytest.approx(np.ones(4))


def test_a_clear_order_is_stable():
    scores = rng().normal(0, 0.01, size=(3, 40)) + np.array([[0.5], [0.9], [0.7]])
    found = ranking_stability(scores, bootstrap_weights(40, 200, rng=rng()))
    assert (found.shares == np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]])).all()
    assert (found.tau == 1).all()


def test_equal_settings_stay_tied_wherever_they_stand():
    scores = rng().random((9, 37))
    scores[[0, 4, 8]] = scores[0]
    found = ranking_stability(scores, bootstrap_weights(37, 500, rng=rng()))
    assert (found.shares[[4, 8]] == found.shares[0]).all()


def test_only_cases_that_all_settings_have_are_ranked():
    scores = rng().random((3, 20))
    scores[1, 4] = np.nan
    weights = bootstrap_weights(20, 200, rng=rng())
    found = ranking_stability(scores, weights)
    scores[:, 4] = 0.0
    assert found.n == 19
    assert (found.shares == ranking_stability(scores, weights).shares).all()


def test_settings_that_cannot_be_ranked_are_refused():
    weights = bootstrap_weights(2, 50, rng=rng())
    with pytest.raises(InputError, match="no case has a value for every setting"):
        ranking_stability(np.array([[1.0, np.nan], [np.nan, 1.0]]), weights)
    with pytest.raises(InputError, match="3 cases have values, but 2"):
        ranking_stability(np.zeros((2, 3)), weights)
