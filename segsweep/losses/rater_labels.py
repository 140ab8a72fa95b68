"""From several raters' labels, or a hard one, to the label that a network is trained on.

Raters' labels are float `(R, C, *S)`: R raters, one channel for binary, else one-hot channels, background first.
"""

import torch
from torch import Tensor


def mean_of_raters(raters: Tensor) -> Tensor:
    """Return the share of raters for each class, a soft label `(C, *S)`."""
    return raters.mean(0)


def majority_of_raters(raters: Tensor) -> Tensor:
    """Return the hard label of most raters, `(C, *S)`.

    A tie of a binary label is foreground, as every decision at one half is; a tie between classes goes to the first.
    """
    share = raters.mean(0)
    if share.shape[0] == 1:
        return (share >= 0.5).to(raters.dtype)
    largest = share == share.amax(0, keepdim=True)
    # argmax leaves open which of several maxima it returns
    first = largest & (largest.cumsum(0) == 1)
    return first.to(raters.dtype)


def random_rater(raters: Tensor, *, generator: torch.Generator) -> Tensor:
    """Return one rater's label, drawn at random, `(C, *S)`.

    Args:
        raters: the raters' labels.
        generator: draws the rater, once per call; call it once per epoch.
    """
    drawn = int(torch.randint(raters.shape[0], (), generator=generator))
    return raters[drawn]


def smooth_labels(target: Tensor, amount: float) -> Tensor:
    """Mix a label with the uniform distribution over classes (Szegedy et al. 2016, arXiv 1512.00567, Sect. 7).

    Args:
        target: `(B, C, *S)`, hard or soft; one channel is the foreground of two classes.
        amount: share of the uniform distribution, in [0, 1].

    Raises:
        ValueError: an amount outside its range.
    """
    if not 0 <= amount <= 1:
        raise ValueError(f"amount is a share in [0, 1], got {amount}")
    classes = max(target.shape[1], 2)
    return target * (1 - amount) + amount / classes
