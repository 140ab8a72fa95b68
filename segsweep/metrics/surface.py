"""Distances between the surfaces of two masks; MONAI's edges and distances, computed once for all three metrics."""

from dataclasses import dataclass

import numpy as np
import torch
from monai.metrics.utils import get_edge_surface_distance
from numpy.typing import NDArray


@dataclass(frozen=True)
class SurfaceDistances:
    """In mm where the spacing is known, else in voxels; None where a mask has no surface to measure from.

    Args:
        hd95: the larger of both directed 95th percentiles, as MONAI's `compute_hausdorff_distance(percentile=95)`.
        assd: mean over both surfaces, as MONAI's `compute_average_surface_distance(symmetric=True)`.
        nsd: share of both surfaces within the tolerance, as MONAI's `compute_surface_dice`.
    """

    hd95: float | None
    assd: float | None
    nsd: float | None


def surface_distances(
    predicted: NDArray[np.bool_], true: NDArray[np.bool_], spacing: tuple[float, ...] | None
) -> SurfaceDistances:
    """Measure two masks of one shape; the tolerance of NSD is the largest side of a voxel.

    Where one mask is empty there is no distance and NSD is 0; where both are, there is nothing to measure.
    """
    if not predicted.any() and not true.any():
        return SurfaceDistances(None, None, None)
    if not predicted.any() or not true.any():
        return SurfaceDistances(None, None, 0.0)
    sides = spacing or (1.0,) * true.ndim
    _, directed, _ = get_edge_surface_distance(
        torch.from_numpy(predicted),
        torch.from_numpy(true),
        distance_metric="euclidean",
        spacing=list(sides),
        symmetric=True,
    )
    there, back = (np.asarray(distances, dtype=np.float64) for distances in directed)
    both = np.concatenate([there, back])
    return SurfaceDistances(
        hd95=float(max(np.quantile(there, 0.95), np.quantile(back, 0.95))),
        assd=float(both.mean()),
        nsd=float(np.count_nonzero(both <= max(sides)) / both.size),
    )
