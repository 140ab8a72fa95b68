import numpy as np
import pytest
from scipy import stats

from segsweep.errors import InputError
from segsweep.statistics.presence import presence_by_volume


def rng(seed=0):
    return np.random.default_rng(seed)


def test_curve_on_hand_sized_volumes():
    found = presence_by_volume(np.array([5.0, 0.0, 2.0, 2.0, np.nan]), np.array([True, False, True, False, True]))
    assert found.thresholds.tolist() == [np.inf, 5.0, 2.0, 0.0]
    assert found.sensitivity.tolist() == [0.0, 0.5, 1.0, 1.0]
    assert found.false_positive_rate.tolist() == [0.0, 0.0, 0.5, 1.0]
    assert found.auc.estimate == 3.5 / 4
    assert found.auc.n == 4


def test_area_equals_mann_whitney_and_the_trapezium():
    volume = np.round(rng().gamma(2, 2, size=80), 0)
    present = rng(1).random(80) < 0.4
    found = presence_by_volume(volume, present)
    u = stats.mannwhitneyu(volume[present], volume[~present]).statistic
    assert found.auc.estimate == pytest.approx(u / (present.sum() * (~present).sum()), abs=1e-12)
    assert np.trapezoid(found.sensitivity, found.false_positive_rate) == pytest.approx(found.auc.estimate, abs=1e-12)


def test_ends_solve_newcombes_equation():
    volume, present = rng(2).gamma(2, 2, size=60), np.arange(60) < 25
    volume[present] += 1.5
    auc = presence_by_volume(volume, present).auc
    for end in (auc.low, auc.high):
        extra = (25 + 35) / 2 - 1
        variance = end * (1 - end) / (25 * 35) * (1 + extra * (1 - end) / (2 - end) + extra * end / (1 + end))
        assert abs(auc.estimate - end) == pytest.approx(stats.norm.ppf(0.975) * np.sqrt(variance), abs=1e-9)
    assert 0 < auc.low < auc.estimate < auc.high < 1


def test_perfect_separation_still_has_a_length():
    auc = presence_by_volume(np.arange(20.0), np.arange(20) >= 10).auc
    assert (auc.estimate, auc.high) == (1.0, 1.0)
    assert 0.6 < auc.low < 0.95
    mirrored = presence_by_volume(-np.arange(20.0), np.arange(20) >= 10).auc
    assert (mirrored.estimate, mirrored.low, mirrored.high) == (0.0, 0.0, pytest.approx(1 - auc.low))


def test_a_structure_that_is_always_or_never_there_is_refused():
    with pytest.raises(InputError, match="3 cases with and 0 without"):
        presence_by_volume(np.arange(3.0), np.ones(3, dtype=bool))
    with pytest.raises(InputError, match="between 0 and 1"):
        presence_by_volume(np.arange(3.0), np.array([True, False, True]), level=95)


def test_interval_covers_the_true_area():
    simulations, hits = 2000, 0
    noise = rng(3)
    truth = stats.norm.cdf(1.2 / np.sqrt(2))
    for _ in range(simulations):
        volume = np.concatenate([noise.normal(1.2, 1, 30), noise.normal(0, 1, 40)])
        auc = presence_by_volume(volume, np.arange(70) < 30).auc
        hits += auc.low <= truth <= auc.high
    # Newcombe reports .95 to .96 for such areas; four standard errors of a share below and above
    assert 0.95 - 4 * 0.0049 <= hits / simulations <= 0.97
