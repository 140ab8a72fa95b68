"""PReLU with one slope, faster on a CPU: where all is finite, torch's numbers to the last bit.

Its gradients are those of a leaky ReLU whose slope is the weight, and a sum. For both torch has faster kernels than the
one that computes them together, which takes up to a tenth of a training step of a U-Net (`benchmarks/layout.py`).
"""

from typing import Any, TypeGuard

import torch
from torch import nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F


class OneSlope(nn.PReLU):
    """`nn.PReLU` with a single weight, as fast as a leaky ReLU.

    Args:
        made: whose weight it has; it is shared, not copied.
    """

    def __init__(self, made: nn.PReLU) -> None:
        super().__init__()
        self.weight = made.weight
        self.train(made.training)

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002 (as torch names it)
        """Shape as the input's."""
        activated: torch.Tensor = _Leaky.apply(input, self.weight)  # type: ignore[no-untyped-call]
        return activated


def has_one_slope(module: nn.Module) -> TypeGuard[nn.PReLU]:
    """Whether a layer is an activation that `OneSlope` computes."""
    return type(module) is nn.PReLU and module.num_parameters == 1


_leaky_backward = torch.ops.aten.leaky_relu_backward.default  # torch need not choose among overloads in every call


class _Leaky(torch.autograd.Function):
    @staticmethod
    def forward(images: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return F.leaky_relu(images, weight.item())

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[torch.Tensor, torch.Tensor], output: torch.Tensor) -> None:
        del output
        ctx.save_for_backward(*inputs)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        images, weight = ctx.saved_tensors
        to_images = _leaky_backward(gradient, images, weight.item(), self_is_result=False)
        # in this order the product is laid out, and so added up, as torch's own is
        return to_images, images.clamp(max=0).mul_(gradient).sum().view_as(weight)

    @staticmethod
    def vmap(
        info: Any, batched: tuple[int | None, int | None], images: torch.Tensor, weight: torch.Tensor
    ) -> tuple[torch.Tensor, int | None]:
        """Of stacked networks, whose slopes differ: theirs are the channels of torch's own PReLU."""
        if batched[1] is None:
            return F.prelu(images, weight), batched[0]
        if batched[0] is None:
            lanes = images.unsqueeze(1).expand(-1, info.batch_size, *images.shape[1:])
        else:
            lanes = images.movedim(batched[0], 1)
        return F.prelu(lanes, weight.movedim(batched[1], 0).flatten()), 1
