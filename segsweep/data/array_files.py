"""The arrays of a decoded dataset on their way into files, so that memory holds one case at a time."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segsweep.data.case_voxels import CaseVoxels
from segsweep.data.cases import Case
from segsweep.data.ragged import RaggedFile
from segsweep.errors import DataError

ARRAYS = ("images", "targets", "raters")


class RaggedArrays:
    """Images, targets and raters' labels of different sizes, one case after the other."""

    def __init__(self, folder: Path) -> None:
        kinds: tuple[type[np.generic], ...] = (np.float32, np.uint8, np.uint8)
        self._files = [RaggedFile(folder / name, kind) for name, kind in zip(ARRAYS, kinds, strict=True)]

    def append(self, case: Case, voxels: CaseVoxels) -> None:
        """Take in the next case."""
        images, targets, raters = self._files
        images.append(voxels.image)
        targets.append(voxels.labels[0])
        for label in voxels.labels[1:]:
            raters.append(label)

    def close(self) -> None:
        """All cases are there."""
        for file in self._files:
            file.close()


class EqualArrays:
    """Images, targets and raters' labels of one size, which the first case decides."""

    def __init__(self, folder: Path, cases: Sequence[Case]) -> None:
        self._folder = folder
        self._cases = cases
        self._arrays: list[NDArray[Any]] = []
        self._done = self._raters = 0

    def append(self, case: Case, voxels: CaseVoxels) -> None:
        """Take in the next case.

        Raises:
            DataError: it is of another size than the first one.
        """
        if not self._arrays:
            count, raters, shape = (
                len(self._cases),
                sum(len(case.raters) for case in self._cases),
                voxels.labels.shape[1:],
            )
            self._arrays = [
                _new_array(self._folder / "images.npy", (count, *voxels.image.shape), np.float32),
                _new_array(self._folder / "targets.npy", (count, *shape), np.uint8),
                _new_array(self._folder / "raters.npy", (raters, *shape), np.uint8),
            ]
        images, targets, labels = self._arrays
        if voxels.image.shape != images.shape[1:]:
            _refuse_shape(case, voxels.image.shape, self._cases[0], images.shape[1:])
        images[self._done], targets[self._done] = voxels.image, voxels.labels[0]
        labels[self._raters : self._raters + len(case.raters)] = voxels.labels[1:]
        self._done += 1
        self._raters += len(case.raters)

    def close(self) -> None:
        """All cases are there."""
        for array in self._arrays:
            if isinstance(array, np.memmap):
                array.flush()


def _new_array(path: Path, shape: tuple[int, ...], kind: type[np.generic]) -> NDArray[Any]:
    if 0 in shape:  # nothing can be memory-mapped to no bytes
        np.save(path, np.zeros(shape, dtype=kind))
        return np.zeros(shape, dtype=kind)
    array: NDArray[Any] = np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=shape)
    return array


def _refuse_shape(case: Case, shape: Sequence[int], first: Case, expected: Sequence[int]) -> None:
    if shape[0] != expected[0]:
        raise DataError(
            f"case {case.id}: {shape[0]} channels, case {first.id} has {expected[0]}; `channels` picks some"
        )
    raise DataError(
        f"case {case.id}: {list(shape[1:])} voxels on the training grid, case {first.id} has {list(expected[1:])};"
        " `size` pads or crops all to one shape"
    )
