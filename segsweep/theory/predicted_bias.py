"""What theory says about a loss setting of a sweep: the expected soft volume error on an uncertain region."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from segsweep.theory.optimum import optimum
from segsweep.theory.risks import CROSS_ENTROPY, LOVASZ, CrossEntropyRisk, OverlapRisk, Risk

_OVERLAP = {"dice": (0.5, 0.5), "jaccard": (1.0, 1.0)}
# voxels; far below any certain volume of a phantom
_NEGLIGIBLE_EPSILON = 1e-3


def predicted_bias(
    name: str,
    arguments: Mapping[str, Any],
    *,
    p: float,
    k: float,
    r: float,
    batch_size: int,
    certain_volume: float | None = None,
    soft_labels: bool = False,
) -> float | None:
    """Return the expected soft ΔV of the global optimum as a fraction of the uncertain volume.

    For binary labels whose certain foreground and uncertain region lie in every image. With Φ over the batch, one
    term holds K·B independent blocks and the same r. Where the label itself says p, its volume is the same in every
    image, as with endlessly many blocks; the semimetric form then has its optimum at p.

    Args:
        name: the loss's name in the grid.
        arguments: its resolved arguments.
        p: probability that a block is foreground.
        k: blocks per image.
        r: uncertain volume relative to the certain foreground.
        batch_size: images per batch.
        certain_volume: certain foreground of an image in voxels; needed for an ε that is a number and not negligible.
        soft_labels: whether training sees p itself on the region, not blocks drawn with probability p.

    Returns:
        The bias, or None where theory does not say: sums of losses, and losses whose optimum depends on more than p, K
        and r.
    """
    if soft_labels:
        if arguments.get("form") == "semimetric":
            return 0.0
        k = math.inf
    images = batch_size if arguments.get("phi") in ("batch", "all") else 1
    match name:
        case "ce":
            risk: Risk | None = CROSS_ENTROPY
        case "wce":
            risk = _weighted(arguments["weight"])
        case "lovasz":
            risk = None if arguments["background"] else LOVASZ
        case "dice" | "jaccard" | "tversky":
            weights = _OVERLAP.get(name) or (arguments["alpha"], arguments["beta"])
            risk = _overlap(weights, arguments, mean_volume=1 + p * r, images=images, certain_volume=certain_volume)
        case _:
            risk = None
    return None if risk is None else optimum(risk, p, k * images, r).soft_bias


def _weighted(weight: str | float | Sequence[float]) -> Risk | None:
    """Balanced weights depend on the share of foreground in the image, which p, K and r leave open."""
    if isinstance(weight, str):
        return None
    background, foreground = (1.0, weight) if isinstance(weight, (int, float)) else weight
    return CrossEntropyRisk(foreground=foreground, background=background)


def _overlap(
    weights: tuple[float, float],
    arguments: Mapping[str, Any],
    *,
    mean_volume: float,
    images: int,
    certain_volume: float | None,
) -> Risk | None:
    """The overlap risk of one φ, or None if more than the foreground counts or the denominator is another one."""
    epsilon = _relative_epsilon(arguments["epsilon"], mean_volume, certain_volume)
    smoothed_alike = arguments["epsilon_in"] == "both" or epsilon == 0
    if epsilon is None or not smoothed_alike or arguments["background"] or arguments["denominator"] != "linear":
        return None
    return OverlapRisk(*weights, epsilon=epsilon / images)


def _relative_epsilon(
    epsilon: str | float | Sequence[float], mean_volume: float, certain_volume: float | None
) -> float | None:
    """ε in units of one image's certain volume; None if that is needed and unknown."""
    if isinstance(epsilon, str):
        # every phantom has foreground, so both rules give the mean labelled volume
        return mean_volume
    voxels = epsilon if isinstance(epsilon, (int, float)) else epsilon[0]
    if voxels <= _NEGLIGIBLE_EPSILON:
        return 0.0
    return None if certain_volume is None else voxels / certain_volume
