"""Soft true positives and volumes per image and class: all that an overlap loss needs from the voxels."""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import Function


class Counts(NamedTuple):
    """Soft counts in voxels, each `(B, C)`.

    Args:
        true_positive: TP.
        predicted: predicted volume, TP + FP.
        labelled: label volume, TP + FN.
    """

    true_positive: Tensor
    predicted: Tensor
    labelled: Tensor


def classic_counts(p: Tensor, y: Tensor, *, first: int) -> Counts:
    """Count TP = Σ p·y, Σp and Σy.

    Args:
        p: probabilities `(B, C, *S)`.
        y: labels, same shape and dtype.
        first: index of the first class that is counted.
    """
    return Counts(*_PowerCounts.apply(p, y, first, 1))  # type: ignore[no-untyped-call]  # torch leaves `apply` untyped


def squared_counts(p: Tensor, y: Tensor, *, first: int) -> Counts:
    """Count TP = Σ p·y, Σp² and Σy² (Milletari et al. 2016, arXiv 1606.04797, Sect. 3); arguments as in classic."""
    return Counts(*_PowerCounts.apply(p, y, first, 2))  # type: ignore[no-untyped-call]  # torch leaves `apply` untyped


def semimetric_counts(p: Tensor, y: Tensor, *, first: int) -> Counts:
    """Count TP = (Σp + Σy − Σ|p−y|)/2 (Wang et al. 2023, arXiv 2303.16296), Σp and Σy; arguments as in classic.

    On hard labels this is Σ p·y; on soft ones it is largest at p = y, which Σ p·y is not.
    """
    p, y, voxels = p[:, first:], y[:, first:], voxel_axes(p)
    predicted, labelled = p.sum(voxels), y.sum(voxels)
    return Counts((predicted + labelled - (p - y).abs().sum(voxels)) / 2, predicted, labelled)


def voxel_axes(maps: Tensor) -> tuple[int, ...]:
    """Return the axes of `(B, C, *S)` maps that hold voxels."""
    return tuple(range(2, maps.ndim))


class _PowerCounts(Function):
    """Σpy, Σpⁿ, Σyⁿ for n = 1 or 2, with a backward pass that writes one map.

    Left to autograd, the backward pass writes a map each for Σpy and Σpⁿ, their sum, and a padded copy where the
    background is cut off. All of that is y·g₁ + g₂ (n = 1) or y·g₁ + 2p·g₂ (n = 2), with g = 0 for the classes that are
    not counted.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(p: Tensor, y: Tensor, first: int, power: int) -> tuple[Tensor, Tensor, Tensor]:
        p, y, voxels = p[:, first:], y[:, first:], voxel_axes(p)
        predicted, labelled = (p, y) if power == 1 else (p.square(), y.square())
        return (p * y).sum(voxels), predicted.sum(voxels), labelled.sum(voxels)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        p, y, ctx.first, ctx.power = inputs
        # Σpy and Σp alone do not need p for the gradient to p, which is the one that training asks for
        ctx.save_for_backward(p if ctx.needs_input_grad[1] or ctx.power == 2 else None, y)

    @staticmethod
    def backward(ctx: Any, to_positive: Tensor, to_predicted: Tensor, to_labelled: Tensor) -> Any:
        p, y = ctx.saved_tensors
        slope, to_p, to_y = (spread(g, ctx.first, y.ndim) for g in (to_positive, to_predicted, to_labelled))
        if ctx.power == 2:
            to_p, to_y = 2 * to_p * p, 2 * to_y * y if ctx.needs_input_grad[1] else to_y
        return (
            torch.addcmul(to_p, slope, y) if ctx.needs_input_grad[0] else None,
            torch.addcmul(to_y, slope, p) if ctx.needs_input_grad[1] else None,
            None,
            None,
        )


def spread(per_class: Tensor, first: int, ndim: int) -> Tensor:
    """Pad `(B, C−first)` with zeros for the uncounted classes and append voxel axes."""
    padded = torch.nn.functional.pad(per_class, (first, 0))
    return padded.reshape(*padded.shape, *[1] * (ndim - 2))
