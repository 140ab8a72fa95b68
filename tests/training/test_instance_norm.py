"""Instance norm by another kernel, beside torch's and beside float64."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from segsweep.training.instance_norm import MapNorm, is_map_norm

SIZES = [(6, 5), (4, 3, 5)]


def norm(axes: int) -> MapNorm:
    return MapNorm(nn.InstanceNorm2d(3) if axes == 2 else nn.InstanceNorm3d(3))


def maps(*size: int, mean: float = 0.0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    drawn = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return (drawn + mean).to(dtype)


@pytest.mark.parametrize("size", SIZES)
class TestNumbers:
    def test_every_map_is_centred_and_scaled(self, size: tuple[int, ...]) -> None:
        images = maps(*size, mean=3.0)
        flat = images.flatten(2)
        expected = (flat - flat.mean(2, keepdim=True)) / (flat.var(2, keepdim=True, unbiased=False) + 1e-5).sqrt()
        torch.testing.assert_close(norm(len(size))(images).flatten(2), expected, rtol=1e-12, atol=1e-12)

    def test_gradients_are_those_of_finite_differences(self, size: tuple[int, ...]) -> None:
        assert torch.autograd.gradcheck(norm(len(size)), maps(*size).requires_grad_())

    def test_channels_may_lie_innermost(self, size: tuple[int, ...]) -> None:
        innermost = torch.channels_last if len(size) == 2 else torch.channels_last_3d
        found, gradients = [], []
        for images in (maps(*size), maps(*size).to(memory_format=innermost)):
            images.requires_grad_()
            found.append(norm(len(size))(images))
            (found[-1] ** 3).sum().backward()
            gradients.append(images.grad)
        torch.testing.assert_close(found[1], found[0], rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-12, atol=1e-12)

    def test_of_stacked_networks_each_map_is_normed_for_itself(self, size: tuple[int, ...]) -> None:
        lanes = torch.stack([maps(*size), 2 * maps(*size) + 1, maps(*size, mean=5.0)]).requires_grad_()
        stacked = torch.func.vmap(norm(len(size)))(lanes)
        apart = torch.stack([norm(len(size))(lane) for lane in lanes])
        torch.testing.assert_close(stacked, apart, rtol=0, atol=0)
        with torch.no_grad():
            torch.testing.assert_close(torch.func.vmap(norm(len(size)))(lanes), apart, rtol=0, atol=0)
        (gradient,) = torch.autograd.grad((stacked**3).sum(), lanes)
        (expected,) = torch.autograd.grad((apart**3).sum(), lanes)
        torch.testing.assert_close(gradient, expected, rtol=0, atol=0)


@pytest.mark.parametrize("mean", [0.0, 10.0, 100.0])
def test_no_digits_are_lost_where_the_mean_is_far_from_0(mean: float) -> None:
    """Beside the same in float64: at most five times torch's own error. The group norm's backward has ten times it."""
    images = maps(32, 32, mean=mean, dtype=torch.float32)
    weights = torch.randn(images.shape, generator=torch.Generator().manual_seed(2))

    def results(layer: nn.Module, dtype: torch.dtype) -> list[torch.Tensor]:
        given = images.to(dtype).requires_grad_()
        normed = layer(given)
        normed.backward(weights.to(dtype))
        assert given.grad is not None
        return [normed.detach().double(), given.grad.double()]

    exact = results(nn.InstanceNorm2d(3), torch.float64)
    errors = [
        [
            float((one - other).norm() / other.norm())
            for one, other in zip(results(layer, torch.float32), exact, strict=True)
        ]
        for layer in (norm(2), nn.InstanceNorm2d(3))
    ]
    assert all(mine <= 5 * torchs for mine, torchs in zip(*errors, strict=True))


def test_a_map_of_one_voxel_is_refused_as_torch_does() -> None:
    with pytest.raises(ValueError, match="more than 1 spatial element"):
        norm(2)(torch.zeros(2, 3, 1, 1))


def test_norms_with_weights_or_running_statistics_are_left_to_torch() -> None:
    others = (
        nn.InstanceNorm2d(3, affine=True), nn.InstanceNorm3d(3, track_running_stats=True), nn.BatchNorm2d(3),
        nn.InstanceNorm1d(3), nn.GroupNorm(3, 3),
    )  # fmt: skip
    assert [is_map_norm(other) for other in others] == [False] * len(others)
    assert is_map_norm(nn.InstanceNorm2d(3))
    assert is_map_norm(nn.InstanceNorm3d(3))
    torch.testing.assert_close(norm(2)(maps(4, 4)), F.instance_norm(maps(4, 4)), rtol=1e-12, atol=1e-12)
