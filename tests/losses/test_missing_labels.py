import pytest
import torch
from loss_oracles import one_hot, overlap_loss

from segsweep.losses import Dice, LeafDice, MarginalDice


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 4, (3, 5, 6), generator=generator)
    labels[0][labels[0] == 2] = 0  # class 2 is missing in the first image
    labels[1] = 0  # nothing is labelled in the second
    return torch.randn(3, 4, 5, 6, generator=generator, dtype=torch.float64), one_hot(labels, 4)


def test_leaf_dice_is_the_mean_over_present_classes_of_images_with_labels(batch):
    logits, target = batch
    losses = []
    for image, present in [(0, [1, 3]), (2, [1, 2, 3])]:
        p, y = logits.softmax(1)[image : image + 1, present].flatten(2), target[image : image + 1, present].flatten(2)
        losses.append(overlap_loss(p, y, epsilon=[0.5] * len(present), epsilon_in="denominator"))
    assert LeafDice(epsilon=0.5)(*batch).item() == pytest.approx(sum(losses) / 2, abs=1e-12)


def test_marginal_dice_gives_missing_classes_to_the_background(batch):
    logits, target = batch
    losses = []
    for image, present in [(0, [1, 3]), (1, []), (2, [1, 2, 3])]:
        p, y = logits.softmax(1)[image], target[image]
        missing = [label for label in (1, 2, 3) if label not in present]
        p = torch.stack([p[0] + p[missing].sum(0), *(p[label] for label in present)])
        y = torch.stack([y[0], *(y[label] for label in present)])
        losses.append(overlap_loss(p[None].flatten(2), y[None].flatten(2), epsilon=[0.5] * len(p)))
    assert MarginalDice(epsilon=0.5)(*batch).item() == pytest.approx(sum(losses) / 3, abs=1e-12)


def test_with_every_class_present_marginal_dice_is_dice_with_background(batch):
    logits, target = batch[0][2:], batch[1][2:]
    torch.testing.assert_close(MarginalDice()(logits, target), Dice(background=True)(logits, target))


def test_marginal_dice_is_indifferent_between_background_and_a_missing_class(batch):
    logits, target = batch[0][:1].requires_grad_(), batch[1][:1]
    p = logits.softmax(1)
    moved = p + torch.tensor([-0.01, 0.0, 0.01, 0.0], dtype=torch.float64).reshape(1, 4, 1, 1) * p[:, :1]
    torch.testing.assert_close(MarginalDice()(moved.log(), target), MarginalDice()(p.log(), target))


def test_leaf_dice_ignores_images_without_labels(batch):
    logits, target = batch[0].clone().requires_grad_(), batch[1]
    (gradient,) = torch.autograd.grad(LeafDice()(logits, target), logits)
    assert torch.count_nonzero(gradient[1]) == 0
    assert LeafDice()(logits[1:2], target[1:2]).item() == 0


def test_leaf_dice_of_a_binary_task_is_dice_over_present_images():
    logits = torch.randn(3, 1, 8, dtype=torch.float64)
    target = torch.zeros_like(logits)
    target[0, 0, :3] = target[2, 0, 5:] = 1
    present = Dice(classes="present", epsilon_in="denominator")
    torch.testing.assert_close(LeafDice()(logits, target), present(logits, target))


@pytest.mark.parametrize("loss", [LeafDice(), MarginalDice()])
def test_gradient_passes_gradcheck(batch, loss):
    logits, target = batch
    assert torch.autograd.gradcheck(lambda x: loss(x, target), (logits.requires_grad_(),))


def test_marginal_dice_refuses_a_binary_task():
    with pytest.raises(ValueError, match="two or more foreground labels"):
        MarginalDice()(torch.zeros(1, 1, 2), torch.zeros(1, 1, 2))
