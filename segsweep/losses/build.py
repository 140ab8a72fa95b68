"""From a loss's name and arguments, as the catalogue resolved them, to the loss itself."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from segsweep.losses.cross_entropy import CrossEntropy, Focal, TopK
from segsweep.losses.foreign import monai_loss, own_loss
from segsweep.losses.label_statistics import LabelStatistics
from segsweep.losses.loss import Loss
from segsweep.losses.lovasz import Lovasz, LovaszHinge
from segsweep.losses.missing_labels import LeafDice, MarginalDice
from segsweep.losses.overlap import Dice, Jaccard, Tversky
from segsweep.losses.weighted_sum import WeightedSum


def build_loss(name: str, arguments: Mapping[str, Any], *, labels: LabelStatistics) -> Loss:
    """Build a loss.

    Args:
        name: as in the grid.
        arguments: all of its arguments, defaults included, as `segsweep.spec.catalogue.resolve` gives them.
        labels: statistics of the training fold, from which balanced weights and ε rules are computed.

    Raises:
        GridError: a MONAI or user's loss cannot be made.
        ValueError: a per-class argument has not one entry per class, or the loss is not for this number of classes.
    """
    if name in _BUILDERS:
        return _BUILDERS[name](arguments, labels)
    if "+" in name:
        terms = [build_loss(term, arguments["terms"][term], labels=labels) for term in name.split("+")]
        return WeightedSum(terms, arguments["mix"])
    if name.startswith("monai:"):
        return monai_loss(name.removeprefix("monai:"), arguments["args"], binary=len(labels.prior) == 2)
    return own_loss(name, arguments["args"])


def class_weights(weight: str | float | Sequence[float] | None, labels: LabelStatistics) -> list[float] | None:
    """Return one weight per class, background first.

    Args:
        weight: `balanced` gives w_c = 1/(C·prior_c), so that every class weighs the same in total; for two classes that
            is 1/(2p) and 1/(2−2p) (Bertels et al. 2019, Sect. 3). A class that the fold does not have weighs 0. A
            number is the weight of every foreground class beside a background of 1.
        labels: statistics of the training fold.

    Raises:
        ValueError: a list of another length.
    """
    classes = len(labels.prior)
    if weight is None:
        return None
    if isinstance(weight, str):
        return [1 / (classes * prior) if prior > 0 else 0.0 for prior in labels.prior]
    if isinstance(weight, (int, float)):
        return [1.0] + [weight] * (classes - 1)
    if len(weight) != classes:
        raise ValueError(f"weight has {len(weight)} entries for {classes} classes (background included)")
    return list(weight)


def epsilon_values(
    epsilon: str | float | Sequence[float], labels: LabelStatistics, *, background: bool
) -> float | list[float]:
    """Return ε as a number, or one per class that counts.

    Args:
        epsilon: a number, one per class, or a rule: the class's mean label volume on the training fold in voxels
            (Tilborghs et al. 2022, released code), over all images or over those that have the class.
        labels: statistics of the training fold.
        background: whether the background is one of the classes.
    """
    if isinstance(epsilon, str):
        volumes = {"mean_volume": labels.mean_volume, "mean_present_volume": labels.mean_present_volume}[epsilon]
        return list(volumes if background else volumes[1:])
    return epsilon if isinstance(epsilon, (int, float)) else list(epsilon)


def _overlap(arguments: Mapping[str, Any], labels: LabelStatistics) -> dict[str, Any]:
    epsilon = epsilon_values(arguments["epsilon"], labels, background=arguments["background"])
    return {**arguments, "epsilon": epsilon}


_BUILDERS: dict[str, Callable[[Mapping[str, Any], LabelStatistics], Loss]] = {
    "ce": lambda arguments, labels: CrossEntropy(),
    "wce": lambda arguments, labels: CrossEntropy(class_weights(arguments["weight"], labels)),
    "focal": lambda arguments, labels: Focal(arguments["gamma"], class_weights(arguments["weight"], labels)),
    "topk": lambda arguments, labels: TopK(**arguments),
    "dice": lambda arguments, labels: Dice(**_overlap(arguments, labels)),
    "jaccard": lambda arguments, labels: Jaccard(**_overlap(arguments, labels)),
    "tversky": lambda arguments, labels: Tversky(**_overlap(arguments, labels)),
    "lovasz": lambda arguments, labels: Lovasz(**arguments),
    "lovasz_hinge": lambda arguments, labels: LovaszHinge(**arguments),
    "marginal_dice": lambda arguments, labels: MarginalDice(**arguments),
    "leaf_dice": lambda arguments, labels: LeafDice(**arguments),
}
