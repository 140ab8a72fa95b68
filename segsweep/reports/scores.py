"""Per-case scores of a panel under the stated policy for empty truths: what every mean and comparison starts from."""

from enum import Enum

import numpy as np

from segsweep.reports.panels import Panel
from segsweep.reports.results import Floats
from segsweep.spec.report_settings import EmptyPolicy, Metric

OVERLAPS = ("dice", "jaccard", "nsd")
"""Metrics between 0 and 1 where more is better; the rest are distances."""


class Estimator(Enum):
    """Which predicted volume: the sum of probabilities, or the voxels after the decision."""

    SOFT = "soft"
    HARD = "hard"


def score_values(panel: Panel, metric: Metric, empty: EmptyPolicy) -> Floats:
    """A metric of every model on every case, shape (settings, repeats, cases); NaN = missing or left out.

    Which cases are left out depends on the truth alone, never on a prediction: otherwise a setting that wrongly finds
    something would be scored on other cases than one that does not.
    """
    values = panel.values(metric)
    if metric not in OVERLAPS:
        return values
    empty_true = panel.values("empty_true") == 1
    if empty == "skip":
        return np.where(empty_true, np.nan, values)
    agreed = np.where(panel.values("empty_pred") == 1, 1.0, 0.0)
    return np.where(empty_true & panel.present, agreed, values)


def volume_errors(panel: Panel, estimator: Estimator) -> Floats:
    """ΔV = predicted − true, in the panel's unit; shape (settings, repeats, cases)."""
    return panel.values(f"volume_{estimator.value}") - panel.values("volume_true")


def over_repeats(values: Floats) -> Floats:
    """Mean over the repeats that a case has: (settings, repeats, cases) to (settings, cases).

    Averaging first keeps a case with three seeds from counting as three cases.
    """
    present = np.isfinite(values)
    count = present.sum(axis=1)
    total = np.where(present, values, 0.0).sum(axis=1)
    mean: Floats = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return mean
