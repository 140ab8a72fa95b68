"""How one trained model is best used, by its own training cases: its threshold and its lines of re-calibration."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from segsweep.errors import InputError
from segsweep.records.kept_model import LabelCalibration
from segsweep.reports.panels import Panel, build_panels
from segsweep.reports.results import Floats, Indices, Results
from segsweep.reports.threshold_choice import Choice
from segsweep.statistics.recalibration import Regressor, VolumeCalibration, fit_calibration
from segsweep.statistics.thresholds import STEPS, choose_threshold

DECIDED_AT = 0.5
"""Threshold of the hard volumes in the cases table, where there is one foreground label."""


@dataclass(frozen=True)
class ModelUse:
    """How to decide, and what then corrects volumes.

    Attributes:
        unit: of the volumes.
        threshold: of the one foreground label; None = arg-max of several.
        calibrations: one per foreground label, in the order asked for.
    """

    unit: str
    threshold: float | None
    calibrations: tuple[LabelCalibration, ...]


def model_use(trials: pa.Table, cases: pa.Table, labels: tuple[str, ...], choice: Choice) -> ModelUse:
    """What the report computes of a model's training cases, for that model alone.

    Args:
        trials: its row of the trials table.
        cases: its rows of the cases table.
        labels: foreground labels, in the order of their values.
        choice: how the threshold is chosen; with several labels the decision is the arg-max, whatever it says.

    Raises:
        InputError: another threshold than 0.5 is asked for and there are several labels, or no training case has a true
            voxel.
    """
    panels = {panel.key.label: panel for panel in build_panels(Results(trials, cases))}
    ordered = [panels[label] for label in labels]
    threshold = None
    if len(ordered) == 1:
        threshold = _threshold(ordered[0], choice)
    elif choice is not Choice.FIXED:
        raise InputError(f"a threshold of {choice.value} is for one foreground label; this model has {len(ordered)}")
    return ModelUse(ordered[0].unit, threshold, tuple(_calibration(panel, threshold) for panel in ordered))


def _training_rows(panel: Panel) -> Indices:
    ((_, rows, _),) = panel.models()
    return rows


def _threshold(panel: Panel, choice: Choice) -> float:
    if choice is Choice.FIXED:
        return DECIDED_AT
    results, rows = panel.results, _training_rows(panel)
    true = results.integers("tp") + results.integers("fn")
    found = choose_threshold(results.counts("predicted_at")[rows], results.counts("true_positive_at")[rows], true[rows])
    return found.half if choice is Choice.HALF else found.best


def _calibration(panel: Panel, threshold: float | None) -> LabelCalibration:
    results, rows = panel.results, _training_rows(panel)
    true = results.floats("volume_true")[rows]
    soft = results.floats("volume_soft")[rows]
    return LabelCalibration(panel.key.label, _line(soft, true), _line(_hard_volumes(results, rows, threshold), true))


def _line(predicted: Floats, true: Floats) -> VolumeCalibration | None:
    try:
        return fit_calibration(predicted, true, Regressor.PREDICTED)
    except InputError:  # fewer than two training cases, or all of one volume
        return None


def _hard_volumes(results: Results, rows: Indices, threshold: float | None) -> Floats:
    """Volumes as decided at a threshold; NaN where a case tells nothing of the size of its voxels."""
    hard = results.floats("volume_hard")[rows]
    if threshold in (None, DECIDED_AT):
        return hard
    true = results.floats("volume_true")[rows]
    voxels_hard = (results.integers("tp") + results.integers("fp"))[rows]
    voxels_true = (results.integers("tp") + results.integers("fn"))[rows]
    volume, voxels = np.where(voxels_true > 0, true, hard), np.where(voxels_true > 0, voxels_true, voxels_hard)
    size = np.divide(volume, voxels, out=np.full(len(rows), np.nan), where=voxels > 0)
    return np.asarray(results.counts("predicted_at")[rows, round(threshold * STEPS)] * size)
