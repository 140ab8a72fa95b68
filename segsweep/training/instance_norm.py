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
        made: one without weights and without running statistics (`is_plain_instance_norm`).
    """

    def __init__(self, made: InstanceNorm) -> None:
        super().__init__()
        self.eps = made.eps
        self._dimensions = 4 if isinstance(made, nn.InstanceNorm2d) else 5
        self.train(made.training)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Shape as the input's, (B, channels, *size).

        Raises:
            ValueError: no batch, or an instance of one voxel, which is its own mean.
        """
        rows = images.flatten(2)  # group norm's kernel for channels that lie innermost is slow where they are few
        if images.ndim != self._dimensions or rows.shape[2] == 1:
            raise ValueError(
                f"instance norm needs a batch of {self._dimensions} dimensions with more than one voxel per channel, "
                f"got {tuple(images.shape)}"
            )
        return F.group_norm(rows, images.shape[1], eps=self.eps).view(images.shape)


def is_plain_instance_norm(module: nn.Module) -> TypeGuard[InstanceNorm]:
    """Whether a layer is an instance norm that `GroupPerChannel` computes.

    One with weights is not: in float32 group norm's gradient of them loses digits where a channel's mean is large.
    """
    plain = type(module) in (nn.InstanceNorm2d, nn.InstanceNorm3d)
    return plain and not module.affine and not module.track_running_stats
