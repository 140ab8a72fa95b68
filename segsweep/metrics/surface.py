"""Distances between the surfaces of two masks, computed once for all three metrics.

The numbers are those of MONAI's `get_edge_surface_distance` to the last bit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

_LEAF = 32
"""Places in a leaf of the tree. This and an unbalanced tree were fastest; results do not depend on them."""


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
    places = _places(edges[0], sides), _places(edges[1], sides)
    there, back = _nearest(*places, ~edges[1][edges[0]]), _nearest(*places[::-1], ~edges[0][edges[1]])
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


def _places(edge: NDArray[np.bool_], sides: tuple[float, ...]) -> NDArray[np.float64]:
    """Where the voxels of an edge are, shape (voxels, axes)."""
    # counted from 1: MONAI's boxes have a margin of one voxel, and products of coordinates are rounded
    voxels = np.stack(np.unravel_index(np.flatnonzero(edge), edge.shape), axis=1)
    places: NDArray[np.float64] = np.multiply(voxels + 1.0, sides, dtype=np.float64)
    return places


def _nearest(start: NDArray[np.float64], end: NDArray[np.float64], apart: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Distance from every place of one edge to the nearest of the other, as float32 as MONAI gives them.

    Args:
        start: shape (n, axes).
        end: shape (m, axes).
        apart: shape (n,), which of `start` are none of `end`.
    """
    found = np.zeros(len(start), dtype=np.float32)
    found[apart] = KDTree(end, leafsize=_LEAF, balanced_tree=False, compact_nodes=False).query(start[apart])[0]
    return found.astype(np.float64)
