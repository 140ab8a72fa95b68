"""Slow, obvious re-computations to hold fast code to."""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def counts(predicted: NDArray[np.bool_], true: NDArray[np.bool_]) -> tuple[int, int, int]:
    """TP, FP, FN voxel by voxel."""
    tp = fp = fn = 0
    for here, there in zip(predicted.ravel().tolist(), true.ravel().tolist(), strict=True):
        tp += here and there
        fp += here and not there
        fn += there and not here
    return tp, fp, fn


def calibration_error(probability: Iterable[float], true: Iterable[bool], bins: int) -> float:
    """ECE as its definition reads: per bin, the gap between confidence and frequency, weighted by its voxels."""
    members: dict[int, list[tuple[float, bool]]] = {}
    voxels = list(zip(probability, true, strict=True))
    for value, label in voxels:
        members.setdefault(min(int(value * bins), bins - 1), []).append((value, label))
    total = 0.0
    for found in members.values():
        confidence = math.fsum(value for value, _ in found) / len(found)
        frequency = sum(label for _, label in found) / len(found)
        total += len(found) / len(voxels) * abs(confidence - frequency)
    return total


def border(mask: NDArray[np.bool_]) -> list[tuple[int, ...]]:
    """Voxels with a neighbour across a face that is not in the mask; outside the grid nothing is."""
    found = []
    for place in map(tuple, np.argwhere(mask).tolist()):
        for axis in range(mask.ndim):
            for step in (-1, 1):
                other = list(place)
                other[axis] += step
                inside = 0 <= other[axis] < mask.shape[axis]
                if not inside or not mask[tuple(other)]:
                    found.append(place)
                    break
            else:
                continue
            break
    return found


def surface_distances(
    one: NDArray[np.bool_], other: NDArray[np.bool_], sides: tuple[float, ...]
) -> tuple[list[float], list[float]]:
    """From every border voxel of each mask to the nearest of the other."""
    first, second = border(one), border(other)

    def nearest(here: tuple[int, ...], places: list[tuple[int, ...]]) -> float:
        return min(
            math.dist(*([side * at for side, at in zip(sides, place, strict=True)] for place in (here, there)))
            for there in places
        )

    return [nearest(place, second) for place in first], [nearest(place, first) for place in second]
