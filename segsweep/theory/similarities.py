"""Similarities of two sets of voxels, as functions of the four counts (Bertels et al. 2019, arXiv 1911.01685, Sect. 2).

Every function takes counts (or arrays of counts, any non-negative numbers) and returns the similarity; two empty sets
are equal, so their similarity is 1.
"""

import numpy as np
from numpy.typing import ArrayLike

from segsweep.theory.uncertain_region import Array


def dice(tp: ArrayLike, fp: ArrayLike, fn: ArrayLike) -> Array:
    """Return D = 2TP/(2TP+FP+FN)."""
    return tversky(tp, fp, fn, alpha=0.5, beta=0.5)


def jaccard(tp: ArrayLike, fp: ArrayLike, fn: ArrayLike) -> Array:
    """Return J = TP/(TP+FP+FN)."""
    return tversky(tp, fp, fn, alpha=1.0, beta=1.0)


def tversky(tp: ArrayLike, fp: ArrayLike, fn: ArrayLike, *, alpha: float, beta: float) -> Array:
    """Return T = TP/(TP+α·FP+β·FN)."""
    tp, fp, fn = (np.asarray(count, dtype=np.float64) for count in (tp, fp, fn))
    return _ratio(tp, tp + alpha * fp + beta * fn)


def hamming(tp: ArrayLike, fp: ArrayLike, fn: ArrayLike, tn: ArrayLike) -> Array:
    """Return H = 1 − (FP+FN)/d, d the number of voxels."""
    tp, fp, fn, tn = (np.asarray(count, dtype=np.float64) for count in (tp, fp, fn, tn))
    return _ratio(tp + tn, tp + fp + fn + tn)


def weighted_hamming(tp: ArrayLike, fp: ArrayLike, fn: ArrayLike, tn: ArrayLike, *, gamma: float) -> Array:
    """Return H_γ = 1 − γ·FN/(TP+FN) − (1−γ)·FP/(FP+TN) (eq. 3); an empty side has no errors."""
    tp, fp, fn, tn = (np.asarray(count, dtype=np.float64) for count in (tp, fp, fn, tn))
    return gamma * _ratio(tp, tp + fn) + (1 - gamma) * _ratio(tn, tn + fp)


def _ratio(part: Array, whole: Array) -> Array:
    ratio: Array = np.divide(part, whole, out=np.ones_like(whole), where=whole > 0)
    return ratio
