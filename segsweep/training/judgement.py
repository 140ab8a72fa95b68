"""One label of one prediction beside one truth: the measured columns of the cases table."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segsweep.data.geometry import Geometry
from segsweep.metrics.calibration import counts_at_thresholds, expected_calibration_error
from segsweep.metrics.overlap import overlap
from segsweep.metrics.surface import surface_distances
from segsweep.records.schemas import THRESHOLDS

_THRESHOLDS = np.array(THRESHOLDS)


@dataclass(frozen=True)
class Seen:
    """What a network says about one label of one case, on the native grid.

    Args:
        probability: (*native), float32.
        predicted: (*native), after the decision.
        geometry: of the case.
    """

    probability: NDArray[np.float32]
    predicted: NDArray[np.bool_]
    geometry: Geometry

    def volumes(self) -> dict[str, float]:
        """Soft and hard volume in the case's unit."""
        size = self.geometry.voxel_volume
        soft = float(self.probability.sum(dtype=np.float64))
        return {"volume_soft": soft * size, "volume_hard": int(np.count_nonzero(self.predicted)) * size}


def against_mask(seen: Seen, true: NDArray[np.bool_]) -> dict[str, Any]:
    """Everything that can be measured against one mask."""
    surface = surface_distances(seen.predicted, true, seen.geometry.spacing)
    return {**against_rater(seen, true), "hd95": surface.hd95, "assd": surface.assd, "nsd": surface.nsd}


def against_rater(seen: Seen, true: NDArray[np.bool_]) -> dict[str, Any]:
    """Overlap, volumes and calibration against one mask; surfaces, which cost most, are left to the majority."""
    counts = overlap(seen.predicted, true)
    predicted_at, true_positive_at = counts_at_thresholds(seen.probability, true, _THRESHOLDS)
    voxels = counts.tp + counts.fn
    return {
        "dice": counts.dice,
        "jaccard": counts.jaccard,
        "hd95": None,
        "assd": None,
        "nsd": None,
        "volume_true": voxels * seen.geometry.voxel_volume,
        **seen.volumes(),
        "tp": counts.tp,
        "fp": counts.fp,
        "fn": counts.fn,
        "foreground_fraction": voxels / true.size,
        "empty_true": voxels == 0,
        "empty_pred": counts.tp + counts.fp == 0,
        "ece": expected_calibration_error(seen.probability, true),
        "predicted_at": predicted_at,
        "true_positive_at": true_positive_at,
    }


def against_share(seen: Seen, share: NDArray[np.float64]) -> dict[str, Any]:
    """What can be measured against the share of raters that marked each voxel.

    Overlap is the one that Dice semimetric losses are named after (Wang et al. 2023): |x ∩ y| = Σ min(x, y), which on
    masks is the usual one; voxel counts are rounded sums. A share has no surface.
    """
    both = float(np.minimum(seen.predicted, share).sum())
    predicted, true = int(np.count_nonzero(seen.predicted)), float(share.sum())
    predicted_at, true_positive_at = counts_at_thresholds(seen.probability, share, _THRESHOLDS)
    union = predicted + true - both
    return {
        "dice": 2 * both / (predicted + true) if union > 0 else None,
        "jaccard": both / union if union > 0 else None,
        "hd95": None,
        "assd": None,
        "nsd": None,
        "volume_true": true * seen.geometry.voxel_volume,
        **seen.volumes(),
        "tp": round(both),
        "fp": round(predicted - both),
        "fn": round(true - both),
        "foreground_fraction": true / share.size,
        "empty_true": true == 0,
        "empty_pred": predicted == 0,
        "ece": expected_calibration_error(seen.probability, share),
        "predicted_at": predicted_at,
        "true_positive_at": true_positive_at,
    }
