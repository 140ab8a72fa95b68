"""Overlap losses: one formula for soft Dice, soft Jaccard and soft Tversky, for every Φ, ε and form.

    loss = 1 − mean over φ of (2TP+ε) / (2TP + 2α·FP + 2β·FN + ε)

Dice is α = β = ½ and Jaccard α = β = 1. Φ and ε: Tilborghs et al. 2022 (arXiv 2207.09521), Sect. 2. α, β: Salehi et al.
2017 (arXiv 1706.05721) and Eelbode et al. 2020 (arXiv 2010.13499), Prop. II.3. Semimetric form: Wang et al. 2023 (arXiv
2303.16296).
"""

from collections.abc import Callable, Sequence
from typing import Literal, TypedDict, Unpack

import torch
from torch import Tensor

from segsweep.losses.counts import Counts, classic_counts, semimetric_counts, squared_counts
from segsweep.losses.loss import Loss
from segsweep.losses.phi import Phi
from segsweep.losses.probabilities import keep_mask, probabilities, with_background, working_precision
from segsweep.losses.softmax_counts import softmax_counts

PhiName = Literal["image", "class", "batch", "all"]


class OverlapOptions(TypedDict, total=False):
    """The keyword arguments that all overlap losses share; meanings and defaults are `Tversky`'s."""

    phi: PhiName
    epsilon: float | Sequence[float]
    epsilon_in: Literal["both", "denominator"]
    form: Literal["classic", "semimetric"]
    denominator: Literal["linear", "squared"]
    class_weights: Sequence[float] | None
    background: bool
    classes: Literal["all", "present"]


class Tversky(Loss):
    """Soft Tversky loss.

    Args:
        alpha: weight of false positives.
        beta: weight of false negatives.
        phi: the axes a term sums over besides the voxels.
        epsilon: smoothing in voxels of the training grid; one number for every φ, or one per class. A φ that spans
            classes has the sum of its classes' ε. The number is per φ: it is not multiplied by the batch size.
        epsilon_in: ε in numerator and denominator, or in the denominator only.
        form: TP as Σp·y, or the semimetric one, which is defined for soft labels.
        denominator: volumes as Σp and Σy, or as Σp² and Σy².
        class_weights: relative weights, one per class that counts; scaled to mean 1. Where a φ spans classes they weigh
            its counts, else its similarity.
        background: whether the background is a class like the others.
        classes: average over every φ, or over those whose label is not empty (0 if there is none).

    Raises:
        ValueError: the semimetric form with squared volumes, which is the classic form again.

    Example:
        >>> loss = Tversky(0.3, 0.7, phi="batch")
        >>> loss(torch.zeros(2, 1, 8, 8), torch.ones(2, 1, 8, 8)).item()
        0.41...
    """

    epsilon: Tensor
    class_weights: Tensor

    def __init__(
        self,
        alpha: float,
        beta: float,
        *,
        phi: PhiName = "image",
        epsilon: float | Sequence[float] = 1e-7,
        epsilon_in: Literal["both", "denominator"] = "both",
        form: Literal["classic", "semimetric"] = "classic",
        denominator: Literal["linear", "squared"] = "linear",
        class_weights: Sequence[float] | None = None,
        background: bool = False,
        classes: Literal["all", "present"] = "all",
    ) -> None:
        super().__init__()
        self.alpha, self.beta = alpha, beta
        self.phi = Phi(phi)
        self.epsilon_in_numerator = {"both": True, "denominator": False}[epsilon_in]
        self.background = background
        self.only_present = {"all": False, "present": True}[classes]
        self._count = _counting(form, denominator)
        weights = torch.tensor(1.0 if class_weights is None else list(class_weights), dtype=torch.float64)
        # a buffer keeps its device with the module; float64 because it is cast to the precision of the counts
        self.register_buffer("class_weights", weights / weights.mean(), persistent=False)
        self.register_buffer("epsilon", torch.tensor(epsilon, dtype=torch.float64), persistent=False)

    def forward(self, logits: Tensor, target: Tensor, *, ignore: Tensor | None = None) -> Tensor:
        """Return the loss of one batch; see `Loss.forward`."""
        return self.of_counts(self._counts(logits, target, ignore))

    def _counts(self, logits: Tensor, target: Tensor, ignore: Tensor | None) -> Counts:
        logits = working_precision(logits)
        y = target.to(logits.dtype)
        first = 1 if logits.shape[1] > 1 and not self.background else 0
        if self._count is classic_counts and logits.shape[1] > 1 and ignore is None:
            return softmax_counts(logits, y, first=first)
        p = probabilities(logits)
        if self.background:
            p, y = with_background(p), with_background(y)
        keep = keep_mask(ignore, p)
        if keep is not None:
            p, y = p * keep, y * keep
        return self._count(p, y, first=first)

    def of_counts(self, counts: Counts) -> Tensor:
        """Return the loss of soft counts.

        Args:
            counts: TP, predicted and label volume, each `(B, C)`.

        Raises:
            ValueError: as many ε or class weights as there are classes are needed, and there are not.
        """
        classes = counts.labelled.shape[1]
        weights = self._class_weights(classes, counts.labelled)
        if self.phi.over_class:
            counts = Counts(*(self.phi.collect(count * weights) for count in counts))
            weights = torch.ones_like(weights[:, :1])
        else:
            counts = Counts(*(self.phi.collect(count) for count in counts))
        loss = 1 - self._similarity(counts, self._epsilon(classes, counts.labelled))
        weights = weights.expand_as(loss)
        if self.only_present:
            weights = weights * (counts.labelled > 0)
            return (loss * weights).sum() / weights.sum().clamp_min(torch.finfo(loss.dtype).tiny)
        return (loss * weights).mean()

    def _similarity(self, counts: Counts, epsilon: Tensor) -> Tensor:
        """Return (2TP+ε)/(2TP+2α·FP+2β·FN+ε) per φ."""
        twice = 2 * counts.true_positive
        # FP and FN written out: their TP cancel for Dice, which leaves no rounding behind
        volumes = 2 * self.alpha * counts.predicted + 2 * self.beta * counts.labelled
        denominator = (1 - self.alpha - self.beta) * twice + volumes + epsilon
        numerator = twice + epsilon if self.epsilon_in_numerator else twice
        # An empty φ (nothing labelled, nothing predicted) with ε = 0 is perfect and gives no gradient. Below √tiny the
        # squared denominator of the gradient would underflow, so that counts as empty too.
        empty = denominator <= torch.finfo(denominator.dtype).tiny ** 0.5
        return torch.where(empty, 1.0, numerator / torch.where(empty, 1.0, denominator))

    def _epsilon(self, classes: int, like: Tensor) -> Tensor:
        if self.epsilon.ndim == 0:
            return self.epsilon.to(like)
        epsilon = _one_per_class("epsilon", self.epsilon, classes, like)
        if not self.phi.over_class:
            return epsilon
        return (epsilon * self._class_weights(classes, like)).sum(1, keepdim=True)

    def _class_weights(self, classes: int, like: Tensor) -> Tensor:
        if self.class_weights.ndim == 0:
            return self.class_weights.to(like).expand(1, classes)
        return _one_per_class("class_weights", self.class_weights, classes, like)


class Dice(Tversky):
    """Soft Dice loss, 1 − mean (2TP+ε)/(2TP+FP+FN+ε); keyword arguments as in `Tversky`."""

    def __init__(self, **options: Unpack[OverlapOptions]) -> None:
        super().__init__(0.5, 0.5, **options)


class Jaccard(Tversky):
    """Soft Jaccard loss, 1 − mean (2TP+ε)/(2TP+2FP+2FN+ε); keyword arguments as in `Tversky`."""

    def __init__(self, **options: Unpack[OverlapOptions]) -> None:
        super().__init__(1.0, 1.0, **options)


def _one_per_class(name: str, values: Tensor, classes: int, like: Tensor) -> Tensor:
    """Return `(1, C)`; a tensor of another length would broadcast every class against every value."""
    if values.shape != (classes,):
        raise ValueError(f"{name} has {values.shape[0]} entries for {classes} classes that count")
    return values.to(like).unsqueeze(0)


def _counting(form: str, denominator: str) -> Callable[..., Counts]:
    counting = {
        ("classic", "linear"): classic_counts,
        ("classic", "squared"): squared_counts,
        ("semimetric", "linear"): semimetric_counts,
    }
    if (form, denominator) not in counting:
        raise ValueError(f"no overlap loss of form {form!r} with denominator {denominator!r}; one of {list(counting)}")
    return counting[form, denominator]
