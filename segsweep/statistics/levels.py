"""Confidence levels."""

from scipy.special import ndtri

from segsweep.errors import InputError


def check_level(level: float) -> None:
    """Refuse what is no confidence level.

    Raises:
        InputError: it is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise InputError(f"level {level}: a confidence level lies between 0 and 1, for example 0.95")


def normal_quantile(level: float) -> float:
    """z such that a standard normal value lies within ±z with this probability.

    Raises:
        InputError: the level is not between 0 and 1.
    """
    check_level(level)
    return float(ndtri((1 + level) / 2))
