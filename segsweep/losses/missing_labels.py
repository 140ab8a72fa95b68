"""Baselines for images whose labels lack a class, as compared by Tilborghs et al. 2022 (arXiv 2207.09521).

A class counts as missing in an image whose label has no voxel of it.
"""

from torch import Tensor

from segsweep.losses.counts import Counts, classic_counts
from segsweep.losses.loss import Loss
from segsweep.losses.probabilities import keep_mask, probabilities


class MarginalDice(Loss):
    """Dice with missing classes' probability added to the background (Shi et al. 2021, arXiv 2007.03868, Sect. 3).

    Mean over images of 1 − mean over background and present classes of (2TP+ε)/(2TP+FP+FN+ε). Softmax outputs only.

    Args:
        epsilon: ε in voxels, > 0.
    """

    def __init__(self, *, epsilon: float = 1e-7) -> None:
        super().__init__()
        self.epsilon = epsilon

    def forward(self, logits: Tensor, target: Tensor, *, ignore: Tensor | None = None) -> Tensor:
        """Return the loss of one batch; see `Loss.forward`.

        Raises:
            ValueError: one channel; with nothing but a background left, there is nothing to learn from such an image.
        """
        if logits.shape[1] == 1:
            raise ValueError("marginal Dice is for two or more foreground labels; got one channel")
        p, y = _counted(probabilities(logits), target, ignore)
        counts = classic_counts(p, y, first=0)
        present = (counts.labelled > 0).to(p.dtype)
        present[:, 0] = 1
        merged = _merge_missing(counts, p, y, present)
        similarity = (2 * merged.true_positive + self.epsilon) / (merged.predicted + merged.labelled + self.epsilon)
        return 1 - ((similarity * present).sum(1) / present.sum(1)).mean()


class LeafDice(Loss):
    """Dice over the classes present in each image (Fidon et al. 2021, arXiv 2107.03846).

    Mean over images of 1 − mean over the image's present foreground classes of 2TP/(2TP+FP+FN+ε). As the released
    experiments of Tilborghs et al. 2022 run it: no background, ε in the denominator only. An image without any label
    adds nothing.

    Args:
        epsilon: ε in voxels, > 0.
    """

    def __init__(self, *, epsilon: float = 1e-7) -> None:
        super().__init__()
        self.epsilon = epsilon

    def forward(self, logits: Tensor, target: Tensor, *, ignore: Tensor | None = None) -> Tensor:
        """Return the loss of one batch; see `Loss.forward`."""
        p, y = _counted(probabilities(logits), target, ignore)
        counts = classic_counts(p, y, first=1 if p.shape[1] > 1 else 0)
        present = (counts.labelled > 0).to(p.dtype)
        # a present class has a label volume, so the denominator of an absent one may be moved away from 0 freely
        denominator = counts.predicted + counts.labelled + self.epsilon + (1 - present)
        losses = 1 - 2 * counts.true_positive / denominator
        per_image = (losses * present).sum(1) / present.sum(1).clamp_min(1)
        labelled = (present.sum(1) > 0).to(p.dtype)
        return (per_image * labelled).sum() / labelled.sum().clamp_min(1)


def _counted(p: Tensor, target: Tensor, ignore: Tensor | None) -> tuple[Tensor, Tensor]:
    y = target.to(p.dtype)
    keep = keep_mask(ignore, p)
    return (p, y) if keep is None else (p * keep, y * keep)


def _merge_missing(counts: Counts, p: Tensor, y: Tensor, present: Tensor) -> Counts:
    """Add each image's missing classes to its background: their label is empty, so only prediction and overlap grow."""
    missing = (1 - present).reshape(*present.shape, *[1] * (p.ndim - 2))
    absorbed = (p * missing).sum(1)
    voxels = tuple(range(1, absorbed.ndim))
    return Counts(
        _add_to_background(counts.true_positive, (absorbed * y[:, 0]).sum(voxels)),
        _add_to_background(counts.predicted, absorbed.sum(voxels)),
        counts.labelled,
    )


def _add_to_background(count: Tensor, more: Tensor) -> Tensor:
    return count + _unit(count) * more.unsqueeze(1)


def _unit(count: Tensor) -> Tensor:
    """`(1, C)` with 1 at the background."""
    unit = count.new_zeros(1, count.shape[1])
    unit[:, 0] = 1
    return unit
