"""Table cells of an estimate with its interval."""

from segsweep.reports.document import Cell
from segsweep.reports.estimates import Mean
from segsweep.reports.numbers import NOTHING, with_interval
from segsweep.statistics.presence import Presence


def mean_cell(mean: Mean, decimals: int, *, scale: float = 1.0) -> Cell:
    """A mean; `scale` 100 prints a share in per cent."""
    estimate, low, high = (scale * value for value in (mean.estimate, mean.low, mean.high))
    return Cell(with_interval(estimate, low, high, decimals), estimate, low, high)


def auc_cell(roc: Presence | None) -> Cell:
    """An area under a ROC curve; a dash where it is undefined."""
    if roc is None:
        return Cell(NOTHING)
    return Cell(
        with_interval(roc.auc.estimate, roc.auc.low, roc.auc.high, 2), roc.auc.estimate, roc.auc.low, roc.auc.high
    )
