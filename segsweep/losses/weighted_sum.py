"""Sums of losses, such as Dice + CE (Isensee et al. 2021, arXiv 1904.08128)."""

from collections.abc import Sequence

from torch import Tensor, nn

from segsweep.losses.loss import Loss


class WeightedSum(Loss):
    """Σ_i m_i · loss_i.

    Args:
        terms: the losses.
        mix: one factor per loss.

    Raises:
        ValueError: as many factors as losses are needed, and there are not.
    """

    def __init__(self, terms: Sequence[Loss], mix: Sequence[float]) -> None:
        super().__init__()
        if len(terms) != len(mix) or not terms:
            raise ValueError(f"{len(mix)} factors for {len(terms)} losses")
        self.terms = nn.ModuleList(terms)
        self.mix = tuple(mix)

    def forward(self, logits: Tensor, target: Tensor, *, ignore: Tensor | None = None) -> Tensor:
        """Return the loss of one batch; see `Loss.forward`."""
        first, *rest = [
            factor * term(logits, target, ignore=ignore) for term, factor in zip(self.terms, self.mix, strict=True)
        ]
        total: Tensor = first
        for value in rest:
            total = total + value
        return total
