"""The gradient of one φ's soft Dice loss as a function of volumes (Tilborghs et al. 2022, arXiv 2207.09521, Sect. 2).

With I = Σy·p and S = Σ(y+p), ∂loss/∂p has one value on labelled and one on unlabelled voxels. It says what a choice of
Φ and ε does to a missing or an empty label. All volumes in voxels; with n terms φ, every value is divided by n.
"""

import numpy as np
from numpy.typing import ArrayLike

from segsweep.theory.uncertain_region import Array


def on_labelled_voxels(overlap: ArrayLike, volumes: ArrayLike, epsilon: ArrayLike) -> Array:
    """Return −(2S − 2I + ε)/(S+ε)².

    Args:
        overlap: I = Σy·p.
        volumes: S = Σ(y+p).
        epsilon: ε, in numerator and denominator.
    """
    overlap, volumes, epsilon = (np.asarray(each, dtype=np.float64) for each in (overlap, volumes, epsilon))
    slope: Array = -(2 * volumes - 2 * overlap + epsilon) / (volumes + epsilon) ** 2
    return slope


def on_unlabelled_voxels(overlap: ArrayLike, volumes: ArrayLike, epsilon: ArrayLike) -> Array:
    """Return +(2I + ε)/(S+ε)²; arguments as on labelled voxels."""
    overlap, volumes, epsilon = (np.asarray(each, dtype=np.float64) for each in (overlap, volumes, epsilon))
    slope: Array = (2 * overlap + epsilon) / (volumes + epsilon) ** 2
    return slope


def on_an_empty_label(predicted: ArrayLike, epsilon: ArrayLike) -> Array:
    """Return ε/(v+ε)², the gradient on every voxel when nothing is labelled; largest at ε = v, with 1/(4v).

    Args:
        predicted: v = Σp.
        epsilon: ε, in numerator and denominator; in the denominator only the gradient is 0 for every ε.
    """
    return on_unlabelled_voxels(0.0, predicted, epsilon)


def at_a_perfect_prediction(volume: ArrayLike) -> Array:
    """Return 1/(2V), the size of the gradient at p = y with negligible ε.

    Args:
        volume: V, the label's volume.
    """
    size: Array = on_unlabelled_voxels(volume, 2 * np.asarray(volume, dtype=np.float64), 0.0)
    return size
