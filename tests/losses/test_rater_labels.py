import pytest
import torch

from segsweep.losses.rater_labels import majority_of_raters, mean_of_raters, random_rater, smooth_labels

BINARY = torch.tensor([[[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]]])  # 2 raters, 1 channel, 3 voxels


def test_the_mean_is_the_share_of_raters():
    assert mean_of_raters(BINARY).tolist() == [[1.0, 0.5, 0.0]]


def test_a_tie_of_a_binary_label_is_foreground():
    assert majority_of_raters(BINARY).tolist() == [[1.0, 1.0, 0.0]]


def test_a_tie_between_classes_goes_to_the_first():
    raters = torch.eye(3)[torch.tensor([[0, 2, 2], [1, 1, 2], [2, 1, 0]])].movedim(-1, 1)
    assert majority_of_raters(raters).argmax(0).tolist() == [0, 1, 2]
    assert majority_of_raters(raters).sum(0).tolist() == [1, 1, 1]


def test_the_random_rater_follows_the_generator_and_reaches_all():
    raters = torch.arange(3.0).reshape(3, 1, 1)
    one, same = (torch.Generator().manual_seed(4) for _ in range(2))
    drawn = [random_rater(raters, generator=one).item() for _ in range(40)]
    assert drawn == [random_rater(raters, generator=same).item() for _ in range(40)]
    other = torch.Generator().manual_seed(5)
    assert drawn != [random_rater(raters, generator=other).item() for _ in range(40)]
    assert set(drawn) == {0.0, 1.0, 2.0}


def test_smoothing_mixes_in_the_uniform_distribution():
    one_hot = torch.eye(4)[:, :, None]
    smooth = smooth_labels(one_hot, 0.2)
    assert smooth[0, :, 0].tolist() == pytest.approx([0.85, 0.05, 0.05, 0.05])
    assert smooth_labels(torch.tensor([[[1.0, 0.0]]]), 0.2).flatten().tolist() == pytest.approx([0.9, 0.1])
    with pytest.raises(ValueError, match=r"got 1\.5"):
        smooth_labels(one_hot, 1.5)
