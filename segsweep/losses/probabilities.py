"""From logits and targets to the per-class maps that losses sum over."""

import torch
from torch import Tensor
from torch.nn import functional as F


def working_precision(values: Tensor) -> Tensor:
    """Return `values` in the precision sums are run in: float64 stays, everything else becomes float32."""
    return values if values.dtype == torch.float64 else values.float()


def probabilities(logits: Tensor) -> Tensor:
    """Return sigmoid (one channel) or softmax (more) of the logits, `(B, C, *S)`, in working precision."""
    logits = working_precision(logits)
    return logits.sigmoid() if logits.shape[1] == 1 else logits.softmax(dim=1)


def with_background(maps: Tensor) -> Tensor:
    """Return maps with a background channel first: a binary `(B, 1, *S)` map gains one, others have it already."""
    return torch.cat([1 - maps, maps], dim=1) if maps.shape[1] == 1 else maps


def log_probabilities(logits: Tensor) -> Tensor:
    """Return log-probabilities of background and foreground classes, `(B, max(C, 2), *S)`, in working precision."""
    logits = working_precision(logits)
    if logits.shape[1] == 1:
        return torch.cat([F.logsigmoid(-logits), F.logsigmoid(logits)], dim=1)
    return logits.log_softmax(dim=1)


def keep_mask(ignore: Tensor | None, like: Tensor) -> Tensor | None:
    """Return 1 where a voxel counts and 0 where it is ignored, in the dtype of `like`; None if all count."""
    return None if ignore is None else (~ignore).to(like.dtype)


def voxel_mean(values: Tensor, ignore: Tensor | None) -> Tensor:
    """Return the mean of `(B, *S)` values over the voxels that count; 0 if none does.

    Args:
        values: one number per voxel.
        ignore: bool `(B, 1, *S)`, or None.
    """
    if ignore is None:
        return values.mean()
    keep = (~ignore).squeeze(1).to(values.dtype)
    return (values * keep).sum() / keep.sum().clamp_min(1)
