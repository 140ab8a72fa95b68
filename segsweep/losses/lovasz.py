"""Lovász losses: the convex piecewise linear extension of 1 − Jaccard (Berman et al. 2018, arXiv 1705.08790).

    loss_φ = Σ_i e_(i) (Δ_i − Δ_{i−1}),   e_(1) ≥ e_(2) ≥ …,   Δ_i = 1 − J after the i largest errors were made

Defined for hard labels only.
"""

from typing import Any, Literal

import torch
from torch import Tensor
from torch.autograd import Function

from segsweep.losses.loss import Loss
from segsweep.losses.phi import Phi
from segsweep.losses.probabilities import keep_mask, probabilities, with_background, working_precision


class Lovasz(Loss):
    """Lovász-sigmoid (one channel) or Lovász-softmax (more), Sect. 2 and 3: errors |y − p|.

    Args:
        phi: sort the errors of each image and class, or of each class over the batch.
        background: whether the background is a class like the others.
        classes: average over every φ, or over those whose label is not empty (0 if there is none). The loss of an empty
            φ is its largest error.
    """

    def __init__(
        self,
        *,
        phi: Literal["image", "batch"] = "image",
        background: bool = False,
        classes: Literal["all", "present"] = "all",
    ) -> None:
        super().__init__()
        self.phi = _sorted_phi(phi)
        self.background = background
        self.only_present = {"all": False, "present": True}[classes]

    def forward(self, logits: Tensor, target: Tensor, *, ignore: Tensor | None = None) -> Tensor:
        """Return the loss of one batch; see `Loss.forward`."""
        p = probabilities(logits)
        y = target.to(p.dtype)
        if self.background:
            p, y = with_background(p), with_background(y)
        elif p.shape[1] > 1:
            p, y = p[:, 1:], y[:, 1:]
        return _mean_extension((y - p).abs(), y, ignore, self.phi, self.only_present)


class LovaszHinge(Loss):
    """Lovász-hinge, Sect. 3: errors max(0, 1 − logit·(2y−1)). Binary.

    Args:
        phi: as in `Lovasz`.
        classes: as in `Lovasz`.
    """

    def __init__(self, *, phi: Literal["image", "batch"] = "image", classes: Literal["all", "present"] = "all") -> None:
        super().__init__()
        self.phi = _sorted_phi(phi)
        self.only_present = {"all": False, "present": True}[classes]

    def forward(self, logits: Tensor, target: Tensor, *, ignore: Tensor | None = None) -> Tensor:
        """Return the loss of one batch; see `Loss.forward`.

        Raises:
            ValueError: more than one channel.
        """
        if logits.shape[1] != 1:
            raise ValueError(f"the Lovász hinge is for one foreground label; got {logits.shape[1]} channels")
        logits = working_precision(logits)
        y = target.to(logits.dtype)
        return _mean_extension((1 - logits * (2 * y - 1)).relu(), y, ignore, self.phi, self.only_present)


def _sorted_phi(phi: str) -> Phi:
    if phi not in ("image", "batch"):
        raise ValueError(f"phi is {phi!r}; Lovász losses sort per image or per batch")
    return Phi(phi)


def _mean_extension(errors: Tensor, y: Tensor, ignore: Tensor | None, phi: Phi, only_present: bool) -> Tensor:
    """Mean over φ of the extension; errors and labels `(B, C, *S)`."""
    keep = keep_mask(ignore, errors)
    if keep is not None:
        # an error of 0 on an unlabelled voxel is sorted last and adds nothing
        errors, y = errors * keep, y * keep
    errors, y = _rows(errors, phi), _rows(y, phi)
    losses = jaccard_extension(errors, y)
    if not only_present:
        return losses.mean()
    present = (y.sum(-1) > 0).to(losses.dtype)
    return (losses * present).sum() / present.sum().clamp_min(1)


def _rows(maps: Tensor, phi: Phi) -> Tensor:
    """One row of voxels per φ."""
    return maps.transpose(0, 1).flatten(1) if phi.over_batch else maps.flatten(2)


def jaccard_extension(errors: Tensor, y: Tensor) -> Tensor:
    """Return the Lovász extension of the Jaccard loss of each row.

    Args:
        errors: `(…, N)`, ≥ 0.
        y: `(…, N)`, hard labels 0 or 1 in the same dtype.

    Returns:
        `(…)`; on 0/1 errors 1 − J.
    """
    losses: Tensor = _Extension.apply(errors, y)[0]  # type: ignore[no-untyped-call]  # torch leaves `apply` untyped
    return losses


class _Extension(Function):
    """The extension with its slopes, which are its gradient: it is linear as long as no two errors change order."""

    generate_vmap_rule = True

    @staticmethod
    def forward(errors: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        ordered, order = errors.sort(dim=-1, descending=True)
        labels = y.gather(-1, order)
        slopes = _slopes(labels)
        losses = (ordered * slopes).sum(-1)
        return losses, torch.empty_like(slopes).scatter(-1, order, slopes)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: tuple[Tensor, Tensor]) -> None:
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(output[1])

    @staticmethod
    def backward(ctx: Any, to_losses: Tensor, _: Tensor) -> tuple[Tensor, None]:
        (slopes,) = ctx.saved_tensors
        return to_losses.unsqueeze(-1) * slopes, None


def _slopes(labels: Tensor) -> Tensor:
    """Δ_i − Δ_{i−1} for labels in the order of falling error.

    After i errors, of which k on labelled voxels: intersection G − k, union G + (i − k), Δ = 1 − intersection/union.
    """
    found = labels.cumsum(-1)
    total = found[..., -1:]
    rank = torch.arange(1, labels.shape[-1] + 1, device=labels.device, dtype=labels.dtype)
    delta = 1 - (total - found) / (total + rank - found)
    return torch.diff(delta, dim=-1, prepend=torch.zeros_like(total))
