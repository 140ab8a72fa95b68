"""Networks by name: the presets, and any class of monai.networks.nets."""

import inspect
from typing import Any

import torch
from monai.networks import nets
from torch import nn

from segsweep.errors import GridError
from segsweep.spec.settings import Network

PRESETS = {
    "unet-s": {"channels": (8, 16, 32, 64), "num_res_units": 0},
    "unet-m": {"channels": (16, 32, 64, 128), "num_res_units": 1},
    "unet-l": {"channels": (32, 64, 128, 256), "num_res_units": 2},
}
"""MONAI U-Nets with instance norm: widths per level, and residual units per level (0 = one plain convolution)."""

_DIMENSIONS = ("spatial_dims", "dimensions")
_INPUTS = ("in_channels",)
_OUTPUTS = ("out_channels", "num_classes")


def build_network(settings: Network, *, axes: int, channels: int, outputs: int, seed: int) -> nn.Module:
    """A network with weights drawn from `seed` alone.

    Args:
        settings: preset or MONAI class.
        axes: 2 or 3.
        channels: of the image.
        outputs: logits per voxel.
        seed: of the weights; the global generator is left as it was.

    Raises:
        GridError: MONAI has no such class, or the class refuses its arguments.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if settings.preset == "logistic":
            convolution = nn.Conv2d if axes == 2 else nn.Conv3d
            return convolution(channels, outputs, kernel_size=1)
        if settings.preset is not None:
            shape: dict[str, Any] = PRESETS[settings.preset]
            strides = (2,) * (len(shape["channels"]) - 1)
            network: nn.Module = nets.UNet(axes, channels, outputs, strides=strides, **shape)
            return network
        return _monai(str(settings.monai), settings.args, axes, channels, outputs)


def _monai(name: str, arguments: dict[str, Any], axes: int, channels: int, outputs: int) -> nn.Module:
    kind = getattr(nets, name, None)
    if not (inspect.isclass(kind) and issubclass(kind, nn.Module)):
        raise GridError(f"network.monai: monai.networks.nets has no network {name!r}")
    taken = inspect.signature(kind).parameters
    known = {
        key: value
        for keys, value in ((_DIMENSIONS, axes), (_INPUTS, channels), (_OUTPUTS, outputs))
        for key in keys
        if key in taken
    }
    try:
        network: nn.Module = kind(**{**known, **arguments})
    except Exception as error:  # a class refuses its arguments, or a library it needs is missing, in its own way
        raise GridError(f"network.monai: {name}: {error}") from error
    return network
