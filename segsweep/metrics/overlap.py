"""Overlap of one predicted with one true mask."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Overlap:
    """Voxel counts, and the similarities that follow from them."""

    tp: int
    fp: int
    fn: int

    @property
    def dice(self) -> float | None:
        """2TP/(2TP+FP+FN); None where both masks are empty: what that is worth is the report's policy."""
        total = 2 * self.tp + self.fp + self.fn
        return None if total == 0 else 2 * self.tp / total

    @property
    def jaccard(self) -> float | None:
        """TP/(TP+FP+FN); None where both masks are empty."""
        total = self.tp + self.fp + self.fn
        return None if total == 0 else self.tp / total


def overlap(predicted: NDArray[np.bool_], true: NDArray[np.bool_]) -> Overlap:
    """Count the voxels of two masks of one shape."""
    tp = int(np.count_nonzero(predicted & true))
    return Overlap(tp, int(np.count_nonzero(predicted)) - tp, int(np.count_nonzero(true)) - tp)
