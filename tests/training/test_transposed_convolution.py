import pytest
import torch
from torch import nn
from torch.func import functional_call, vmap

from segsweep.training.transposed_convolution import DoubleToOneMap, Transposed, doubles_to_one_map


def transposed(axes: int, *, bias: bool = True, seed: int = 0) -> Transposed:
    torch.manual_seed(seed)
    kind = nn.ConvTranspose2d if axes == 2 else nn.ConvTranspose3d
    return kind(5, 1, 3, stride=2, padding=1, output_padding=1, bias=bias, dtype=torch.float64)


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def results(module: nn.Module, images: torch.Tensor) -> list[torch.Tensor]:
    images = images.clone().requires_grad_()
    module.zero_grad()
    maps = module(images)
    (maps * drawn(*maps.shape)).sum().backward()
    return [maps.detach(), images.grad, *(each.grad for each in module.parameters())]  # type: ignore[list-item]


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (2, 7), (8, 8), (1, 3, 2), (4, 5, 6)])
def test_results_are_those_of_torch(size: tuple[int, ...], bias: bool) -> None:
    made = transposed(len(size), bias=bias)
    quick, images = DoubleToOneMap(made), drawn(3, 5, *size)
    for mine, other in zip(results(quick, images), results(made, images), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-12)


def test_a_single_voxel_gives_its_quarter_of_the_kernel() -> None:
    made = transposed(2, bias=False)
    maps = DoubleToOneMap(made)(torch.eye(5, dtype=torch.float64).view(5, 5, 1, 1))
    torch.testing.assert_close(maps[:, 0], made.weight[:, 0, 1:, 1:])


@pytest.mark.parametrize("axes", [2, 3])
def test_stacked_layers_are_those_of_each_alone(axes: int) -> None:
    layers = [DoubleToOneMap(transposed(axes, seed=seed)) for seed in range(4)]
    weights = {
        name: torch.stack([dict(each.named_parameters())[name] for each in layers]) for name in ("weight", "bias")
    }
    images = drawn(4, 2, 5, *(3,) * axes)

    def alone(own: dict[str, torch.Tensor], images: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = functional_call(layers[0], own, (images,))
        return found

    expected = torch.stack([layer(shown) for layer, shown in zip(layers, images, strict=True)])
    torch.testing.assert_close(vmap(alone)(weights, images), expected)


def test_which_layers_it_computes() -> None:
    doubling = {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1}
    assert doubles_to_one_map(nn.ConvTranspose2d(4, 1, **doubling))
    assert doubles_to_one_map(nn.ConvTranspose3d(4, 1, **doubling))
    others = [{"kernel_size": 5}, {"kernel_size": (3, 5)}, {"stride": 3}, {"padding": 0}, {"output_padding": 0}]
    assert not any(doubles_to_one_map(nn.ConvTranspose2d(4, 1, **{**doubling, **other})) for other in others)
    assert not doubles_to_one_map(nn.ConvTranspose2d(4, 2, **doubling))
    assert not doubles_to_one_map(nn.ConvTranspose2d(4, 1, **doubling, dilation=2))
    assert not doubles_to_one_map(nn.Conv2d(4, 1, 3))
