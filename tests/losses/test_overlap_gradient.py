import itertools

import pytest
import torch

from segsweep.losses import Tversky
from segsweep.losses.counts import classic_counts
from segsweep.losses.overlap_gradient import overlap_gradient
from segsweep.losses.phi import Phi
from segsweep.theory import dice_gradient

CENTRAL_DIFFERENCE = 1e-7  # steps of 1e-5 on losses of curvature about 1
WEIGHTS = {"dice": (0.5, 0.5), "jaccard": (1.0, 1.0), "tversky": (0.3, 0.7)}
CASES = ["normal", "missing", "empty"]


def label(case: str) -> torch.Tensor:
    """Two images, two classes; in `missing` one class of one image has no label, in `empty` one whole image."""
    y = (torch.rand(2, 2, 7, generator=torch.Generator().manual_seed(1)) > 0.5).double()
    if case == "missing":
        y[1, 0] = 0
    if case == "empty":
        y[1] = 0
    return y


def probabilities() -> torch.Tensor:
    return torch.rand(2, 2, 7, generator=torch.Generator().manual_seed(2), dtype=torch.float64) * 0.9 + 0.05


def loss_of(p: torch.Tensor, y: torch.Tensor, phi: str, epsilon: float, loss: str) -> torch.Tensor:
    """The loss as a function of probabilities, so that one of them can move alone."""
    alpha, beta = WEIGHTS[loss]
    return Tversky(alpha, beta, phi=phi, epsilon=epsilon).of_counts(classic_counts(p, y, first=0))


ALL = list(itertools.product(["image", "class", "batch", "all"], CASES, [1e-7, 1.0, 20.0], WEIGHTS))


@pytest.mark.parametrize(("phi", "case", "epsilon", "loss"), ALL)
def test_closed_form_is_autograd_and_finite_differences(phi, case, epsilon, loss):
    p, y = probabilities().requires_grad_(), label(case)
    alpha, beta = WEIGHTS[loss]
    closed = overlap_gradient(p.detach(), y, phi=Phi(phi), epsilon=epsilon, alpha=alpha, beta=beta)
    (automatic,) = torch.autograd.grad(loss_of(p, y, phi, epsilon, loss), p)
    torch.testing.assert_close(closed, automatic, rtol=1e-12, atol=1e-12)
    step = 1e-5
    for index in itertools.product(range(2), range(2), range(7)):
        shift = torch.zeros_like(y)
        shift[index] = step
        above, below = (loss_of(p.detach() + side * shift, y, phi, epsilon, loss).item() for side in (1, -1))
        assert closed[index].item() == pytest.approx((above - below) / (2 * step), abs=CENTRAL_DIFFERENCE)


@pytest.mark.parametrize(
    ("form", "denominator"), [("classic", "linear"), ("classic", "squared"), ("semimetric", "linear")]
)
@pytest.mark.parametrize("phi", ["image", "class", "batch", "all"])
def test_gradients_to_logits_and_labels_pass_gradcheck(form, denominator, phi):
    loss = Tversky(0.3, 0.7, phi=phi, form=form, denominator=denominator, epsilon=0.5)
    logits = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    target = torch.rand(2, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(loss, (logits, target))
    assert torch.autograd.gradgradcheck(loss, (logits, target))


def test_within_one_phi_there_are_two_values_which_theory_names():
    p, y = probabilities()[:1, :1], label("normal")[:1, :1]
    gradient = overlap_gradient(p, y, phi=Phi.IMAGE, epsilon=3.0)
    overlap, volumes = (p * y).sum().item(), (p + y).sum().item()
    expected = torch.where(
        y == 1,
        float(dice_gradient.on_labelled_voxels(overlap, volumes, 3.0)),
        float(dice_gradient.on_unlabelled_voxels(overlap, volumes, 3.0)),
    )
    torch.testing.assert_close(gradient, expected.double())


def test_a_perfect_prediction_has_slopes_of_one_over_twice_the_volume():
    y = torch.zeros(1, 1, 10, dtype=torch.float64)
    y[..., :4] = 1
    gradient = overlap_gradient(y, y, phi=Phi.IMAGE, epsilon=0.0)
    assert gradient[0, 0, 0].item() == pytest.approx(-1 / 8)
    assert gradient[0, 0, -1].item() == pytest.approx(float(dice_gradient.at_a_perfect_prediction(4)))


def test_an_empty_label_has_the_gradient_that_theory_names():
    p = probabilities()[:1, :1]
    gradient = overlap_gradient(p, torch.zeros_like(p), phi=Phi.IMAGE, epsilon=3.0)
    expected = float(dice_gradient.on_an_empty_label(p.sum().item(), 3.0))
    torch.testing.assert_close(gradient, torch.full_like(p, expected))


def test_per_image_a_negligible_epsilon_ignores_an_empty_image_and_per_batch_it_is_pushed_down():
    p, y = probabilities(), label("empty")
    ignored = overlap_gradient(p, y, phi=Phi.IMAGE, epsilon=1e-7)[1]
    pushed = overlap_gradient(p, y, phi=Phi.BATCH, epsilon=1e-7)[1]
    learned = overlap_gradient(p, y, phi=Phi.IMAGE, epsilon=float(y[0].sum()))[1]
    assert ignored.abs().max() < 1e-7
    assert pushed.min() > 1e-2
    assert learned.min() > 1e-3
