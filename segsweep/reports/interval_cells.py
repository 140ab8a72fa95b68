"""Table cells of an estimate with its interval."""

from dataclasses import replace

from segsweep.reports.document import Cell
from segsweep.reports.estimates import Mean
from segsweep.reports.numbers import NOTHING, with_interval
from segsweep.statistics.intervals import Interval
from segsweep.statistics.presence import Presence


def mean_cell(mean: Mean, decimals: int) -> Cell:
    """A mean."""
    return Cell(with_interval(mean.estimate, mean.low, mean.high, decimals), mean.estimate, mean.low, mean.high)


def error_cell(mean: Mean, decimals: int, alpha: float) -> Cell:
    """A mean volume error, starred where it differs from 0 at level alpha after Holm's correction."""
    cell = mean_cell(mean, decimals)
    return replace(cell, text=f"{cell.text} *") if mean.p_corrected < alpha else cell


def share_cell(share: Interval) -> Cell:
    """A share, in per cent."""
    estimate, low, high = (100 * value for value in (share.estimate, share.low, share.high))
    return Cell(with_interval(estimate, low, high, 0), estimate, low, high)


def auc_cell(roc: Presence | None) -> Cell:
    """An area under a ROC curve; a dash where it is undefined."""
    if roc is None:
        return Cell(NOTHING)
    return Cell(
        with_interval(roc.auc.estimate, roc.auc.low, roc.auc.high, 2), roc.auc.estimate, roc.auc.low, roc.auc.high
    )
