"""Images that are the same picture twice, or nearly so: in two folds they let a network know what it is judged on."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from segsweep.data.examine import CaseFacts

NEARLY_EQUAL = 0.99
"""Correlation of two thumbnails. On the open sets that this was chosen on, pairs above it are frames of one examination
or one file twice; the next pairs, merely alike, lie below 0.98."""

_ROWS = 1024
"""Thumbnails that are held against all others at a time, so that memory grows with the cases, not with their square."""


class Pair(NamedTuple):
    """Two cases of different groups whose images are nearly equal."""

    first: str
    second: str
    correlation: float


def near_duplicates(cases: Sequence[CaseFacts]) -> list[Pair]:
    """Nearly equal images in different groups, the most alike first; within a group they do no harm."""
    if len({case.thumbnail.size for case in cases}) != 1:
        return []
    thumbnails = np.stack([case.thumbnail for case in cases])
    pairs: list[Pair] = []
    for start in range(0, len(cases), _ROWS):
        correlation = thumbnails[start : start + _ROWS] @ thumbnails.T / thumbnails.shape[1]
        for row, column in np.argwhere(correlation > NEARLY_EQUAL).tolist():
            one, other = cases[start + row], cases[column]
            if start + row < column and one.group != other.group:
                pairs.append(Pair(one.id, other.id, min(1.0, float(correlation[row, column]))))
    return sorted(pairs, key=lambda pair: (-pair.correlation, pair.first, pair.second))
