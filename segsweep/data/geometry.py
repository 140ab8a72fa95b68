"""From the native grid to the training grid and back."""

from dataclasses import dataclass
from math import prod
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from segsweep.data.resample import resample
from segsweep.spec.preprocess import Preprocess

Voxel = TypeVar("Voxel", bound=np.generic)


@dataclass(frozen=True)
class Geometry:
    """Where one case's training grid lies in its native grid.

    Args:
        native: native shape, in voxels.
        resampled: shape after resampling, before pad/crop.
        size: shape of the training grid.
        spacing: native mm per voxel and axis; None in pictures.
    """

    native: tuple[int, ...]
    resampled: tuple[int, ...]
    size: tuple[int, ...]
    spacing: tuple[float, ...] | None

    @property
    def unit(self) -> str:
        """`ml` in 3D, `mm2` in 2D where the spacing is known, else `px`."""
        if self.spacing is None:
            return "px"
        return "ml" if len(self.native) == 3 else "mm2"

    @property
    def voxel_volume(self) -> float:
        """Volume of a native voxel in `unit`."""
        if self.spacing is None:
            return 1.0
        return prod(self.spacing) / (1000 if len(self.native) == 3 else 1)

    def windows(self) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
        """The common box of both grids: its slices in the resampled and in the training grid, both about the centre."""
        inside, placed = [], []
        for old, new in zip(self.resampled, self.size, strict=True):
            length = min(old, new)
            inside.append(slice((old - length) // 2, (old - length) // 2 + length))
            placed.append(slice((new - length) // 2, (new - length) // 2 + length))
        return tuple(inside), tuple(placed)

    def place(self, array: NDArray[Voxel], fill: float) -> NDArray[Voxel]:
        """Pad or crop one channel (*resampled) to (*size)."""
        inside, placed = self.windows()
        out = np.full(self.size, fill, dtype=array.dtype)
        out[placed] = array[inside]
        return out

    def to_native(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Foreground probabilities (labels, *size) to (labels, *native); 0 outside the crop."""
        inside, placed = self.windows()
        if self.resampled == self.size:
            return resample(probabilities, self.native)
        out = np.zeros((len(probabilities), *self.resampled), dtype=np.float32)
        out[(slice(None), *inside)] = probabilities[(slice(None), *placed)]
        return resample(out, self.native)


def resampled_shape(native: tuple[int, ...], spacing: tuple[float, ...] | None, wanted: Preprocess) -> tuple[int, ...]:
    """The shape that a native grid is resampled to.

    Raises:
        ValueError: the grid asks for another number of axes than the image has, or for a spacing of a picture.
    """
    for key in ("spacing", "resize", "size"):
        entries = getattr(wanted, key)
        if entries is not None and len(entries) != len(native):
            raise ValueError(f"`{key}` has {len(entries)} numbers, the image {len(native)} axes")
    if wanted.patch is not None and len(wanted.patch.size) != len(native):
        raise ValueError(f"`patch` has {len(wanted.patch.size)} numbers, the image {len(native)} axes")
    if wanted.resize is not None:
        return wanted.resize
    if wanted.spacing is None:
        return native
    if spacing is None:
        raise ValueError("`spacing` needs images that know their voxel size; pictures do not: use `resize`")
    return tuple(
        max(1, round(count * old / new)) for count, old, new in zip(native, spacing, wanted.spacing, strict=True)
    )
