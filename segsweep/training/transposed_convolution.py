"""The transposed convolution that ends a U-Net, faster on a CPU; agrees with torch's to rounding.

oneDNN computes channels in blocks, and here there is a single one to compute. One matrix product and sums take about
half the time.
"""

from typing import TypeGuard

import torch
from torch import nn
from torch.nn import functional as F

Transposed = nn.ConvTranspose2d | nn.ConvTranspose3d


class DoubleToOneMap(nn.Module):
    """Transposed convolution to a single channel on twice the grid.

    Args:
        made: of kernel 3, stride 2, padding 1 and output padding 1 (`doubles_to_one_map`); its weights are shared,
            not copied.
    """

    def __init__(self, made: Transposed) -> None:
        super().__init__()
        self.weight, self.bias = made.weight, made.bias
        self.train(made.training)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(B, channels, *size) to (B, 1, *size doubled)."""
        cases, _, *size = images.shape
        axes = len(size)
        weights = self.weight.flatten(1).t()  # (3^axes, channels)
        parts = torch.bmm(weights.expand(cases, -1, -1), images.flatten(2)).view(cases, *(3,) * axes, *size)
        for axis in range(axes):
            # what input i gives to the outputs 2i - 1, 2i and 2i + 1 of this axis, which lies at `axes` now
            before, even, odd = parts.unbind(1)
            next_to = (0, 0) * (axes - 1 - axis) + (-1, 1)  # that of i + 1 in the place of i; none after the last
            parts = torch.stack((even, odd + F.pad(before, next_to)), axes + 1).flatten(axes, axes + 1)
        maps = parts.unsqueeze(1)
        return maps if self.bias is None else maps + self.bias


def doubles_to_one_map(module: nn.Module) -> TypeGuard[Transposed]:
    """Whether a layer is a transposed convolution that `DoubleToOneMap` computes."""
    if not isinstance(module, Transposed) or type(module) not in (nn.ConvTranspose2d, nn.ConvTranspose3d):
        return False  # no subclass: a parametrised layer makes its weight anew in every pass
    given = (module.kernel_size, module.stride, module.padding, module.output_padding, module.dilation)
    asked = ({3}, {2}, {1}, {1}, {1})
    return (module.out_channels, module.groups) == (1, 1) and tuple(map(set, given)) == asked
