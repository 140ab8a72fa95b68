import itertools

import pytest
import torch
from loss_oracles import jaccard_loss, lovasz_extension, one_hot

from segsweep.losses import Lovasz, LovaszHinge
from segsweep.losses.lovasz import jaccard_extension

SURE = 40.0  # a logit whose sigmoid is 0 or 1 in float64


@pytest.mark.parametrize("voxels", [1, 2, 3, 4])
def test_on_every_pair_of_hard_masks_it_is_one_minus_jaccard(voxels):
    masks = torch.tensor(list(itertools.product([0.0, 1.0], repeat=voxels)), dtype=torch.float64)
    for y, predicted in itertools.product(masks, masks):
        labelled = frozenset(torch.nonzero(y).flatten().tolist())
        mistakes = frozenset(torch.nonzero(y != predicted).flatten().tolist())
        logits = SURE * (2 * predicted - 1)
        loss = Lovasz()(logits.reshape(1, 1, -1), y.reshape(1, 1, -1))
        assert loss.item() == pytest.approx(jaccard_loss(mistakes, labelled), abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("ties", [False, True])
def test_it_is_the_lovasz_extension_of_random_errors(seed, ties):
    generator = torch.Generator().manual_seed(seed)
    errors = torch.rand(4, 3, 9, generator=generator, dtype=torch.float64)
    errors = (errors * 4).round() / 4 if ties else errors
    y = (torch.rand(4, 3, 9, generator=generator) > 0.6).double()
    y[0] = 0  # nothing labelled
    y[1] = 1  # everything labelled
    found = jaccard_extension(errors, y)
    for row in itertools.product(range(4), range(3)):
        expected = lovasz_extension(errors[row].tolist(), y[row].tolist())
        assert found[row].item() == pytest.approx(expected, abs=1e-12)


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 3, (3, 4, 5), generator=generator)
    labels[0][labels[0] == 2] = 0
    return torch.randn(3, 3, 4, 5, generator=generator, dtype=torch.float64), one_hot(labels, 3)


@pytest.mark.parametrize("phi", ["image", "batch"])
@pytest.mark.parametrize("classes", ["all", "present"])
@pytest.mark.parametrize("background", [False, True])
def test_softmax_form_is_the_mean_over_its_phis(batch, phi, classes, background):
    logits, target = batch
    errors = (target - logits.softmax(1)).abs()
    losses = []
    for label in range(0 if background else 1, 3):
        images = [slice(None)] if phi == "batch" else [slice(image, image + 1) for image in range(3)]
        for image in images:
            y = target[image, label].flatten().tolist()
            if classes == "all" or any(y):
                losses.append(lovasz_extension(errors[image, label].flatten().tolist(), y))
    loss = Lovasz(phi=phi, classes=classes, background=background)(logits, target)
    assert loss.item() == pytest.approx(sum(losses) / len(losses), abs=1e-12)


@pytest.mark.parametrize("phi", ["image", "batch"])
def test_hinge_form_is_the_extension_of_the_hinge_errors(phi):
    logits = torch.randn(2, 1, 8, dtype=torch.float64)
    target = (torch.rand(2, 1, 8) > 0.5).double()
    errors = (1 - logits * (2 * target - 1)).clamp_min(0)
    rows = [slice(None)] if phi == "batch" else [0, 1]
    expected = [lovasz_extension(errors[row].flatten().tolist(), target[row].flatten().tolist()) for row in rows]
    assert LovaszHinge(phi=phi)(logits, target).item() == pytest.approx(sum(expected) / len(expected), abs=1e-12)


@pytest.mark.parametrize("loss", [Lovasz(), Lovasz(phi="batch", background=True), Lovasz(classes="present")])
def test_gradient_passes_gradcheck(batch, loss):
    logits, target = batch
    assert torch.autograd.gradcheck(lambda x: loss(x, target), (logits.requires_grad_(),))


def test_hinge_gradient_passes_gradcheck():
    logits = torch.randn(2, 1, 8, dtype=torch.float64, requires_grad=True)
    target = (torch.rand(2, 1, 8) > 0.5).double()
    assert torch.autograd.gradcheck(lambda x: LovaszHinge()(x, target), (logits,))


def test_slopes_keep_their_digits_in_float32():
    generator = torch.Generator().manual_seed(0)
    errors = torch.rand(1, 200_000, generator=generator)
    y = (torch.rand(1, 200_000, generator=generator) > 0.5).float()
    slopes = []
    for dtype in (torch.float32, torch.float64):
        own = errors.to(dtype).requires_grad_()
        slopes.append(torch.autograd.grad(jaccard_extension(own, y.to(dtype)).sum(), own)[0].double())
    # equal order, so the difference is rounding alone; a difference of two Δ would be off by some per cent here
    torch.testing.assert_close(slopes[0], slopes[1], rtol=1e-5, atol=0)


@pytest.mark.parametrize("phi", ["image", "batch"])
def test_an_ignored_voxel_counts_nowhere(batch, phi):
    logits, target = batch
    ignore = torch.zeros(3, 1, 4, 5, dtype=torch.bool)
    ignore[..., 3:] = True
    loss = Lovasz(phi=phi)
    torch.testing.assert_close(loss(logits, target, ignore=ignore), loss(logits[..., :3], target[..., :3]))


def test_an_absent_class_costs_its_largest_error(batch):
    logits, _ = batch
    target = torch.zeros_like(logits)
    target[:, 0] = 1
    largest = logits.softmax(1)[:, 1:].flatten(2).amax(-1).mean()
    torch.testing.assert_close(Lovasz()(logits, target), largest)
    assert Lovasz(classes="present")(logits, target).item() == 0


def test_phi_over_classes_and_many_channels_of_the_hinge_are_refused():
    with pytest.raises(ValueError, match="phi is 'class'"):
        Lovasz(phi="class")
    with pytest.raises(ValueError, match="got 3 channels"):
        LovaszHinge()(torch.zeros(1, 3, 2), torch.zeros(1, 3, 2))
