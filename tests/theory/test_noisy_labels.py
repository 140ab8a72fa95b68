import itertools

import numpy as np
import pytest

from segsweep.theory.noisy_labels import (
    accuracy_optimum,
    dice_optimum,
    dice_threshold,
    dice_volume_bounds,
    lowest_optimal_dice,
)
from segsweep.theory.rank_dice import expected_dice, expected_dice_by_mean_volume, rank_dice, volume_distribution
from segsweep.theory.similarities import dice


def marginal_dice(mask: np.ndarray, marginals: np.ndarray) -> float:
    return 2 * marginals[mask].sum() / (mask.sum() + marginals.sum())


def masks(voxels: int) -> list[np.ndarray]:
    return [np.array(bits, dtype=bool) for bits in itertools.product([0, 1], repeat=voxels)]


@pytest.mark.parametrize("seed", range(10))
def test_no_mask_beats_the_dice_optimum(seed):
    marginals = np.random.default_rng(seed).random(9) ** 2
    found = dice_optimum(marginals)
    assert found.dice == pytest.approx(max(marginal_dice(mask, marginals) for mask in masks(9)[1:]))
    assert marginal_dice(found.mask, marginals) == pytest.approx(found.dice)


@pytest.mark.parametrize("seed", range(10))
def test_the_optimum_is_a_threshold_at_half_of_its_dice_and_holds_the_accuracy_optimum(seed):
    marginals = np.random.default_rng(seed).random((4, 5)) ** 2
    found = dice_optimum(marginals)
    assert dice_threshold(marginals) == found.dice / 2
    assert found.dice <= 1
    np.testing.assert_array_equal(found.mask, marginals >= found.dice / 2)
    assert np.all(found.mask >= accuracy_optimum(marginals))


@pytest.mark.parametrize("seed", range(10))
def test_volumes_keep_to_the_bounds(seed):
    marginals = np.random.default_rng(seed).beta(0.3, 0.8, size=500)
    found, mean = dice_optimum(marginals), marginals.mean()
    low, high = dice_volume_bounds(mean)
    assert low <= found.mask.mean() <= high
    assert found.dice >= lowest_optimal_dice(mean)


def test_both_volume_bounds_are_reached():
    # constant marginals: everything is optimal; marginals of 1 on |m|² of the domain and just below D*/2 on the rest:
    # that part alone is
    mean = 0.4
    assert dice_optimum(np.full(100, mean)).mask.mean() == 1
    assert dice_optimum(np.full(100, mean)).dice == pytest.approx(lowest_optimal_dice(mean))
    sure, threshold = mean**2, mean / (1 + mean)
    marginals = np.full(10_000, threshold * (1 - 1e-6))
    marginals[: int(sure * 10_000)] = 1
    assert marginals.mean() == pytest.approx(mean, abs=1e-4)
    assert dice_optimum(marginals).mask.mean() == pytest.approx(dice_volume_bounds(mean).low, abs=1e-4)


def test_where_nothing_can_be_foreground_leaving_all_out_is_perfect():
    found = dice_optimum(np.zeros(4))
    assert found.dice == 1
    assert not found.mask.any()


def brute_force(mask: np.ndarray, probabilities: np.ndarray) -> float:
    """Expected Dice over all labels of independent voxels."""
    total = 0.0
    for label in masks(probabilities.size):
        weight = np.prod(np.where(label, probabilities, 1 - probabilities))
        total += weight * float(dice((label & mask).sum(), (mask & ~label).sum(), (label & ~mask).sum()))
    return total


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("power", [1, 4])
def test_rank_dice_is_the_best_mask_of_all(seed, power):
    probabilities = np.random.default_rng(seed).random(6) ** power
    best = max(brute_force(mask, probabilities) for mask in masks(6))
    assert brute_force(rank_dice(probabilities), probabilities) == pytest.approx(best, abs=1e-12)


def test_expected_dice_of_the_most_probable_voxels_is_the_enumeration():
    probabilities = np.array([0.9, 0.6, 0.5, 0.2, 0.1])
    found = expected_dice(probabilities)
    for tau in range(6):
        assert found[tau] == pytest.approx(brute_force(np.arange(5) < tau, probabilities), abs=1e-12)


def test_the_mean_volume_shortcut_is_close_for_many_voxels_and_exact_for_certain_ones():
    certain = np.array([1.0, 1.0, 0.0])
    np.testing.assert_allclose(expected_dice_by_mean_volume(certain), expected_dice(certain))
    many = np.sort(np.random.default_rng(0).random(60))[::-1]
    exact, quick = expected_dice(many), expected_dice_by_mean_volume(many)
    np.testing.assert_allclose(quick, exact, atol=0.01)
    assert abs(int(exact.argmax()) - int(quick.argmax())) <= 1


def test_the_volume_distribution_is_the_binomial_for_equal_probabilities():
    np.testing.assert_allclose(volume_distribution(np.full(2, 0.3)), [0.49, 0.42, 0.09])
