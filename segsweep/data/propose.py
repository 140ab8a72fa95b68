"""A dataset block that fits what was found in the files."""

from collections.abc import Sequence
from math import ceil, prod
from statistics import median
from typing import Any

import numpy as np
import yaml

from segsweep.data.examine import CaseFacts
from segsweep.spec.datasets import FileDataset
from segsweep.spec.settings import UNET_DIVISOR, Folds

_LONGEST_PICTURE = 256
"""Pixels: side that larger pictures are resampled to."""
_MANY_VOXELS = 96**3
"""A training grid beyond this is better trained in patches."""
_PATCH = 96
_CHOICE = {"group", "cases", "classes", "ignore", "splits"}
"""Keys that choose cases or labels of a dataset, whatever its source."""
_AIR = -500
"""Hounsfield units; only CT goes below."""


def propose(dataset: FileDataset, cases: Sequence[CaseFacts]) -> str:
    """YAML to paste under `datasets:`: what was asked for, and a training grid.

    Args:
        dataset: as it was asked for.
        cases: those that could be read, all with equally many axes; at least one.
    """
    block = _asked_for(dataset)
    if "splits" not in block and (dataset.folder / "splits_final.json").exists():
        block["splits"] = "splits_final.json"
    if "group" not in block and len({case.group for case in cases}) < min(Folds().k, len(cases)):
        block["group"] = "none"
    flat = len(cases[0].shape) == 2
    block |= _picture_grid(cases) if flat and cases[0].spacing is None else _volume_grid(cases)
    block |= _normalise(cases)
    lines = yaml.safe_dump([block], sort_keys=False, default_flow_style=None, width=100)
    return "\n".join(f"  {line}" for line in lines.splitlines())


def _asked_for(dataset: FileDataset) -> dict[str, Any]:
    """The keys of a block that say which files and cases are meant, as far as they were given."""
    # a grid file may be read from any folder
    address = str(dataset.path.absolute()) if dataset.bucket is None else dataset.address
    bids = dataset.bids.model_dump(exclude_none=True, mode="json")
    block: dict[str, Any] = {
        dataset.source: {"path": address, **bids} if bids else address,
        "name": dataset.name,
    }
    if dataset.bucket is not None and dataset.bucket.anonymous:
        block["anonymous"] = True
    block |= dataset.model_dump(include=_CHOICE, exclude_defaults=True, mode="json")
    if dataset.test is not None:
        where = {column: values[0] if len(values) == 1 else [*values] for column, values in dataset.test.where.items()}
        block["test"] = where or "own"
    if dataset.preprocess.channels is not None:
        block["channels"] = [*dataset.preprocess.channels]
    return block


def _picture_grid(cases: Sequence[CaseFacts]) -> dict[str, Any]:
    """One size for all: that of the median picture, in steps that a U-Net can halve."""
    sides = [median(case.shape[axis] for case in cases) for axis in range(2)]
    scale = min(1.0, _LONGEST_PICTURE / max(sides))
    wanted = [_multiple(side * scale) for side in sides]
    return {} if all(list(case.shape) == wanted for case in cases) else {"resize": wanted}


def _volume_grid(cases: Sequence[CaseFacts]) -> dict[str, Any]:
    """The median spacing, and a box that holds every volume; patches where that box is large."""
    spacings = np.array([case.spacing for case in cases], dtype=np.float64)
    shapes = np.array([case.shape for case in cases])
    spacing = [_short(value) for value in np.median(spacings, axis=0)]
    box = [_multiple(length) for length in (shapes * spacings / spacing).max(axis=0)]
    if prod(box) > _MANY_VOXELS:
        return {"spacing": spacing, "patch": [min(_PATCH, side) for side in box]}
    return {"spacing": spacing, "size": box}


def _normalise(cases: Sequence[CaseFacts]) -> dict[str, Any]:
    if median(case.low for case in cases) < _AIR:
        return {"normalise": {"percentile": [1, 99]}}
    if median(case.zeros for case in cases) > 0.5:
        return {"normalise": "zscore_nonzero"}
    return {}


def _short(value: float) -> float | int:
    rounded = float(f"{value:.3g}")
    return int(rounded) if rounded.is_integer() else rounded


def _multiple(length: float) -> int:
    return max(1, ceil(round(length, 6) / UNET_DIVISOR)) * UNET_DIVISOR
