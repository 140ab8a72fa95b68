"""Corrections for testing many hypotheses at once.

Holm and Benjamini–Hochberg take any p-values. Max-T uses the joint resampling distribution: settings of one sweep are
strongly correlated, and the largest of correlated statistics is smaller than that of independent ones.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segsweep.statistics.moments import Floats

Correction = Literal["max-t", "holm", "bh"]


def holm(p: Floats) -> Floats:
    """Family-wise error, any dependence: p₍ᵢ₎·(m−i+1), made monotone (Holm 1979).

    Args:
        p: raw p-values, shape (hypotheses,).
    """
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return _restored(np.minimum(stepped, 1.0), order)


def benjamini_hochberg(p: Floats) -> Floats:
    """False discovery rate: p₍ᵢ₎·m/i, made monotone from above (Benjamini & Hochberg 1995).

    Args:
        p: raw p-values, shape (hypotheses,). The proof asks for independence or positive dependence; differences
            between all pairs of settings share settings and satisfy it only in part.
    """
    order = np.argsort(p, kind="stable")
    stepped = p[order] * len(p) / np.arange(1, len(p) + 1)
    return _restored(np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1.0), order)


class StepDownMaximum:
    """Max-T step-down over statistics that arrive in order of rising size (Westfall & Young 1993, algorithm 4.1).

    The least significant hypothesis is judged against its own distribution, the next against the larger of two, and so
    on to the most significant against the largest of all. One running maximum per resample is all that is kept, so
    twenty thousand pairs need no more memory than a few.
    """

    def __init__(self, resamples: int) -> None:
        self._largest = np.zeros(resamples)

    def add(self, observed: Floats, draws: Floats) -> Floats:
        """Judge further hypotheses.

        Args:
            observed: |t|, rising, and not below any that were added before; shape (hypotheses,).
            draws: t* of these hypotheses, shape (hypotheses, resamples).

        Returns:
            (1 + count)/(R + 1), shape (hypotheses,); `monotone` of all of them gives the corrected p-values.
        """
        p = np.empty(len(observed))
        for row, value in enumerate(observed):
            np.maximum(self._largest, np.abs(draws[row]), out=self._largest)
            p[row] = (1 + np.count_nonzero(self._largest >= value)) / (len(self._largest) + 1)
        return p


def monotone(p: Floats) -> Floats:
    """Step-down p-values, least significant first, none smaller than that of a more significant hypothesis."""
    return np.maximum.accumulate(p[::-1])[::-1]


def _restored(ordered: Floats, order: NDArray[np.intp]) -> Floats:
    values = np.empty_like(ordered)
    values[order] = ordered
    return values
