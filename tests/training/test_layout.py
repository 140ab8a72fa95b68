import copy
from functools import partial

import pytest
import torch
from monai.networks import nets
from torch import nn

from segsweep.spec.settings import Network
from segsweep.training.instance_norm import MapNorm
from segsweep.training.layout import lay_out
from segsweep.training.networks import build_network
from segsweep.training.prelu import OneSlope
from segsweep.training.transposed_convolution import DoubleToOneMap

CPU = torch.device("cpu")


def preset(name: str, *, axes: int, outputs: int) -> nn.Module:
    return build_network(Network(preset=name), axes=axes, channels=1, outputs=outputs, seed=0)


OTHERS = {
    "relu": partial(nets.UNet, 2, 1, 1, (4, 8, 8), (2, 2), norm=("instance", {"affine": True}), act="relu"),
    "wide kernels": partial(nets.UNet, 2, 1, 1, (4, 8), (2,), kernel_size=5, up_kernel_size=5),
    "dynamic": partial(nets.DynUNet, 2, 1, 1, (3, 3, 3), (1, 2, 2), (2, 2), filters=(4, 8, 8)),
    "residual": partial(nets.SegResNet, 2, 8, 1, 1, blocks_down=(1, 1, 1), blocks_up=(1, 1)),
    "attention": partial(nets.AttentionUnet, 2, 1, 1, (4, 8, 8), (2, 2)),
}
"""Networks of MONAI beside the presets, which have the same kinds of layers and others."""


def check_that_results_agree(made: nn.Module, images: torch.Tensor) -> None:
    made = made.double()
    laid = lay_out(copy.deepcopy(made), CPU)
    logits, gradients = [], []
    for network in (made, laid):
        logits.append(network(images))
        logits[-1].square().mean().backward()
        gradients.append(torch.cat([each.grad.flatten() for each in network.parameters() if each.grad is not None]))
    torch.testing.assert_close(logits[1], logits[0], rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-9, atol=1e-12)


def images(*size: int) -> torch.Tensor:
    return torch.randn(2, 1, *size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("size", [(16, 16), (16, 24), (16, 16, 16)])
@pytest.mark.parametrize("name", ["unet-s", "unet-m", "unet-l"])
def test_results_change_by_rounding_alone(name: str, size: tuple[int, ...], outputs: int) -> None:
    check_that_results_agree(preset(name, axes=len(size), outputs=outputs), images(*size))


@pytest.mark.parametrize("name", OTHERS)
def test_so_do_those_of_other_networks(name: str) -> None:
    torch.manual_seed(0)
    check_that_results_agree(OTHERS[name](), images(16, 16))


@pytest.mark.parametrize(("axes", "convolution"), [(2, nn.Conv2d), (3, nn.Conv3d)])
def test_the_convolution_between_few_channels_has_them_innermost(axes: int, convolution: type[nn.Conv3d]) -> None:
    laid = lay_out(preset("unet-m", axes=axes, outputs=3), CPU)
    innermost = [
        module for module in laid.modules() if isinstance(module, convolution) and not module.weight.is_contiguous()
    ]
    assert [(module.in_channels, module.out_channels) for module in innermost] == [(3, 3)]


def layers() -> nn.Module:
    inner = nn.Sequential(nn.PReLU(), nn.PReLU(num_parameters=2), nn.InstanceNorm2d(2))
    doubling = nn.ConvTranspose2d(2, 1, 3, 2, 1, 1)
    return nn.Sequential(nn.Conv2d(1, 2, 3), inner, nn.BatchNorm2d(2), nn.ConvTranspose2d(2, 2, 3, 2, 1, 1), doubling)


def test_a_cpu_gets_faster_layers_that_keep_their_weights() -> None:
    made = layers()
    before = {name: value.clone() for name, value in made.state_dict().items()}
    laid = lay_out(made, CPU)
    assert [type(module) for module in laid.modules() if not list(module.children())] == [
        nn.Conv2d, OneSlope, nn.PReLU, MapNorm, nn.BatchNorm2d, nn.ConvTranspose2d, DoubleToOneMap
    ]  # fmt: skip
    assert laid.state_dict().keys() == before.keys()
    assert all(torch.equal(laid.state_dict()[name], value) for name, value in before.items())


def test_other_devices_keep_torchs_own() -> None:
    laid = lay_out(layers(), torch.device("meta"))
    assert [type(module) for module in laid.modules()] == [type(module) for module in layers().modules()]


def test_laid_out_twice_is_laid_out_once() -> None:
    once = lay_out(layers(), CPU)
    kinds = [type(module) for module in once.modules()]
    assert [type(module) for module in lay_out(once, CPU).modules()] == kinds
