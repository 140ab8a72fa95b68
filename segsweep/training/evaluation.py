"""A trained network judged case by case on the native grid: rows of the cases table."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from segsweep.data.batches import Batches, EvaluationCase
from segsweep.metrics.calibration import counts_at_thresholds, expected_calibration_error
from segsweep.metrics.overlap import overlap
from segsweep.metrics.surface import surface_distances
from segsweep.records.schemas import THRESHOLDS
from segsweep.spec.trials import Trial
from segsweep.training.inference import decide, probabilities

_THRESHOLDS = np.array(THRESHOLDS)


def evaluate(network: nn.Module, batches: Batches, trial: Trial, device: torch.device) -> Iterator[dict[str, Any]]:
    """One row per case and foreground label."""
    network.eval()
    cases = batches.evaluation()
    for chunk in _chunks(cases, trial.train.batch_size):
        found = probabilities(network, [case.image for case in chunk], device)
        for case, foreground in zip(chunk, found, strict=True):
            yield from case_rows(case, case.geometry.to_native(foreground), batches.labels, trial)


def case_rows(
    case: EvaluationCase, foreground: NDArray[np.float32], labels: Sequence[str], trial: Trial
) -> Iterator[dict[str, Any]]:
    """The rows of one case.

    Args:
        case: with its truth on the native grid.
        foreground: probabilities, shape (foreground labels, *native).
        labels: names, background first.
        trial: names the rows.
    """
    decided = decide(foreground)
    shared = {
        "trial": trial.id,
        "dataset": trial.dataset.name,
        "fold": trial.fold,
        "seed": trial.seed,
        "case": case.id,
        "group": case.group,
        "split": case.split,
        "truth": "label",
        "unit": case.geometry.unit,
        "meta": json.dumps(case.meta, sort_keys=True) if case.meta else None,
    }
    for value, name in enumerate(labels[1:], start=1):
        measured = _measure(case, foreground[value - 1], decided == value, case.truth == value)
        yield {**shared, "label": name, "truth_cut_off": case.cut_off[value], **measured}


def _measure(
    case: EvaluationCase, probability: NDArray[np.float32], predicted: NDArray[np.bool_], true: NDArray[np.bool_]
) -> dict[str, Any]:
    counts = overlap(predicted, true)
    surface = surface_distances(predicted, true, case.geometry.spacing)
    predicted_at, true_positive_at = counts_at_thresholds(probability, true, _THRESHOLDS)
    size = case.geometry.voxel_volume
    voxels = counts.tp + counts.fn
    return {
        "dice": counts.dice,
        "jaccard": counts.jaccard,
        "hd95": surface.hd95,
        "assd": surface.assd,
        "nsd": surface.nsd,
        "volume_true": voxels * size,
        "volume_soft": float(probability.sum(dtype=np.float64)) * size,
        "volume_hard": (counts.tp + counts.fp) * size,
        "tp": counts.tp,
        "fp": counts.fp,
        "fn": counts.fn,
        "foreground_fraction": voxels / true.size,
        "empty_true": voxels == 0,
        "empty_pred": counts.tp + counts.fp == 0,
        "ece": expected_calibration_error(probability, true),
        "predicted_at": predicted_at,
        "true_positive_at": true_positive_at,
    }


def _chunks(cases: Sequence[EvaluationCase], size: int) -> Iterator[Sequence[EvaluationCase]]:
    for start in range(0, len(cases), size):
        yield cases[start : start + size]
