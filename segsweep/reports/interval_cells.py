"""Table cells of an estimate with its interval."""

from dataclasses import replace

from segsweep.reports.document import Cell
from segsweep.reports.estimates import Mean
from segsweep.reports.numbers import NOTHING, with_interval
from segsweep.statistics.intervals import Interval
from segsweep.statistics.presence import Presence


def interval_cell(found: Mean | Interval | None, decimals: int, *, scale: float = 1.0) -> Cell:
    """An estimate times `scale`; a dash where there is none."""
    if found is None:
        return Cell(NOTHING)
    estimate, low, high = (scale * value for value in (found.estimate, found.low, found.high))
    return Cell(with_interval(estimate, low, high, decimals), estimate, low, high)


def percent_cell(found: Mean | Interval, decimals: int) -> Cell:
    """A share, in per cent."""
    return interval_cell(found, decimals, scale=100)


def error_cell(mean: Mean | None, decimals: int, alpha: float) -> Cell:
    """A mean volume error, starred where it differs from 0 at level alpha after Holm's correction."""
    cell = interval_cell(mean, decimals)
    return replace(cell, text=f"{cell.text} *") if mean is not None and mean.p_corrected < alpha else cell


def auc_cell(roc: Presence | None) -> Cell:
    """An area under a ROC curve; a dash where it is undefined."""
    return interval_cell(None if roc is None else roc.auc, 2)
