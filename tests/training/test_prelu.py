import copy

import pytest
import torch
from torch import nn
from torch.func import functional_call, vmap

from segsweep.spec.settings import Network
from segsweep.training.layout import put_few_channels_innermost, quicken_layers
from segsweep.training.networks import build_network
from segsweep.training.prelu import OneSlope, has_one_slope


def values(shape: tuple[int, ...], seed: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Of both signs, with zeros of both signs among them."""
    drawn = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    drawn[drawn.abs() < 0.1] = 0.0
    drawn[0, 0, 0] *= -0.0
    return drawn


def gradients(module: nn.PReLU, images: torch.Tensor, back: torch.Tensor) -> tuple[torch.Tensor, ...]:
    images = images.clone().requires_grad_()
    module.zero_grad()
    out = module(images)
    out.backward(back)
    assert images.grad is not None
    assert module.weight.grad is not None
    return out.detach(), images.grad, module.weight.grad


@pytest.mark.parametrize("slope", [0.25, 0.0, 1.0, -0.3, 1.7])
@pytest.mark.parametrize("shape", [(3, 2, 5, 7), (2, 3, 4, 5, 6)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("innermost", [(), (0,), (1,), (0, 1)], ids=["none", "images", "gradient", "both"])
def test_numbers_are_those_of_torch_to_the_last_bit(
    slope: float, shape: tuple[int, ...], dtype: torch.dtype, innermost: tuple[int, ...]
) -> None:
    plain = nn.PReLU(init=slope).to(dtype)
    quick = OneSlope(copy.deepcopy(plain))
    layout = torch.channels_last if len(shape) == 4 else torch.channels_last_3d
    images, back = (
        values(shape, seed, dtype).to(memory_format=layout if seed in innermost else torch.contiguous_format)
        for seed in (0, 1)
    )
    for one, other in zip(gradients(plain, images, back), gradients(quick, images, back), strict=True):
        assert torch.equal(one, other)
        assert one.dtype == other.dtype


def test_gradients_agree_with_finite_differences() -> None:
    module = OneSlope(nn.PReLU().to(torch.float64))
    images = torch.randn(2, 2, 3, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    images = images.sign() * (0.1 + images.abs())

    def activated(images: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = functional_call(module, {"weight": weight}, (images,))
        return found

    weight = torch.tensor([0.3], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(activated, (images.requires_grad_(), weight))


@pytest.mark.parametrize("dims", [(0, 0), (0, None), (None, 0)])
def test_stacked_activations_are_those_of_each_alone(dims: tuple[int | None, int | None]) -> None:
    module = OneSlope(nn.PReLU())

    def alone(image: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = functional_call(module, {"weight": slope}, (image,))
        return found

    def given() -> tuple[torch.Tensor, torch.Tensor]:
        images = torch.stack([values((3, 2, 4, 4), seed) for seed in range(4)])
        slopes = torch.tensor([[0.1], [0.25], [-0.5], [2.0]])
        shown, learned = (each if dim == 0 else each[0] for each, dim in zip((images, slopes), dims, strict=True))
        return shown.requires_grad_(), learned.requires_grad_()

    stacked, one_by_one = given(), given()
    together = vmap(alone, dims)(*stacked)
    expected = torch.stack(
        [
            alone(*(each if dim is None else each[lane] for each, dim in zip(one_by_one, dims, strict=True)))
            for lane in range(4)
        ]
    )
    assert torch.equal(together, expected)
    together.square().sum().backward()  # type: ignore[no-untyped-call]
    expected.square().sum().backward()  # type: ignore[no-untyped-call]
    for mine, other in zip(stacked, one_by_one, strict=True):
        torch.testing.assert_close(mine.grad, other.grad)


def test_second_derivatives_are_refused_rather_than_wrong() -> None:
    images = values((1, 1, 4, 4), 0).requires_grad_()
    (first,) = torch.autograd.grad(OneSlope(nn.PReLU())(images).square().sum(), images, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("outputs", [1, 2, 3])
@pytest.mark.parametrize("axes", [2, 3])
@pytest.mark.parametrize("preset", ["unet-s", "unet-m", "unet-l"])
def test_the_gradients_of_a_whole_network_are_those_that_it_had(preset: str, axes: int, outputs: int) -> None:
    made = build_network(Network(preset=preset), axes=axes, channels=1, outputs=outputs, seed=0)
    put_few_channels_innermost(made)
    quick = copy.deepcopy(made)
    quicken_layers(quick, has_one_slope, OneSlope)
    images = values((2, 1, *(16,) * axes), 0)
    for network in (made, quick):
        network(images).square().sum().backward()
    for mine, other in zip(quick.parameters(), made.parameters(), strict=True):
        assert mine.grad is not None
        assert other.grad is not None
        assert torch.equal(mine.grad, other.grad)
