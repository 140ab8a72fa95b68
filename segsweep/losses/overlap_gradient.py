"""The gradient of the overlap losses in closed form: what Φ and ε do to missing and to empty labels.

Tilborghs et al. 2022 (arXiv 2207.09521), Sect. 2, for soft Dice; the formula below adds α and β. Within one φ the
gradient has two values only, one on labelled and one on unlabelled voxels.
"""

from torch import Tensor

from segsweep.losses.phi import Phi


def overlap_gradient(
    p: Tensor, y: Tensor, *, phi: Phi, epsilon: float, alpha: float = 0.5, beta: float = 0.5
) -> Tensor:
    """Return ∂loss/∂p of 1 − mean over φ of (2TP+ε)/(2TP+2α·FP+2β·FN+ε), without autograd.

    For Dice, with S = Σp + Σy: −(1/n)(2S − 2TP + ε)/(S+ε)² on labelled voxels and +(1/n)(2TP+ε)/(S+ε)² on unlabelled
    ones; on an empty label that is (1/n)·ε/(Σp+ε)² everywhere, largest at ε = Σp.

    Args:
        p: probabilities of the classes that count, `(B, C, *S)`.
        y: labels, the same shape.
        phi: the axes a term sums over besides the voxels.
        epsilon: ε in voxels, in numerator and denominator; > 0, or every φ has a label or a prediction.
        alpha: weight of false positives.
        beta: weight of false negatives.

    Returns:
        The gradient, the shape of `p`.
    """
    voxels = tuple(range(2, p.ndim))
    true_positive, predicted, labelled = (phi.collect(maps.sum(voxels)) for maps in (p * y, p, y))
    count = true_positive.numel()
    numerator = 2 * true_positive + epsilon
    rest = 1 - alpha - beta
    denominator = 2 * rest * true_positive + 2 * alpha * predicted + 2 * beta * labelled + epsilon
    per_voxel = [1] * len(voxels)
    # the quotient rule: both sums are linear in p, with slopes 2y and 2(1−α−β)y + 2α
    on_label = ((2 * denominator - 2 * rest * numerator) / denominator**2).reshape(*denominator.shape, *per_voxel)
    everywhere = (2 * alpha * numerator / denominator**2).reshape(*denominator.shape, *per_voxel)
    return (everywhere - on_label * y) / count
