import pytest
import torch
from torch import nn
from torch.func import functional_call, vmap

from segsweep.training.instance_norm import GroupPerChannel, InstanceNorm, is_instance_norm


def norm(axes: int, *, affine: bool) -> InstanceNorm:
    made = (nn.InstanceNorm2d if axes == 2 else nn.InstanceNorm3d)(3, affine=affine, eps=1e-3, dtype=torch.float64)
    if affine:
        with torch.no_grad():
            made.weight.copy_(torch.tensor([0.5, -2.0, 1.0]))
            made.bias.copy_(torch.tensor([0.0, 1.0, -3.0]))
    return made


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def results(module: nn.Module, images: torch.Tensor) -> list[torch.Tensor]:
    images = images.detach().clone(memory_format=torch.preserve_format).requires_grad_()
    module.zero_grad()
    normed = module(images)
    (normed * drawn(*images.shape)).sum().backward()
    return [normed.detach(), images.grad, *(each.grad for each in module.parameters())]  # type: ignore[list-item]


@pytest.mark.parametrize("innermost", [False, True])
@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("size", [(5, 4), (1, 2), (3, 4, 5)])
def test_results_are_those_of_torch(size: tuple[int, ...], affine: bool, innermost: bool) -> None:
    made = norm(len(size), affine=affine)
    images = 7 + drawn(2, 3, *size)
    if innermost:
        images = images.to(memory_format=torch.channels_last if len(size) == 2 else torch.channels_last_3d)
    quick = results(GroupPerChannel(made), images)
    for mine, other in zip(quick, results(made, images), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-10, atol=1e-10)


def test_every_instance_has_mean_0_and_variance_1() -> None:
    normed = GroupPerChannel(nn.InstanceNorm2d(3, eps=0.0))(100 + 5 * drawn(2, 3, 8, 8)).flatten(2)
    torch.testing.assert_close(normed.mean(2), torch.zeros(2, 3, dtype=torch.float64), rtol=0, atol=1e-12)
    torch.testing.assert_close(normed.var(2, correction=0), torch.ones(2, 3, dtype=torch.float64))


def test_training_or_not_is_the_same() -> None:
    module, images = GroupPerChannel(norm(2, affine=False)), drawn(2, 3, 4, 4)
    assert torch.equal(module.eval()(images), module.train()(images))


def test_stacked_norms_are_those_of_each_alone() -> None:
    module, images = GroupPerChannel(norm(2, affine=True)), drawn(4, 2, 3, 4, 4)
    weights, biases = drawn(4, 3), drawn(4, 3) + 1

    def alone(images: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = functional_call(module, {"weight": weight, "bias": bias}, (images,))
        return found

    expected = torch.stack([alone(*each) for each in zip(images, weights, biases, strict=True)])
    torch.testing.assert_close(vmap(alone)(images, weights, biases), expected)


def test_an_instance_of_one_voxel_is_refused_as_torch_does() -> None:
    made, images = nn.InstanceNorm2d(3), torch.zeros(2, 3, 1, 1)
    for module in (made, GroupPerChannel(made)):
        with pytest.raises(ValueError, match="more than "):
            module(images)


def test_which_norms_it_computes() -> None:
    kinds = [nn.InstanceNorm2d(3), nn.InstanceNorm3d(3, affine=True), nn.InstanceNorm2d(3, track_running_stats=True)]
    assert [is_instance_norm(kind) for kind in (*kinds, nn.BatchNorm2d(3), nn.GroupNorm(3, 3))] == [
        True,
        True,
        *[False] * 3,
    ]
