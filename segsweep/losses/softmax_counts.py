"""Soft counts straight from logits: softmax and sums as one step, for the losses that are trained most.

A softmax and its counts apart allocate three maps of the size of the logits; in one step the backward pass can turn the
slope of the counts into the gradient in place, which leaves two and a few small ones. On a CPU fresh pages cost as much
as arithmetic, so that this saves time as well.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from segsweep.losses.counts import Counts, spread, voxel_axes


def softmax_counts(logits: Tensor, y: Tensor, *, first: int) -> Counts:
    """Count TP = Σ p·y, Σp and Σy of p = softmax(logits).

    Args:
        logits: `(B, C, *S)` in working precision, C > 1.
        y: labels, same shape and dtype.
        first: index of the first class that is counted.
    """
    return Counts(*_SoftmaxCounts.apply(logits, y, first)[:3])  # type: ignore[no-untyped-call]  # torch: untyped


class _SoftmaxCounts(Function):
    """Σpy, Σp, Σy, and p itself, so that the gradient can be differentiated again."""

    @staticmethod
    def forward(logits: Tensor, y: Tensor, first: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        p = logits.softmax(dim=1)
        counted, labels, voxels = p[:, first:], y[:, first:], voxel_axes(p)
        return (counted * labels).sum(voxels), counted.sum(voxels), labels.sum(voxels), p

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        _, y, ctx.first = inputs
        ctx.save_for_backward(output[3], y)
        # a gradient to p is only asked for by second derivatives; zeros for it would cost a map
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(
        ctx: Any, to_positive: Tensor | None, to_predicted: Tensor | None, to_labelled: Tensor | None, to_map: Any
    ) -> Any:
        p, y = ctx.saved_tensors
        slope, to_p, to_y = (
            spread(p.new_zeros(p.shape[0], p.shape[1] - ctx.first) if g is None else g, ctx.first, p.ndim)
            for g in (to_positive, to_predicted, to_labelled)
        )
        flow = (y * slope).add_(to_p)
        flow = flow if to_map is None else flow + to_map
        # softmax: ∂/∂logit_c = p_c (g_c − Σ_k p_k g_k)
        if torch.is_grad_enabled():
            # second derivatives need what a gradient in place overwrites
            to_logits = p * (flow - (p * flow).sum(1, keepdim=True))
        else:
            flow = flow.mul_(p)
            to_logits = flow.addcmul_(p, flow.sum(1, keepdim=True), value=-1)
        return to_logits, (p * slope + to_y) if ctx.needs_input_grad[1] else None, None

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int | None, int | None, None], logits: Tensor, y: Tensor, first: int
    ) -> tuple[tuple[Tensor, ...], tuple[int, ...]]:
        """Lanes are more images: every count is that of one image."""
        lanes = [
            values.expand(info.batch_size, *values.shape) if axis is None else values.movedim(axis, 0)
            for values, axis in zip((logits, y), in_dims[:2], strict=True)
        ]
        folded = _SoftmaxCounts.apply(*(lane.flatten(0, 1) for lane in lanes), first)  # type: ignore[no-untyped-call]
        return tuple(each.unflatten(0, (info.batch_size, -1)) for each in folded), (0, 0, 0, 0)
