"""A trained network judged case by case on the native grid: rows of the cases table."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from segsweep.data.batches import EvaluationCase
from segsweep.data.volumes import IGNORED
from segsweep.spec.trials import Trial
from segsweep.training.inference import decide, predict
from segsweep.training.judgement import Seen, against_mask, against_rater, against_share


def evaluate(
    network: nn.Module, cases: Sequence[EvaluationCase], labels: Sequence[str], trial: Trial, device: torch.device
) -> Iterator[dict[str, Any]]:
    """One row per case and foreground label.

    Args:
        network: trained.
        cases: to be judged.
        labels: names, background first.
        trial: names the rows.
        device: to predict on.
    """
    network.eval()
    for chunk in _chunks(cases, trial.train.batch_size):
        found = predict(network, chunk, device)
        for case, foreground in zip(chunk, found, strict=True):
            yield from case_rows(case, case.geometry.to_native(foreground), labels, trial)


def case_rows(
    case: EvaluationCase, foreground: NDArray[np.float32], labels: Sequence[str], trial: Trial
) -> Iterator[dict[str, Any]]:
    """The rows of one case: against its label, or against the majority, the mean and each of its raters.

    Args:
        case: with its truth on the native grid.
        foreground: probabilities, shape (foreground labels, *native).
        labels: names, background first.
        trial: names the rows.
    """
    foreground = counted(foreground, case)
    decided = decide(foreground)
    shared = {
        "trial": trial.id,
        "dataset": trial.dataset.name,
        "fold": trial.fold,
        "seed": trial.seed,
        "case": case.id,
        "group": case.group,
        "split": case.split,
        "unit": case.geometry.unit,
        "meta": json.dumps(case.meta, sort_keys=True) if case.meta else None,
    }
    for value, name in enumerate(labels[1:], start=1):
        removed = trial.labels.removes(name, case.id, case.meta)
        row = {**shared, "label": name, "truth_cut_off": case.cut_off[value], "label_removed": removed}
        seen = Seen(foreground[value - 1], decided == value, case.geometry)
        if not case.raters:
            yield {**row, "truth": "label", **against_mask(seen, main_truth(case, value))}
            continue
        raters = {rater: label == value for rater, label in case.raters.items()}
        share = np.asarray(np.mean(list(raters.values()), axis=0, dtype=np.float64))
        yield {**row, "truth": "majority", **against_mask(seen, main_truth(case, value))}
        yield {**row, "truth": "mean", **against_share(seen, share)}
        for rater, true in raters.items():
            yield {**row, "truth": rater, **against_rater(seen, true)}


def counted(foreground: NDArray[np.float32], case: EvaluationCase) -> NDArray[np.float32]:
    """Probabilities (foreground labels, *native) without the voxels that count nowhere.

    Those are background to both sides: they add to no volume, no overlap and no surface.
    """
    ignored = case.truth == IGNORED
    return np.where(ignored, np.float32(0), foreground) if ignored.any() else foreground


def main_truth(case: EvaluationCase, value: int) -> NDArray[np.bool_]:
    """The mask that stands for a label of a case, shape (*native): its own, or that of half its raters and more."""
    if not case.raters:
        return np.asarray(case.truth == value)
    return np.asarray(np.mean([label == value for label in case.raters.values()], axis=0) >= 0.5)


def _chunks(cases: Sequence[EvaluationCase], size: int) -> Iterator[Sequence[EvaluationCase]]:
    for start in range(0, len(cases), size):
        yield cases[start : start + size]
