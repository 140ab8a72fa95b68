"""What every loss keeps to, whatever it computes."""

import pytest
import torch
from every_loss import CASES, IDS, batch, build
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

every_loss = pytest.mark.parametrize(("channels", "name", "arguments"), CASES, ids=IDS)
HALF_TO_FLOAT = 1e-6  # the same float32 sums, in another order


def value_and_gradient(loss, logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    logits = logits.detach().clone().requires_grad_()
    value = loss(logits, target)
    return value.detach(), torch.autograd.grad(value, logits)[0]


def assert_finite(loss, logits: Tensor, target: Tensor) -> None:
    value, gradient = value_and_gradient(loss, logits, target)
    assert value.shape == ()
    assert torch.isfinite(value)
    assert torch.isfinite(gradient).all()


def mask(like: Tensor, kind: str) -> Tensor:
    """Nothing labelled, everything labelled as the last class, or as it was."""
    if kind == "as drawn":
        return like
    hard = torch.zeros_like(like)
    if like.shape[1] == 1:
        hard += kind == "full"
    else:
        hard[:, -1 if kind == "full" else 0] = 1
    return hard


@every_loss
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("size", [1.0, 1e4])
@pytest.mark.parametrize("kind", ["as drawn", "empty", "full"])
def test_loss_and_gradient_are_finite(channels, name, arguments, dtype, size, kind):
    logits, target = batch(channels, dtype=dtype)
    sign = logits.sign() if size > 1 else logits
    loss = build(channels, name, arguments)
    for direction in (size, -size):
        assert_finite(loss, direction * sign, mask(target, kind))
    # sure and right, sure and wrong
    for direction in (size, -size):
        assert_finite(loss, direction * (2 * mask(target, kind) - 1), mask(target, kind))


@every_loss
def test_one_voxel_is_enough(channels, name, arguments):
    logits, target = batch(channels)
    assert_finite(build(channels, name, arguments), logits[:1, ..., :1, :1], target[:1, ..., :1, :1])


@every_loss
def test_ignoring_everything_is_finite(channels, name, arguments):
    logits, target = batch(channels)
    ignore = torch.ones(2, 1, 6, 5, dtype=torch.bool)
    loss = build(channels, name, arguments)
    assert_finite(lambda x, y: loss(x, y, ignore=ignore), logits, target)


@every_loss
def test_an_ignored_voxel_gets_no_gradient_and_its_label_does_not_matter(channels, name, arguments):
    logits, target = batch(channels)
    ignore = torch.rand(2, 1, 6, 5, generator=torch.Generator().manual_seed(5)) > 0.7
    loss = build(channels, name, arguments)
    value, gradient = value_and_gradient(lambda x, y: loss(x, y, ignore=ignore), logits, target)
    other = torch.where(ignore, target.roll(1, dims=-1), target)
    assert torch.count_nonzero(gradient * ignore) == 0
    torch.testing.assert_close(loss(logits, other, ignore=ignore), value)


@every_loss
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_half_precision_is_summed_in_float32(channels, name, arguments, dtype):
    logits, target = batch(channels, dtype=dtype)
    loss = build(channels, name, arguments)
    value, gradient = value_and_gradient(loss, logits, target)
    exact, exact_gradient = value_and_gradient(loss, logits.float(), target.float())
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, exact, rtol=HALF_TO_FLOAT, atol=HALF_TO_FLOAT)
    torch.testing.assert_close(gradient, exact_gradient.to(dtype))


@every_loss
def test_autocast_changes_nothing(channels, name, arguments):
    logits, target = batch(channels)
    loss = build(channels, name, arguments)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value, gradient = value_and_gradient(loss, logits, target)
    exact, exact_gradient = value_and_gradient(loss, logits, target)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, exact, rtol=0, atol=0)
    torch.testing.assert_close(gradient, exact_gradient, rtol=0, atol=0)


@every_loss
def test_float64_stays_float64(channels, name, arguments):
    logits, target = batch(channels, dtype=torch.float64)
    assert build(channels, name, arguments)(logits, target).dtype == torch.float64


class NothingIsReadBack(TorchDispatchMode):
    """Fails on the operators that would wait for the device."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = str(func)
        assert not any(word in name for word in ("_local_scalar_dense", "nonzero", "masked_select", "equal.default"))
        return func(*args, **(kwargs or {}))


@every_loss
@pytest.mark.parametrize("with_ignore", [False, True])
def test_nothing_is_read_back_to_the_host(channels, name, arguments, with_ignore):
    logits, target = batch(channels)
    ignore = (torch.rand(2, 1, 6, 5) > 0.7) if with_ignore else None
    loss = build(channels, name, arguments)
    with NothingIsReadBack():
        value_and_gradient(lambda x, y: loss(x, y, ignore=ignore), logits, target)


@every_loss
@pytest.mark.parametrize("shared_target", [False, True])
def test_vmap_over_lanes_is_one_lane_after_the_other(channels, name, arguments, shared_target):
    drawn = [batch(channels, seed=seed, dtype=torch.float64) for seed in range(3)]
    loss = build(channels, name, arguments)
    logits = torch.stack([x for x, _ in drawn])
    targets = drawn[0][1] if shared_target else torch.stack([y for _, y in drawn])
    axes = (0, None if shared_target else 0)
    gradients, values = torch.func.vmap(torch.func.grad_and_value(loss), in_dims=axes)(logits, targets)
    for lane, (x, y) in enumerate(drawn):
        value, gradient = value_and_gradient(loss, x, drawn[0][1] if shared_target else y)
        torch.testing.assert_close(values[lane], value)
        torch.testing.assert_close(gradients[lane], gradient)


# torch's own tracer instantiates autograd functions, which torch itself deprecates
@pytest.mark.slow  # torch takes seconds for each
@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
@every_loss
def test_it_compiles_whole(channels, name, arguments):
    logits, target = batch(channels, dtype=torch.float64)
    loss = build(channels, name, arguments)
    torch._dynamo.reset()
    compiled = torch.compile(loss, backend="aot_eager", fullgraph=True)
    value, gradient = value_and_gradient(compiled, logits, target)
    exact, exact_gradient = value_and_gradient(loss, logits, target)
    torch.testing.assert_close(value, exact)
    torch.testing.assert_close(gradient, exact_gradient)
