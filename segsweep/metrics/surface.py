"""Distances between the surfaces of two masks, computed once for all three metrics.

The numbers are those of MONAI's `get_edge_surface_distance` to the last bit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree


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
    box = _common_box(predicted, true)
    edges = _edge(predicted[box]), _edge(true[box])
    there, back = _nearest(*edges, sides), _nearest(*edges[::-1], sides)
    both = np.concatenate([there, back])
    return SurfaceDistances(
        hd95=float(max(np.quantile(there, 0.95), np.quantile(back, 0.95))),
        assd=float(both.mean()),
        nsd=float(np.count_nonzero(both <= max(sides)) / both.size),
    )


def _common_box(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> tuple[slice, ...]:
    """The smallest box that holds both masks."""
    either = one | other
    axes = range(either.ndim)
    kept = [np.flatnonzero(either.any(axis=tuple(rest for rest in axes if rest != axis))) for axis in axes]
    return tuple(slice(places[0], places[-1] + 1) for places in kept)


def _edge(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Voxels of a mask that touch, by a side, what does not belong to it; outside of the array nothing does."""
    inner = mask.copy()
    for axis in range(mask.ndim):
        along, inside = np.moveaxis(mask, axis, 0), np.moveaxis(inner, axis, 0)
        inside[1:] &= along[:-1]
        inside[:-1] &= along[1:]
        inside[[0, -1]] = False
    return mask & ~inner


def _nearest(start: NDArray[np.bool_], end: NDArray[np.bool_], sides: tuple[float, ...]) -> NDArray[np.float64]:
    """Distance from every voxel of one edge to the nearest of the other, as float32 as MONAI gives them."""
    # counted from 1: MONAI's boxes have a margin of one voxel, and products of coordinates are rounded
    here, there = ((np.argwhere(edge) + 1.0) * sides for edge in (start, end))
    apart = ~end[start]
    found = np.zeros(len(here), dtype=np.float32)
    found[apart] = KDTree(there).query(here[apart])[0]
    return found.astype(np.float64)
