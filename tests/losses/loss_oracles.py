"""Slow, obvious re-computations of the losses, voxel by voxel in Python floats or by the definition."""

import itertools

import torch
from torch import Tensor

PHI_AXES = {"image": (), "class": ("class",), "batch": ("batch",), "all": ("batch", "class")}


def families(phi: str, images: int, classes: int) -> list[list[tuple[int, int]]]:
    """The (image, class) pairs of each φ, by the paper's definition of Φ."""
    found: dict[tuple[int | None, int | None], list[tuple[int, int]]] = {}
    for image, label in itertools.product(range(images), range(classes)):
        key = (None if "batch" in PHI_AXES[phi] else image, None if "class" in PHI_AXES[phi] else label)
        found.setdefault(key, []).append((image, label))
    return list(found.values())


def overlap_loss(
    p: Tensor,
    y: Tensor,
    *,
    alpha: float = 0.5,
    beta: float = 0.5,
    phi: str = "image",
    epsilon: list[float],
    epsilon_in: str = "both",
    form: str = "classic",
    denominator: str = "linear",
    class_weights: list[float] | None = None,
    classes: str = "all",
) -> float:
    """Overlap loss of probabilities `(B, C, N)` of the classes that count, with one ε per class."""
    weights = class_weights or [1.0] * p.shape[1]
    scale = sum(weights) / len(weights)
    weights = [weight / scale for weight in weights]
    over_class = "class" in PHI_AXES[phi]
    losses, shares = [], []
    for pairs in families(phi, p.shape[0], p.shape[1]):
        tp = predicted = labelled = 0.0
        for image, label in pairs:
            weight = weights[label] if over_class else 1.0
            for a, b in zip(p[image, label].tolist(), y[image, label].tolist(), strict=True):
                tp += weight * ((a + b - abs(a - b)) / 2 if form == "semimetric" else a * b)
                predicted += weight * (a * a if denominator == "squared" else a)
                labelled += weight * (b * b if denominator == "squared" else b)
        own = sorted({label for _, label in pairs})
        smooth = sum(weights[label] * epsilon[label] for label in own) if over_class else epsilon[own[0]]
        above = 2 * tp + (smooth if epsilon_in == "both" else 0.0)
        below = 2 * tp + 2 * alpha * (predicted - tp) + 2 * beta * (labelled - tp) + smooth
        losses.append(1 - above / below)
        present = classes == "all" or labelled > 0
        shares.append((1.0 if over_class else weights[own[0]]) * present)
    total = len(shares) if classes == "all" else sum(shares)
    return sum(loss * share for loss, share in zip(losses, shares, strict=True)) / total if total else 0.0


def jaccard_loss(mistakes: frozenset[int], labelled: frozenset[int]) -> float:
    """1 − J of the prediction that differs from the label in `mistakes`."""
    predicted = labelled ^ mistakes
    union = predicted | labelled
    return 0.0 if not union else 1 - len(predicted & labelled) / len(union)


def lovasz_extension(errors: list[float], y: list[float]) -> float:
    """∫₀^∞ (1 − J)({i: e_i > t}) dt, the Lovász extension as a Choquet integral over levels."""
    labelled = frozenset(index for index, value in enumerate(y) if value == 1)
    levels = sorted({0.0, *errors})
    total = 0.0
    for low, high in itertools.pairwise(levels):
        above = frozenset(index for index, error in enumerate(errors) if error > low)
        total += (high - low) * jaccard_loss(above, labelled)
    return total


def logit(p: Tensor) -> Tensor:
    return torch.log(p) - torch.log1p(-p)


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """`(B, *S)` whole numbers to `(B, C, *S)` float64."""
    return torch.nn.functional.one_hot(labels, classes).movedim(-1, 1).double().contiguous()
