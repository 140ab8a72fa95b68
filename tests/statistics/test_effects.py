import numpy as np
import pytest
from scipy import stats

from segsweep.statistics.effects import rank_biserial, share_better, standardised_difference


def test_hedges_correction_in_closed_form():
    # ν = 2: J = Γ(1)/(√1 Γ(1/2)) = 1/√π; mean 2, s = 1
    assert standardised_difference(np.array([1.0, 2.0, 3.0])) == pytest.approx(2 / np.sqrt(np.pi), abs=1e-12)


def test_standardised_difference_is_unbiased():
    values = np.random.default_rng(0).normal(0.5, 1, size=(20_000, 8))
    found = np.array([standardised_difference(row) for row in values])
    assert found.mean() == pytest.approx(0.5, abs=4 * found.std() / np.sqrt(20_000))


def test_differences_without_spread():
    assert standardised_difference(np.zeros(5)) == 0.0
    assert standardised_difference(np.full(5, -0.1)) == -np.inf
    assert np.isnan(standardised_difference(np.array([0.1, np.nan, 0.2])))


def test_share_better_counts_ties_half():
    assert share_better(np.array([0.1, 0.2, -0.3, 0.0, np.nan])) == 2.5 / 4
    assert np.isnan(share_better(np.array([np.nan])))


def test_rank_biserial_follows_from_wilcoxons_statistic():
    values = np.round(np.random.default_rng(1).normal(0.3, 1, size=40), 1)
    kept = values[values != 0]
    smaller = stats.wilcoxon(kept, method="asymptotic").statistic
    total = len(kept) * (len(kept) + 1) / 2
    assert abs(rank_biserial(values)) == pytest.approx(1 - 2 * smaller / total, abs=1e-12)
    assert rank_biserial(values) == -rank_biserial(-values)


def test_rank_biserial_at_its_ends():
    assert rank_biserial(np.array([0.1, 0.5, 2.0])) == 1.0
    assert rank_biserial(np.array([0.0, np.nan])) == 0.0
