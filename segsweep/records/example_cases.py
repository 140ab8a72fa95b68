"""Which cases stand for all: the best, the median and the worst by Dice."""

import numpy as np
from numpy.typing import NDArray

from segsweep.records.schemas import RANKS

Floats = NDArray[np.float64]


def eligible(dice: Floats, empty_true: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Positions of the cases that may stand for others.

    Cases without a true voxel only if there are no others: their Dice is 0 whatever the size of the error. A case
    without a Dice never, for there is nothing on either side to be seen.

    Args:
        dice: (cases,), NaN where truth and prediction are both empty.
        empty_true: (cases,), no true voxel.
    """
    scored = np.isfinite(dice)
    with_structure = scored & ~empty_true
    return np.flatnonzero(with_structure if with_structure.any() else scored)


def choose_examples(dice: Floats, volume_true: Floats, empty_true: NDArray[np.bool_]) -> dict[str, int]:
    """Rank to position of its case; nothing where no case is eligible.

    With an even number of cases the median is the lower of the two in the middle, for it has to be a case. Of equal
    Dice the larger truth is shown (a missed tumour tells more than a missed speck), then the case that comes first.
    One or two cases fill all ranks.

    Args:
        dice: (cases,), NaN where truth and prediction are both empty.
        volume_true: (cases,), in any one unit.
        empty_true: (cases,), no true voxel.

    Example:
        >>> choose_examples(np.array([0.5, 0.9, 0.7]), np.ones(3), np.zeros(3, dtype=bool))
        {'best': 1, 'median': 2, 'worst': 0}
    """
    among = eligible(dice, empty_true)
    if among.size == 0:
        return {}
    upwards = among[np.lexsort((among, -volume_true[among], dice[among]))]
    downwards = among[np.lexsort((among, -volume_true[among], -dice[among]))]
    found = (downwards[0], upwards[(len(among) - 1) // 2], upwards[0])
    return {rank: int(position) for rank, position in zip(RANKS, found, strict=True)}
