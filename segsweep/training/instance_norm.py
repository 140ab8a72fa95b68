"""Instance norm, faster on a CPU; agrees with torch's to rounding.

torch computes it as batch norm of a batch of one. Group norm with a group for every channel is the same thing, and its
kernel takes about half the time.
"""

from typing import TypeGuard

import torch
from torch import nn
from torch.nn import functional as F

InstanceNorm = nn.InstanceNorm2d | nn.InstanceNorm3d


class GroupPerChannel(nn.Module):
    """Instance norm as a group norm.

    Args:
        made: one without running statistics (`is_instance_norm`); its ε and weights, if any, are shared, not copied.
    """

    def __init__(self, made: InstanceNorm) -> None:
        super().__init__()
        self.weight, self.bias, self.eps = made.weight, made.bias, made.eps
        self.train(made.training)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Shape as the input's, (B, channels, *size).

        Raises:
            ValueError: an instance of one voxel, which is its own mean.
        """
        rows = images.flatten(2)  # group norm's kernel for channels that lie innermost is slow where they are few
        if rows.shape[2] == 1:
            raise ValueError(f"instance norm needs more than one voxel per channel, got {tuple(images.shape)}")
        normed = F.group_norm(rows, images.shape[1], self.weight, self.bias, self.eps)
        return normed.view(images.shape)


def is_instance_norm(module: nn.Module) -> TypeGuard[InstanceNorm]:
    """Whether a layer is an instance norm that `GroupPerChannel` computes."""
    return type(module) in (nn.InstanceNorm2d, nn.InstanceNorm3d) and not module.track_running_stats
