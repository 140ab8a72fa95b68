"""Three answers to "do these two differ?": different, equivalent, undecided."""

import math
from enum import Enum

from segsweep.errors import InputError
from segsweep.statistics.intervals import Interval


class Verdict(Enum):
    """What a comparison allows to be said."""

    DIFFERENT = "different"
    EQUIVALENT = "cannot be told apart"
    UNDECIDED = "undecided"


def fewest_units(level: float) -> int:
    """Fewest cases (or groups) u on which an exact sign-flip test can reject: 2^(1−u) ≤ 1 − level; 6 at 95 %."""
    return math.ceil(1 - math.log2(1 - level))


def verdict(difference: Interval, p_corrected: float, *, margin: float, units: int) -> Verdict:
    """Decide between two settings.

    "Not significant" is not "the same": two settings cannot be told apart only when the whole interval of their
    difference lies inside ±margin. Such a difference stays below what matters, also where it is significant.
    Below `fewest_units` nothing is decided, however equal the few values are.

    Args:
        difference: interval of the mean difference, of this pair alone: among many pairs declared equivalent, the
            expected share of wrong declarations is at most (1 − level)/2 each, not for all of them together.
        p_corrected: p after correction for the family.
        margin: largest difference that does not matter, in the metric's unit (0.01 Dice is a common choice).
        units: number of independent units (cases or groups) behind the difference.

    Raises:
        InputError: the margin is negative or not finite.
    """
    if not 0 <= margin < math.inf:
        raise InputError(f"margin {margin}: it is a finite difference that does not matter, at least 0")
    if units < fewest_units(difference.level):
        return Verdict.UNDECIDED
    if -margin <= difference.low and difference.high <= margin:
        return Verdict.EQUIVALENT
    return Verdict.DIFFERENT if p_corrected <= 1 - difference.level else Verdict.UNDECIDED
