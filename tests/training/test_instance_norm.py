import pytest
import torch
from torch import nn
from torch.func import functional_call, vmap

from segsweep.training.instance_norm import GroupPerChannel, InstanceNorm, is_plain_instance_norm


def norm(axes: int) -> InstanceNorm:
    return (nn.InstanceNorm2d if axes == 2 else nn.InstanceNorm3d)(3, eps=1e-3)


def drawn(*shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=dtype)


def results(module: nn.Module, images: torch.Tensor) -> list[torch.Tensor]:
    images = images.detach().clone(memory_format=torch.preserve_format).requires_grad_()
    normed = module(images)
    (normed * drawn(*images.shape, dtype=images.dtype)).sum().backward()
    assert images.grad is not None
    return [normed.detach(), images.grad]


@pytest.mark.parametrize("innermost", [False, True])
@pytest.mark.parametrize("size", [(5, 4), (1, 2), (3, 4, 5)])
def test_results_are_those_of_torch(size: tuple[int, ...], innermost: bool) -> None:
    made, images = norm(len(size)), 7 + drawn(2, 3, *size)
    if innermost:
        images = images.to(memory_format=torch.channels_last if len(size) == 2 else torch.channels_last_3d)
    for mine, other in zip(results(GroupPerChannel(made), images), results(made, images), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("mean", [0.0, 3.0, 30.0])
def test_in_single_precision_it_is_as_near_to_the_truth_as_torchs(mean: float) -> None:
    made, images = norm(3), mean + drawn(1, 3, 32, 32, 32, dtype=torch.float32)
    exact = results(made, images.double())
    far = [
        max(float((found - true).abs().max()) for found, true in zip(results(module, images), exact, strict=True))
        for module in (GroupPerChannel(made), made)
    ]
    assert far[0] <= 2 * far[1]


def test_every_instance_has_mean_0_and_variance_1() -> None:
    normed = GroupPerChannel(nn.InstanceNorm2d(3, eps=0.0))(100 + 5 * drawn(2, 3, 8, 8)).flatten(2)
    torch.testing.assert_close(normed.mean(2), torch.zeros(2, 3, dtype=torch.float64), rtol=0, atol=1e-12)
    torch.testing.assert_close(normed.var(2, correction=0), torch.ones(2, 3, dtype=torch.float64))


def test_training_or_not_is_the_same() -> None:
    module, images = GroupPerChannel(norm(2)), drawn(2, 3, 4, 4)
    assert torch.equal(module.eval()(images), module.train()(images))


def test_stacked_norms_are_those_of_each_alone() -> None:
    module, images = GroupPerChannel(norm(2)), drawn(4, 2, 3, 4, 4)

    def alone(images: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = functional_call(module, {}, (images,))
        return found

    torch.testing.assert_close(vmap(alone)(images), torch.stack([alone(each) for each in images]))


def test_an_instance_of_one_voxel_is_refused_as_torch_does() -> None:
    made, images = nn.InstanceNorm2d(3), torch.zeros(2, 3, 1, 1)
    for module in (made, GroupPerChannel(made)):
        with pytest.raises(ValueError, match="more than "):
            module(images)


def test_images_without_a_batch_are_refused() -> None:
    with pytest.raises(ValueError, match=r"needs a batch of 4 dimensions .*, got \(3, 4, 4\)$"):
        GroupPerChannel(norm(2))(torch.zeros(3, 4, 4))


def test_which_norms_it_computes() -> None:
    assert all(is_plain_instance_norm(kind) for kind in (nn.InstanceNorm2d(3), nn.InstanceNorm3d(3)))
    others = (nn.InstanceNorm2d(3, affine=True), nn.InstanceNorm2d(3, track_running_stats=True), nn.GroupNorm(3, 3))
    assert not any(is_plain_instance_norm(kind) for kind in (*others, nn.BatchNorm2d(3)))
