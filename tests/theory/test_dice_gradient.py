import numpy as np
import pytest

from segsweep.theory import dice_gradient


@pytest.mark.parametrize("volume", [1.0, 37.0, 1e4])
def test_an_empty_label_is_pushed_hardest_when_epsilon_is_the_predicted_volume(volume):
    epsilons = np.geomspace(1e-4, 1e4, 8001) * volume
    pushes = dice_gradient.on_an_empty_label(volume, epsilons)
    assert epsilons[int(np.argmax(pushes))] == pytest.approx(volume, rel=2e-3)
    assert float(pushes.max()) == pytest.approx(1 / (4 * volume), rel=1e-6)


def test_that_push_is_half_of_the_slope_at_a_perfect_prediction():
    push = dice_gradient.on_an_empty_label(37.0, 37.0)
    assert float(push) == pytest.approx(float(dice_gradient.at_a_perfect_prediction(37.0)) / 2)


def test_a_negligible_epsilon_leaves_an_empty_label_alone():
    assert float(dice_gradient.on_an_empty_label(100.0, 1e-7)) < 1e-10


def test_both_values_are_finite_differences_of_the_loss():
    overlap, volumes, epsilon, step = 3.0, 11.0, 2.0, 1e-6

    def loss(overlap, volumes):
        return 1 - (2 * overlap + epsilon) / (volumes + epsilon)

    labelled = (loss(overlap + step, volumes + step) - loss(overlap - step, volumes - step)) / (2 * step)
    unlabelled = (loss(overlap, volumes + step) - loss(overlap, volumes - step)) / (2 * step)
    assert float(dice_gradient.on_labelled_voxels(overlap, volumes, epsilon)) == pytest.approx(labelled, abs=1e-9)
    assert float(dice_gradient.on_unlabelled_voxels(overlap, volumes, epsilon)) == pytest.approx(unlabelled, abs=1e-9)
