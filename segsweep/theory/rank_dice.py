"""RankDice: the segmentation with the highest expected Dice for independent voxels (Dai and Li 2023, arXiv 2206.13086).

The best mask of τ voxels holds those with the τ highest probabilities, so only τ has to be found:

    E[Dice] = 2 Σ_{j ≤ τ} p_j E[1/(τ + Γ_j)],   Γ_j = |Y| given that voxel j is foreground
"""

import numpy as np

from segsweep.theory.uncertain_region import Array, Mask


def volume_distribution(probabilities: Array) -> Array:
    """Return P(|Y| = n) for independent voxels, `(voxels + 1,)`."""
    distribution = np.array([1.0])
    for p in probabilities:
        distribution = np.convolve(distribution, [1 - p, p])
    return distribution


def expected_dice(probabilities: Array) -> Array:
    """Return the expected Dice of the τ most probable voxels for τ = 0 … voxels; an empty pair scores 1.

    Args:
        probabilities: `(voxels,)`, in falling order. The cost grows with the third power of their number.
    """
    voxels = probabilities.size
    volumes = np.arange(1, voxels + 1)
    # row j: distribution of |Y| given Y_j = 1, from 1 to `voxels`
    given = np.array([volume_distribution(np.delete(probabilities, j)) for j in range(voxels)])
    scores = np.empty(voxels + 1)
    scores[0] = np.prod(1 - probabilities)
    for tau in range(1, voxels + 1):
        scores[tau] = 2 * np.sum(probabilities[:tau] * (given[:tau] @ (1 / (tau + volumes))))
    return scores


def expected_dice_by_mean_volume(probabilities: Array) -> Array:
    """Return the same with E[1/(τ+Γ)] replaced by 1/(τ+E Γ), which is exact where the volume is certain.

    Args:
        probabilities: `(voxels,)`, in falling order. The cost grows with the square of their number.
    """
    given = probabilities.sum() - probabilities + 1
    scores = np.empty(probabilities.size + 1)
    scores[0] = np.prod(1 - probabilities)
    for tau in range(1, probabilities.size + 1):
        scores[tau] = 2 * np.sum(probabilities[:tau] / (tau + given[:tau]))
    return scores


def rank_dice(probabilities: Array) -> Mask:
    """Return the mask with the highest expected Dice, for independent voxels.

    Args:
        probabilities: any shape, some dozens of voxels.
    """
    flat = probabilities.ravel()
    order = np.argsort(-flat, kind="stable")
    size = int(np.argmax(expected_dice(flat[order])))
    mask = np.zeros(flat.size, dtype=np.bool_)
    mask[order[:size]] = True
    return mask.reshape(probabilities.shape)
