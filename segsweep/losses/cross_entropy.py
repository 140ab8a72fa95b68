"""Cross-entropy and its relatives: one number per voxel, then a mean."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from segsweep.losses.loss import Loss
from segsweep.losses.probabilities import log_probabilities, voxel_mean, with_background


def voxel_cross_entropy(logits: Tensor, target: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return −Σ_c w_c y_c log p_c per voxel, `(B, *S)`.

    Args:
        logits: `(B, C, *S)`.
        target: the same shape, hard or soft.
        weights: one per class, background first; 1 each if None.
    """
    log_p = log_probabilities(logits)
    return _weighted(with_background(target.to(log_p.dtype)), weights).mul(log_p).sum(1).neg()


class CrossEntropy(Loss):
    """Mean over voxels of −Σ_c w_c y_c log p_c (Bertels et al. 2019, arXiv 1911.01685, Sect. 3).

    The mean is over voxels, not over weights: weight w on a class is as good as seeing its voxels w times as often.

    Args:
        weights: one per class, background first; None weighs all alike.
    """

    weights: Tensor | None

    def __init__(self, weights: Sequence[float] | None = None) -> None:
        super().__init__()
        self.register_buffer("weights", _as_buffer(weights), persistent=False)

    def forward(self, logits: Tensor, target: Tensor, *, ignore: Tensor | None = None) -> Tensor:
        """Return the loss of one batch; see `Loss.forward`."""
        return voxel_mean(voxel_cross_entropy(logits, target, self.weights), ignore)


class Focal(Loss):
    """Mean over voxels of −Σ_c w_c y_c (1−p_c)^γ log p_c (Lin et al. 2017, arXiv 1708.02002, Sect. 3).

    Args:
        gamma: γ ≥ 0; 0 is cross-entropy.
        weights: as in `CrossEntropy`.
    """

    weights: Tensor | None

    def __init__(self, gamma: float = 2.0, weights: Sequence[float] | None = None) -> None:
        super().__init__()
        self.gamma = gamma
        self.register_buffer("weights", _as_buffer(weights), persistent=False)

    def forward(self, logits: Tensor, target: Tensor, *, ignore: Tensor | None = None) -> Tensor:
        """Return the loss of one batch; see `Loss.forward`."""
        log_p = log_probabilities(logits)
        y = _weighted(with_background(target.to(log_p.dtype)), self.weights)
        # expm1 keeps small 1−p exact; the bound keeps the slope of a root (γ < 1) finite where p reaches 1
        missed = log_p.expm1().neg().clamp_min(torch.finfo(log_p.dtype).tiny)
        return voxel_mean((y * missed.pow(self.gamma) * log_p).sum(1).neg(), ignore)


class TopK(Loss):
    """Mean of the k % largest voxel cross-entropies of the batch.

    Online bootstrapping (Wu et al. 2016, arXiv 1605.06885).

    Args:
        k: per cent of the voxels that count, in (0, 100]; at least one voxel.
    """

    def __init__(self, k: float = 10.0) -> None:
        super().__init__()
        self.k = k

    def forward(self, logits: Tensor, target: Tensor, *, ignore: Tensor | None = None) -> Tensor:
        """Return the loss of one batch; see `Loss.forward`."""
        losses = voxel_cross_entropy(logits, target).flatten()
        if ignore is None:
            return losses.topk(math.ceil(self.k / 100 * losses.numel())).values.mean()
        keep = ~ignore.flatten()
        # how many voxels count is known on the device only, so rank all of them and cut by rank
        ranked = losses.mul(keep).sort(descending=True).values
        count = (keep.sum() * (self.k / 100)).ceil().clamp_min(1)
        return ranked.mul(torch.arange(ranked.numel(), device=ranked.device) < count).sum() / count


def _as_buffer(weights: Sequence[float] | None) -> Tensor | None:
    return None if weights is None else torch.tensor(list(weights), dtype=torch.float64)


def _weighted(target: Tensor, weights: Tensor | None) -> Tensor:
    if weights is None:
        return target
    if weights.shape != (target.shape[1],):
        raise ValueError(f"{weights.shape[0]} weights for {target.shape[1]} classes (background included)")
    return target * weights.to(target).reshape(-1, *[1] * (target.ndim - 2))
