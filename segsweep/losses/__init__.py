"""Losses for segmentation with Φ and ε as parameters. Tensors in, a scalar out; no Ray, no MLflow.

The names below are loaded when they are first used, so that the torch-free parts can be imported without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segsweep.losses.build import build_loss
    from segsweep.losses.cross_entropy import CrossEntropy, Focal, TopK
    from segsweep.losses.label_statistics import LabelStatistics
    from segsweep.losses.loss import Loss
    from segsweep.losses.lovasz import Lovasz, LovaszHinge
    from segsweep.losses.missing_labels import LeafDice, MarginalDice
    from segsweep.losses.overlap import Dice, Jaccard, Tversky
    from segsweep.losses.weighted_sum import WeightedSum

_HOMES = {
    "CrossEntropy": "cross_entropy",
    "Dice": "overlap",
    "Focal": "cross_entropy",
    "Jaccard": "overlap",
    "LabelStatistics": "label_statistics",
    "LeafDice": "missing_labels",
    "Loss": "loss",
    "Lovasz": "lovasz",
    "LovaszHinge": "lovasz",
    "MarginalDice": "missing_labels",
    "TopK": "cross_entropy",
    "Tversky": "overlap",
    "WeightedSum": "weighted_sum",
    "build_loss": "build",
}

__all__ = [
    "CrossEntropy",
    "Dice",
    "Focal",
    "Jaccard",
    "LabelStatistics",
    "LeafDice",
    "Loss",
    "Lovasz",
    "LovaszHinge",
    "MarginalDice",
    "TopK",
    "Tversky",
    "WeightedSum",
    "build_loss",
]


def __getattr__(name: str) -> object:
    """Load a loss by name."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
