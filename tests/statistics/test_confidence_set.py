import numpy as np
import pytest

from segsweep.errors import InputError
from segsweep.statistics.confidence_set import model_confidence_set
from segsweep.statistics.resampling import bootstrap_weights


def rng(seed=0):
    return np.random.default_rng(seed)


def confidence_set_by_loops(scores, weights):
    """Hansen, Lunde & Nason's algorithm as they write it, on losses = −scores."""
    left, p, reached = list(range(len(scores))), np.ones(len(scores)), 0.0
    while len(left) > 1:
        losses = -scores[left]
        excess = losses.mean(axis=1) - losses.mean()
        resampled = []
        for row in weights.counts:
            drawn = np.repeat(losses, row.astype(int), axis=1)
            resampled.append(drawn.mean(axis=1) - drawn.mean() - excess)
        resampled = np.array(resampled)
        error = np.sqrt((resampled**2).mean(axis=0))
        observed = (excess / error).max()
        count = sum(max(row / error) >= observed for row in resampled)
        reached = max(reached, (1 + count) / (1 + len(resampled)))
        worst = left[int(np.argmax(excess / error))]
        p[worst] = reached
        left.remove(worst)
    return p


def test_equals_a_loop_over_resamples():
    scores = rng().normal(size=(5, 25)) + np.array([0, 0.2, 0.4, 0.5, 0.9])[:, None]
    weights = bootstrap_weights(25, 199, rng=rng(1))
    assert model_confidence_set(scores, weights).p == pytest.approx(confidence_set_by_loops(scores, weights), abs=1e-12)


def test_a_setting_that_is_clearly_worse_leaves_and_the_best_stays():
    case = rng().normal(size=60)
    scores = np.stack([case, case + rng(1).normal(0, 0.1, 60), case - 0.5 + rng(2).normal(0, 0.1, 60)])
    found = model_confidence_set(scores, bootstrap_weights(60, 999, rng=rng(3)))
    assert found.members() == (0, 1)
    assert found.p.max() == 1.0
    assert found.p[2] == pytest.approx(1 / 1000)


def test_settings_that_do_the_same_all_stay():
    scores = np.tile(rng().random(20), (3, 1))
    assert model_confidence_set(scores, bootstrap_weights(20, 99, rng=rng())).members() == (0, 1, 2)


def test_only_cases_that_all_settings_have_count():
    scores = rng().random((3, 20))
    scores[1, 4] = np.nan
    assert model_confidence_set(scores, bootstrap_weights(20, 99, rng=rng())).n == 19
    with pytest.raises(InputError, match="no case has a value"):
        model_confidence_set(np.full((2, 5), np.nan), bootstrap_weights(5, 99, rng=rng()))
    with pytest.raises(InputError, match="20 cases have values, but 5"):
        model_confidence_set(scores, bootstrap_weights(5, 99, rng=rng()))


@pytest.mark.slow
def test_the_best_setting_stays_as_often_as_said():
    noise, kept, simulations = rng(9), 0, 1000
    for _ in range(simulations):
        scores = noise.normal(size=60) + noise.normal(0, 0.3, size=(6, 60)) - 0.05 * np.arange(6)[:, None]
        kept += 0 in model_confidence_set(scores, bootstrap_weights(60, 499, rng=noise)).members()
    # three standard errors of a share of .95 in 1,000 simulations
    assert kept / simulations >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / simulations)
