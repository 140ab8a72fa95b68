import math

import pytest
import torch
from monai.losses import FocalLoss
from torch.nn import functional as F

from segsweep.losses import CrossEntropy, Focal, LabelStatistics, TopK, build_loss

EXACT = {"rtol": 1e-12, "atol": 1e-12}  # float64


@pytest.fixture
def binary():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 1, 5, 6, generator=generator, dtype=torch.float64)
    return logits, (torch.rand(2, 1, 5, 6, generator=generator) > 0.7).double()


@pytest.fixture
def several():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 5, 6, generator=generator, dtype=torch.float64)
    return logits, torch.randint(0, 3, (2, 5, 6), generator=generator)


def one_hot(labels):
    return F.one_hot(labels, 3).movedim(-1, 1).double()


def test_it_is_torchs_cross_entropy(binary, several):
    logits, labels = several
    torch.testing.assert_close(CrossEntropy()(logits, one_hot(labels)), F.cross_entropy(logits, labels), **EXACT)
    torch.testing.assert_close(CrossEntropy()(*binary), F.binary_cross_entropy_with_logits(*binary), **EXACT)


def test_it_is_torchs_cross_entropy_on_soft_labels(several):
    logits, _ = several
    target = torch.rand(2, 3, 5, 6, dtype=torch.float64).softmax(1)
    torch.testing.assert_close(CrossEntropy()(logits, target), F.cross_entropy(logits, target), **EXACT)


def test_weights_multiply_voxels_and_the_mean_is_over_voxels(several):
    logits, labels = several
    weights = [0.5, 2.0, 0.0]
    voxels = F.cross_entropy(logits, labels, reduction="none")
    expected = (voxels * torch.tensor(weights, dtype=torch.float64)[labels]).sum() / labels.numel()
    torch.testing.assert_close(CrossEntropy(weights)(logits, one_hot(labels)), expected, **EXACT)


def test_balanced_weights_of_a_binary_task_are_one_over_twice_the_shares(binary):
    logits, target = binary
    p = 0.2
    labels = LabelStatistics((1 - p, p), (80, 20), (80, 20))
    positive = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    weights = torch.where(target == 1, 1 / (2 * p), 1 / (2 - 2 * p))
    loss = build_loss("wce", {"weight": "balanced"}, labels=labels)
    torch.testing.assert_close(loss(logits, target), (weights * positive).mean(), **EXACT)


def test_a_class_that_the_fold_lacks_weighs_nothing(several):
    logits, labels = several
    fold = LabelStatistics((0.75, 0.25, 0.0), (1, 1, 0), (1, 1, 0))
    balanced = build_loss("wce", {"weight": "balanced"}, labels=fold)
    torch.testing.assert_close(
        balanced(logits, one_hot(labels)), CrossEntropy([1 / (3 * 0.75), 1 / (3 * 0.25), 0])(logits, one_hot(labels))
    )


def test_a_number_weighs_every_foreground_class(several):
    logits, labels = several
    fold = LabelStatistics((0.5, 0.25, 0.25), (1, 1, 1), (1, 1, 1))
    loss = build_loss("wce", {"weight": 3.0}, labels=fold)
    torch.testing.assert_close(loss(logits, one_hot(labels)), CrossEntropy([1, 3, 3])(logits, one_hot(labels)))


@pytest.mark.parametrize("loss", [CrossEntropy([1.0, 1.0]), Focal(2.0, [1.0, 1.0])])
def test_as_many_weights_as_classes_are_needed(several, loss):
    logits, labels = several
    with pytest.raises(ValueError, match="2 weights for 3 classes"):
        loss(logits, one_hot(labels))


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_focal_is_monais(binary, several, gamma):
    float32 = 1e-6  # MONAI computes it in float32
    assert Focal(gamma)(*binary).item() == pytest.approx(FocalLoss(gamma=gamma)(*binary).item(), abs=float32)
    logits, labels = several
    theirs = FocalLoss(gamma=gamma, use_softmax=True)(logits, one_hot(labels))
    # MONAI averages over channels as well as voxels
    assert Focal(gamma)(logits, one_hot(labels)).item() == pytest.approx(3 * theirs.item(), abs=float32)


def test_focal_without_focus_is_cross_entropy(several):
    logits, labels = several
    weights = [1.0, 2.0, 0.5]
    torch.testing.assert_close(
        Focal(0.0, weights)(logits, one_hot(labels)), CrossEntropy(weights)(logits, one_hot(labels)), **EXACT
    )


@pytest.mark.parametrize("k", [0.1, 10.0, 33.0, 100.0])
def test_top_k_is_the_mean_of_the_largest(several, k):
    logits, labels = several
    losses = F.cross_entropy(logits, labels, reduction="none").flatten().sort(descending=True).values
    count = math.ceil(k / 100 * 60)
    torch.testing.assert_close(TopK(k)(logits, one_hot(labels)), losses[:count].mean(), **EXACT)


@pytest.mark.parametrize("k", [0.1, 10.0, 100.0])
@pytest.mark.parametrize("loss", ["topk", "ce", "focal"])
def test_an_ignored_voxel_counts_nowhere(several, k, loss):
    logits, labels = several
    target = one_hot(labels)
    ignore = torch.zeros(2, 1, 5, 6, dtype=torch.bool)
    ignore[..., 3:] = True
    made = {"topk": TopK(k), "ce": CrossEntropy([1, 2, 3]), "focal": Focal()}[loss]
    cut = made(logits[..., :3], target[..., :3])
    torch.testing.assert_close(made(logits, target, ignore=ignore), cut, **EXACT)
