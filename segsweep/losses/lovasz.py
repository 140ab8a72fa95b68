"""Lovász losses: the convex piecewise linear extension of 1 − Jaccard (Berman et al. 2018, arXiv 1705.08790, Sect. 2).

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
    """Lovász-sigmoid (one channel) or Lovász-softmax (more): errors |y − p|.

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
    """Lovász-hinge: errors max(0, 1 − logit·(2y−1)). Binary.

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

    @staticmethod
    def forward(errors: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        if errors.device.type != "cpu":
            return _sorted_sum(errors, y, *errors.sort(dim=-1, descending=True))
        # row by row: temporaries of one row stay in the cache, and a single row can be sorted as integers
        length = errors.shape[-1]
        rows = [
            _sorted_sum(row, labels, *_falling(row))
            for row, labels in zip(errors.reshape(-1, length), y.reshape(-1, length), strict=True)
        ]
        losses, slopes = (torch.stack(parts) for parts in zip(*rows, strict=True))
        return losses.view(errors.shape[:-1]), slopes.view(errors.shape)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: tuple[Tensor, Tensor]) -> None:
        ctx.mark_non_differentiable(output[1])
        ctx.save_for_backward(output[1])

    @staticmethod
    def backward(ctx: Any, to_losses: Tensor, _: Tensor) -> tuple[Tensor, None]:
        (slopes,) = ctx.saved_tensors
        return to_losses.unsqueeze(-1) * slopes, None

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int | None, int | None], errors: Tensor, y: Tensor
    ) -> tuple[tuple[Tensor, Tensor], tuple[int, int]]:
        """More rows of the same kind, so that the rows of all lanes are sorted as fast as those of one."""
        lanes = [
            values.expand(info.batch_size, *values.shape) if axis is None else values.movedim(axis, 0)
            for values, axis in zip((errors, y), in_dims, strict=True)
        ]
        return _Extension.apply(*lanes), (0, 0)  # type: ignore[no-untyped-call]  # torch leaves `apply` untyped


def _falling(errors: Tensor) -> tuple[Tensor, Tensor]:
    """Sort one row of non-negative numbers from large to small; return the values and their places.

    The bits of non-negative floats, read as integers, have the order of the floats, and on a CPU torch sorts a vector
    of integers by radix, several times as fast as floats.
    """
    integer = torch.int64 if errors.dtype == torch.float64 else torch.int32
    # adding 0 turns −0, whose bits would sort last, into 0
    keys, order = (errors + 0.0).view(integer).neg_().sort()
    return keys.neg_().view(errors.dtype), order


def _sorted_sum(errors: Tensor, y: Tensor, ordered: Tensor, order: Tensor) -> tuple[Tensor, Tensor]:
    """Return the extension of each row, `(…)`, and its slopes in the order of the voxels, `(…, N)`."""
    slopes = _slopes(y.gather(-1, order))
    return (ordered * slopes).sum(-1), torch.empty_like(errors).scatter_(-1, order, slopes)


def _slopes(labels: Tensor) -> Tensor:
    """Δ_i − Δ_{i−1} for labels in the order of falling error.

    After i errors, k of them on labelled voxels, the intersection is I = G − k and the union U = G + (i − k). A
    labelled voxel takes 1 from I, which is worth 1/U; an unlabelled one adds 1 to U, which is worth I/(U(U−1)).
    Subtracting neighbouring Δ instead would leave few correct digits in float32.
    """
    # whole numbers are exact in float32 up to 2²⁴
    exact = torch.float64 if labels.shape[-1] >= 2**24 else labels.dtype
    found = labels.cumsum(-1, dtype=exact)
    intersection = found[..., -1:] - found
    union = intersection + torch.arange(1, labels.shape[-1] + 1, device=labels.device, dtype=exact)
    before = (union - 1).clamp_min_(1)
    slopes = torch.where(labels > 0, before, intersection).div_(before.mul_(union))
    # where nothing is labelled, the first error makes a union of 1 from nothing: J falls from 1 to 0
    slopes[..., 0] += found[..., -1] == 0
    return slopes.to(labels.dtype)
