"""A dataset on its training grid, as every worker reads it through the page cache."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from segsweep.data.array_files import ARRAYS
from segsweep.data.geometry import Geometry
from segsweep.data.ragged import Ragged


class CaseArrays(Protocol):
    """One array per case; a NumPy array whose first axis is the cases is one."""

    def __getitem__(self, position: Any, /) -> NDArray[Any]:
        """Of one case."""
        ...


@dataclass(frozen=True)
class DecodedCase:
    """What is kept of a case beside its voxels.

    Args:
        voxels: voxels of each label on the training grid, background first.
        cut_off: share of each label's voxels that pad/crop lost, background first.
        offset: where its native label starts in the flat array of all of them.
        raters: names, where several raters labelled it.
        first_rater: position of its first rater's label among those of all cases.
        rater_voxels: `voxels` of each rater's label.
    """

    id: str
    group: str
    meta: dict[str, str]
    geometry: Geometry
    voxels: tuple[int, ...]
    cut_off: tuple[float, ...]
    offset: int
    raters: tuple[str, ...]
    first_rater: int
    rater_voxels: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Decoded:
    """A dataset on its training grid; arrays are memory-mapped and read-only.

    Args:
        labels: names, background first.
        ignores: whether a label value means that a voxel counts nowhere.
        cases: in the order of their ids.
        images: (cases, channels, *size), float32. Where a network is trained on patches, each case has its own size.
        targets: (cases, *size), uint8 label values; `IGNORED` where a voxel counts nowhere.
        native: all native labels, flat, uint8; after each case's own label come those of its raters.
        raters: (raters of all cases, *size), uint8 label values.
        patch: size of the patches; None where a network is trained on whole images.
    """

    labels: tuple[str, ...]
    ignores: bool
    cases: tuple[DecodedCase, ...]
    images: CaseArrays
    targets: CaseArrays
    native: NDArray[np.uint8]
    raters: CaseArrays
    patch: tuple[int, ...] | None = None

    @property
    def channels(self) -> int:
        """Of every image."""
        return int(self.images[0].shape[0])

    @property
    def size(self) -> tuple[int, ...]:
        """What a network is trained on: the shape of all images, or of a patch."""
        return self.patch or tuple(int(length) for length in self.images[0].shape[1:])

    def native_labels(self, position: int) -> NDArray[np.uint8]:
        """Label values of one case on its native grid, shape (1 + raters, *native): its own label comes first."""
        case = self.cases[position]
        count = 1 + len(case.raters)
        end = case.offset + count * prod(case.geometry.native)
        return self.native[case.offset : end].reshape(count, *case.geometry.native)

    def rater_labels(self, position: int) -> NDArray[np.uint8]:
        """Label values of each rater on the training grid, shape (raters, *size)."""
        case = self.cases[position]
        return np.array([self.raters[case.first_rater + number] for number in range(len(case.raters))])


def open_decoded(folder: Path, meta: Mapping[str, Mapping[str, str]]) -> Decoded:
    """A dataset that has been decoded.

    Args:
        folder: that it was decoded into.
        meta: case id to its row of meta.csv, which may have changed since: it is no part of what was decoded.
    """
    index = json.loads((folder / "index.json").read_text())
    patch = index.get("patch")
    arrays: dict[str, CaseArrays] = {
        name: Ragged(folder / name) if patch else np.load(folder / f"{name}.npy", mmap_mode="r") for name in ARRAYS
    }
    return Decoded(
        labels=tuple(index["labels"]),
        ignores=index["ignore"] is not None,
        cases=tuple(_case({**entry, "meta": dict(meta[entry["id"]])}) for entry in index["cases"]),
        native=np.load(folder / "native.npy", mmap_mode="r"),
        patch=tuple(patch) if patch else None,
        **arrays,
    )


def _case(entry: dict[str, Any]) -> DecodedCase:
    values: dict[str, Any] = {key: _tuples(value) for key, value in entry.items()}
    return DecodedCase(**{**values, "geometry": Geometry(**values["geometry"])})


def _tuples(value: Any) -> Any:
    """JSON knows lists only."""
    if isinstance(value, dict):
        return {key: _tuples(entry) for key, entry in value.items()}
    return tuple(_tuples(entry) for entry in value) if isinstance(value, list) else value
