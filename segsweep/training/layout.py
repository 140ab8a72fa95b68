"""How a network is laid out for the device that computes it: the same weights and results, in less time."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from segsweep.training.instance_norm import MapNorm, is_map_norm
from segsweep.training.prelu import OneSlope, has_one_slope
from segsweep.training.transposed_convolution import DoubleToOneMap, doubles_to_one_map

QUICK: tuple[tuple[Callable[[nn.Module], bool], Callable[[Any], nn.Module]], ...] = (
    (has_one_slope, OneSlope),
    (doubles_to_one_map, DoubleToOneMap),
    (is_map_norm, MapNorm),
)
"""Which layers torch computes slowly, and what takes their place."""

_BLOCK = 8
"""Channels that oneDNN computes at once."""


def lay_out(network: nn.Module, device: torch.device) -> nn.Module:
    """The same network, laid out so that a device computes with it fastest.

    On a CPU some layers are not left as they are made (benchmarks/layout.py); results agree to rounding.
    """
    if device.type == "cpu":
        for applies, quick in QUICK:
            quicken_layers(network, applies, quick)
        put_few_channels_innermost(network)
    return network.to(device)


def quicken_layers(network: nn.Module, applies: Callable[[nn.Module], bool], quick: Callable[[Any], nn.Module]) -> None:
    """Replace all layers of a kind by faster ones of the same weights.

    Args:
        network: changed in place.
        applies: to these layers.
        quick: the layer that takes the place of one of them.
    """
    for module in list(network.modules()):
        for name, child in module.named_children():
            if applies(child):
                setattr(module, name, quick(child))


def put_few_channels_innermost(network: nn.Module) -> None:
    """Change the layout of the weights of convolutions between few channels.

    oneDNN takes a good part of a step of the larger U-Nets for one convolution: the last one, whose few channels do not
    fill its blocks; in 3D it can be most of it. With the channels innermost that layer is no matter any more; other
    layers would be slower with it.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d) and max(module.in_channels, module.out_channels) < _BLOCK:
            innermost = torch.channels_last if isinstance(module, nn.Conv2d) else torch.channels_last_3d
            module.to(memory_format=innermost)  # type: ignore[call-overload]  # torch declares it not
