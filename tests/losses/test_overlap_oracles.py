import itertools

import pytest
import torch
from loss_oracles import one_hot, overlap_loss
from monai.losses import DiceLoss, GeneralizedDiceLoss, TverskyLoss

from segsweep.losses import Dice, Jaccard, Tversky

AGREEMENT = 1e-6  # float64; the bar set for independent implementations


@pytest.fixture
def batch() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(3, 4, 5, 6, generator=generator, dtype=torch.float64) * 2
    labels = torch.randint(0, 4, (3, 5, 6), generator=generator)
    labels[1][labels[1] == 2] = 0  # one class is absent from one image
    return logits, one_hot(labels, 4)


@pytest.mark.parametrize("over_batch", [False, True])
@pytest.mark.parametrize("background", [False, True])
@pytest.mark.parametrize("squared", [False, True])
def test_dice_is_monais_dice(batch, over_batch, background, squared):
    ours = Dice(
        phi="batch" if over_batch else "image",
        epsilon=0.3,
        background=background,
        denominator="squared" if squared else "linear",
    )
    theirs = DiceLoss(
        include_background=background,
        softmax=True,
        batch=over_batch,
        squared_pred=squared,
        smooth_nr=0.3,
        smooth_dr=0.3,
    )
    assert ours(*batch).item() == pytest.approx(theirs(*batch).item(), abs=AGREEMENT)


def test_binary_dice_is_monais_dice():
    logits = torch.randn(3, 1, 5, 6, dtype=torch.float64)
    target = (torch.rand(3, 1, 5, 6) > 0.6).double()
    theirs = DiceLoss(sigmoid=True, smooth_nr=0.3, smooth_dr=0.3)
    assert Dice(epsilon=0.3)(logits, target).item() == pytest.approx(theirs(logits, target).item(), abs=AGREEMENT)


@pytest.mark.parametrize(("phi", "over_batch"), [("class", False), ("all", True)])
def test_dice_over_classes_is_monais_generalised_dice_with_equal_weights(batch, phi, over_batch):
    theirs = GeneralizedDiceLoss(
        include_background=False, softmax=True, w_type="uniform", batch=over_batch, smooth_nr=0.3, smooth_dr=0.3
    )
    assert Dice(phi=phi, epsilon=0.3)(*batch).item() == pytest.approx(theirs(*batch).item(), abs=AGREEMENT)


@pytest.mark.parametrize("over_batch", [False, True])
def test_jaccard_is_monais_jaccard(batch, over_batch):
    theirs = DiceLoss(
        include_background=False, softmax=True, jaccard=True, batch=over_batch, smooth_nr=0.3, smooth_dr=0.3
    )
    ours = Jaccard(epsilon=0.3, phi="batch" if over_batch else "image")
    assert ours(*batch).item() == pytest.approx(theirs(*batch).item(), abs=AGREEMENT)


def test_tversky_is_monais_at_twice_the_smoothing(batch):
    theirs = TverskyLoss(include_background=False, softmax=True, alpha=0.3, beta=0.7, smooth_nr=0.3, smooth_dr=0.3)
    assert Tversky(0.3, 0.7, epsilon=0.6)(*batch).item() == pytest.approx(theirs(*batch).item(), abs=AGREEMENT)


def test_semimetric_is_monais_soft_label_dice():
    logits, target = torch.randn(2, 3, 7, dtype=torch.float64), torch.rand(2, 3, 7, dtype=torch.float64)
    theirs = DiceLoss(include_background=False, softmax=True, soft_label=True, smooth_nr=0.3, smooth_dr=0.3)
    ours = Dice(form="semimetric", epsilon=0.3)
    assert ours(logits, target).item() == pytest.approx(theirs(logits, target).item(), abs=AGREEMENT)


FORMS = [("classic", "linear"), ("classic", "squared"), ("semimetric", "linear")]
SETTINGS = list(
    itertools.product(
        ["image", "class", "batch", "all"], FORMS, ["both", "denominator"], ["all", "present"], [None, [1.0, 0.0, 3.0]]
    )
)


@pytest.mark.parametrize(("phi", "form", "epsilon_in", "classes", "weights"), SETTINGS)
def test_every_setting_agrees_with_a_loop_over_voxels(batch, phi, form, epsilon_in, classes, weights):
    epsilon = [0.5, 2.0, 4.0]
    options = {"phi": phi, "form": form[0], "denominator": form[1], "epsilon_in": epsilon_in, "classes": classes}
    ours = Tversky(0.3, 0.9, epsilon=epsilon, class_weights=weights, **options)
    logits, target = batch
    p, y = logits.softmax(1)[:, 1:].flatten(2), target[:, 1:].flatten(2)
    expected = overlap_loss(p, y, alpha=0.3, beta=0.9, epsilon=epsilon, class_weights=weights, **options)
    assert ours(logits, target).item() == pytest.approx(expected, abs=AGREEMENT)


@pytest.mark.parametrize("phi", ["image", "class", "batch", "all"])
@pytest.mark.parametrize("form", ["classic", "semimetric"])
def test_an_ignored_voxel_counts_nowhere(batch, phi, form):
    logits, target = batch
    ignore = torch.zeros(3, 1, 5, 6, dtype=torch.bool)
    ignore[..., 4:] = True
    loss = Dice(phi=phi, form=form, epsilon=1.0, background=True)
    cut = loss(logits[..., :4], target[..., :4])
    torch.testing.assert_close(loss(logits, target, ignore=ignore), cut)


def test_one_epsilon_per_class_is_never_broadcast(batch):
    with pytest.raises(ValueError, match="epsilon has 4 entries for 3 classes"):
        Dice(epsilon=[1.0, 1.0, 1.0, 1.0])(*batch)
    with pytest.raises(ValueError, match="class_weights has 1 entries for 3 classes"):
        Dice(class_weights=[1.0])(*batch)


def test_the_semimetric_form_with_squared_volumes_is_refused():
    with pytest.raises(ValueError, match="'semimetric' with denominator 'squared'"):
        Dice(form="semimetric", denominator="squared")


def test_epsilon_zero_on_an_empty_phi_is_perfect_and_gives_no_gradient():
    logits = torch.full((2, 1, 6), -1e4, dtype=torch.float64, requires_grad=True)  # sigmoid is exactly 0
    loss = Dice(epsilon=0.0)(logits, torch.zeros(2, 1, 6, dtype=torch.float64))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert loss.item() == 0
    assert torch.count_nonzero(gradient) == 0


@pytest.mark.parametrize("epsilon", [0.0, 1e-7, 1.0, 1e4])
def test_with_epsilon_in_the_denominator_only_an_empty_label_gives_no_gradient(epsilon):
    p = torch.rand(2, 1, 6, dtype=torch.float64, requires_grad=True)
    loss = Dice(epsilon=epsilon, epsilon_in="denominator")(torch.logit(p), torch.zeros_like(p))
    (gradient,) = torch.autograd.grad(loss, p)
    assert torch.count_nonzero(gradient) == 0


def test_without_any_present_class_the_loss_is_zero(batch):
    logits, target = batch
    empty = torch.zeros_like(target)
    empty[:, 0] = 1
    assert Dice(classes="present")(logits, empty).item() == 0
