import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from loss_oracles import logit

from segsweep.losses import Dice, Jaccard, Tversky

ROUNDING = 1e-12  # float64 sums of a few dozen numbers
PHIS = st.sampled_from(["image", "class", "batch", "all"])
EPSILONS = st.sampled_from([0.0, 1e-7, 0.5, 30.0])
COMMON = st.fixed_dictionaries(
    {
        "phi": PHIS,
        "epsilon": EPSILONS,
        "epsilon_in": st.sampled_from(["both", "denominator"]),
        "form": st.sampled_from(["classic", "semimetric"]),
        "classes": st.sampled_from(["all", "present"]),
        "background": st.booleans(),
    }
)


@st.composite
def batches(draw, *, images=(1, 3), channels=(1, 4)):
    """Logits and hard labels, some classes and images empty."""
    shape = (draw(st.integers(*images)), draw(st.integers(*channels)), draw(st.integers(1, 8)))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    logits = 3 * torch.randn(shape, generator=generator, dtype=torch.float64)
    if shape[1] == 1:
        return logits, (torch.rand(shape, generator=generator) > draw(st.sampled_from([0.5, 1.0]))).double()
    labels = torch.randint(0, draw(st.integers(1, shape[1])), (shape[0], shape[2]), generator=generator)
    return logits, torch.nn.functional.one_hot(labels, shape[1]).movedim(-1, 1).double()


def close(a, b):
    torch.testing.assert_close(a, b, rtol=0, atol=ROUNDING)


@given(batches(), COMMON)
def test_tversky_at_one_half_is_dice(batch, options):
    close(Tversky(0.5, 0.5, **options)(*batch), Dice(**options)(*batch))


@given(batches(), COMMON)
def test_tversky_at_one_is_jaccard(batch, options):
    close(Tversky(1.0, 1.0, **options)(*batch), Jaccard(**options)(*batch))


@given(batches(images=(1, 1), channels=(1, 1)), st.sampled_from(["classic", "semimetric"]))
def test_jaccard_is_dice_over_two_minus_dice(batch, form):
    dice = 1 - Dice(epsilon=0.0, form=form)(*batch)
    close(1 - Jaccard(epsilon=0.0, form=form)(*batch), dice / (2 - dice))


@given(batches(images=(1, 1)), COMMON)
def test_over_the_batch_of_one_image_is_per_image(batch, options):
    narrower = {"batch": "image", "all": "class"}
    if options["phi"] in narrower:
        close(Dice(**options)(*batch), Dice(**options | {"phi": narrower[options["phi"]]})(*batch))


@given(batches(channels=(1, 2)), COMMON)
def test_over_the_classes_with_one_class_is_per_class(batch, options):
    options["background"] = False
    narrower = {"class": "image", "all": "batch"}
    if options["phi"] in narrower:
        close(Dice(**options)(*batch), Dice(**options | {"phi": narrower[options["phi"]]})(*batch))


@given(batches(), COMMON)
def test_semimetric_is_classic_on_hard_labels(batch, options):
    close(Dice(**options | {"form": "semimetric"})(*batch), Dice(**options | {"form": "classic"})(*batch))


@given(batches(channels=(1, 1)), COMMON)
def test_a_sigmoid_is_a_softmax_over_two_channels(batch, options):
    logits, target = batch
    two = torch.cat([torch.zeros_like(logits), logits], 1), torch.cat([1 - target, target], 1)
    close(Dice(**options)(logits, target), Dice(**options)(*two))


@given(batches(), COMMON, st.floats(0.1, 10))
def test_only_the_ratio_of_class_weights_matters(batch, options, scale):
    classes = max(batch[0].shape[1], 2) - (0 if options["background"] else 1)
    weights = [float(index + 1) for index in range(classes)]
    one, other = (Tversky(0.3, 0.7, **options, class_weights=w) for w in (weights, [scale * w for w in weights]))
    close(one(*batch), other(*batch))


@given(batches(), COMMON)
def test_the_order_of_images_and_of_voxels_does_not_matter(batch, options):
    flipped = tuple(maps.flip(0).flip(2) for maps in batch)
    close(Tversky(0.3, 0.7, **options)(*batch), Tversky(0.3, 0.7, **options)(*flipped))


@given(batches(), COMMON)
def test_the_loss_lies_between_zero_and_one(batch, options):
    loss = Tversky(0.3, 0.7, **options)(*batch).item()
    assert -ROUNDING <= loss <= 1 + ROUNDING


def minimiser(form: str) -> float:
    """Where the loss of one voxel with soft label ½ is lowest."""
    grid = torch.linspace(0.001, 0.999, 999, dtype=torch.float64)
    target = torch.full((1, 1, 1), 0.5, dtype=torch.float64)
    loss = Dice(form=form, epsilon=0.0)
    values = torch.stack([loss(logit(q.reshape(1, 1, 1)), target) for q in grid])
    return grid[values.argmin()].item()


def test_a_soft_label_of_one_half_pulls_classic_dice_to_one_and_the_semimetric_to_one_half():
    assert minimiser("classic") == pytest.approx(0.999)
    assert minimiser("semimetric") == pytest.approx(0.5)
