import numpy as np
import pytest

from segsweep.errors import InputError
from segsweep.statistics.thresholds import choose_threshold, dice_at


def rng(seed=0):
    return np.random.default_rng(seed)


def counts(probabilities, truth):
    """Predicted and overlapping voxels at k/100 for k = 0 … 100, shape (cases, 101) each."""
    at = probabilities[:, None, :] >= (np.arange(101) / 100)[None, :, None]
    return at.sum(axis=2), (at & truth[:, None, :]).sum(axis=2), truth.sum(axis=1)


def test_dice_on_hand_sized_counts():
    predicted, overlap = np.array([[4, 2, 0], [3, 0, 0]]), np.array([[2, 2, 0], [0, 0, 0]])
    found = dice_at(predicted, overlap, np.array([2, 0]))
    assert found[0] == pytest.approx([4 / 6, 1.0, 0.0])
    assert found[1, 0] == 0.0
    assert np.isnan(found[1, 1:]).all()


def test_calibrated_voxels_are_best_decided_at_half_the_best_dice():
    p = rng().beta(0.7, 1.3, size=(4, 100_000))
    truth = rng(1).random(p.shape) < p
    found = choose_threshold(*counts(p, truth))
    assert found.half == pytest.approx(found.best_dice / 2, abs=0.005)
    # flat around its maximum: the best of 101 thresholds lies within 0.03, and costs nothing to miss
    assert found.best == pytest.approx(found.half, abs=0.03)
    assert found.best < 0.5


def test_empty_cases_do_not_choose():
    p = rng().beta(0.7, 1.3, size=(6, 500))
    truth = rng(1).random(p.shape) < p
    empty = truth.copy()
    empty[4:] = False
    found = choose_threshold(*counts(p, empty))
    assert found == choose_threshold(*counts(p[:4], truth[:4]))
    assert found.cases == 4


def test_of_equally_good_thresholds_the_one_nearest_one_half():
    p = np.array([[0.9, 0.9, 0.1, 0.1]])
    found = choose_threshold(*counts(p, p > 0.5))
    assert (found.best, found.best_dice, found.half) == (0.5, 1.0, 0.5)


def test_nothing_to_choose_from_is_refused():
    predicted, overlap, true = counts(rng().random((2, 10)), np.zeros((2, 10), dtype=bool))
    with pytest.raises(InputError, match="no training case has a true voxel"):
        choose_threshold(predicted, overlap, true)
    with pytest.raises(InputError, match="counts at 50 thresholds; they are kept at 101"):
        choose_threshold(predicted[:, :50], overlap[:, :50], true)
