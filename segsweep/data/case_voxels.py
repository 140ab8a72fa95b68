"""One case from its files to its training grid."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segsweep.data.cases import Case
from segsweep.data.geometry import Geometry, resampled_shape
from segsweep.data.normalise import normalise
from segsweep.data.resample import nearest, resample
from segsweep.data.synthetic_contrast import is_inverted
from segsweep.data.volumes import Volume, read_label, read_volume
from segsweep.errors import DataError
from segsweep.spec.preprocess import Patch, Preprocess


@dataclass(frozen=True)
class CaseVoxels:
    """The voxels of one case.

    Args:
        image: (channels, *size), float32, normalised, on the training grid.
        labels: (1 + raters, *size), label values on the training grid: the case's own, then its raters' by name.
        native_labels: (1 + raters, *native), the same on the native grid.
        geometry: of both grids.
        cut_off: share of each label's voxels that pad/crop lost, background first (0).
    """

    image: NDArray[np.float32]
    labels: NDArray[np.uint8]
    native_labels: NDArray[np.uint8]
    geometry: Geometry
    cut_off: tuple[float, ...]


def decode_case(case: Case, labels: tuple[str, ...], preprocess: Preprocess, ignore: int | None = None) -> CaseVoxels:
    """Read, resample, normalise and pad or crop one case.

    Args:
        case: the files.
        labels: names, background first.
        preprocess: from native image to training grid.
        ignore: label value of voxels that count nowhere.

    Raises:
        DataError: a file cannot be read or does not fit the others; names the case and the file.
    """
    image, native_labels = read_case(case, labels, ignore)
    image_on_grid, geometry = bring_to_grid(image, case.id, preprocess)
    on_grid = [nearest(label, geometry.resampled) for label in native_labels]
    placed = [geometry.place(label, fill=0) for label in on_grid]
    if preprocess.synthetic_contrast is not None and is_inverted(case):
        image_on_grid = -image_on_grid
    return CaseVoxels(
        image=image_on_grid,
        labels=np.stack(placed),
        native_labels=native_labels,
        geometry=geometry,
        cut_off=_cut_off(on_grid[0], placed[0], len(labels)),
    )


def bring_to_grid(image: Volume, case: str, preprocess: Preprocess) -> tuple[NDArray[np.float32], Geometry]:
    """Resample, normalise and pad or crop an image.

    Args:
        image: all channels, on the native grid.
        case: id, for errors.
        preprocess: from native image to training grid.

    Returns:
        (channels, *size), and where that grid lies in the native one.

    Raises:
        DataError: the image has other axes or channels than are asked for.
    """
    native = image.array.shape[1:]
    try:
        resampled = resampled_shape(native, image.spacing, preprocess)
    except ValueError as error:
        raise DataError(f"case {case}: {error}") from error
    geometry = Geometry(native, resampled, preprocess.size or _holding(preprocess.patch, resampled), image.spacing)
    scaled = normalise(resample(_channels(case, image, preprocess), resampled), preprocess.normalise)
    return np.stack([geometry.place(channel, fill=_outside(channel, preprocess)) for channel in scaled]), geometry


def read_case(case: Case, labels: tuple[str, ...], ignore: int | None = None) -> tuple[Volume, NDArray[np.uint8]]:
    """One case as it lies in its files: all channels, and label values (1 + raters, *native), the case's own first.

    Args:
        case: the files.
        labels: names, background first.
        ignore: label value of voxels that count nowhere.

    Raises:
        DataError: a file cannot be read or does not fit the others; names the case and the file.
    """
    image = read_image(case.images, case.id)
    files = (case.label, *(case.raters[name] for name in sorted(case.raters)))
    return image, np.stack([_label(path, case, labels, ignore, image) for path in files])


def read_image(files: Sequence[Path], case: str) -> Volume:
    """All channels of an image.

    Args:
        files: one per channel, or a single one that holds all of them.
        case: id, for errors.

    Raises:
        DataError: a file cannot be read or does not fit the others; names the case and the file.
    """
    first, *others = (read_volume(path, case) for path in files)
    for path, part in zip(files[1:], others, strict=True):
        if part.array.shape[1:] != first.array.shape[1:]:
            sizes = [list(volume.array.shape[1:]) for volume in (first, part)]
            raise DataError(f"case {case}: {path} has {sizes[1]} voxels, {files[0]} {sizes[0]}")
        if not part.lies_where(first):
            raise DataError(f"case {case}: {path} does not lie where {files[0]} lies: their affines differ")
    image = replace(first, array=np.concatenate([part.array.astype(np.float32) for part in (first, *others)]))
    if not np.isfinite(image.array).all():
        raise DataError(f"case {case}: {files[0]}: the image holds NaN or infinity")
    return image


def _label(path: Path, case: Case, labels: tuple[str, ...], ignore: int | None, image: Volume) -> NDArray[np.uint8]:
    label = read_label(path, case.id, labels, ignore)
    native, found = list(image.array.shape[1:]), list(label.array.shape)
    if found != native:
        raise DataError(f"case {case.id}: the image has {native} voxels, its label {found} ({path})")
    if not label.lies_where(image):
        raise DataError(
            f"case {case.id}: {path} does not lie where its image lies: their affines differ, so that a voxel of one is"
            " another place in the other"
        )
    return label.array.astype(np.uint8)


def _cut_off(before: NDArray[np.uint8], after: NDArray[np.uint8], labels: int) -> tuple[float, ...]:
    whole, kept = (np.bincount(label.ravel(), minlength=labels)[:labels] for label in (before, after))
    lost = np.where(whole > 0, 1 - kept / np.maximum(whole, 1), 0.0)
    return (0.0, *(float(share) for share in lost[1:]))


def _holding(patch: Patch | None, resampled: tuple[int, ...]) -> tuple[int, ...]:
    """The resampled grid, padded where it is smaller than a patch."""
    return resampled if patch is None else tuple(map(max, resampled, patch.size))


def _outside(channel: NDArray[np.float32], preprocess: Preprocess) -> float:
    """What padding holds: the darkest value of the image, as air is; 0 where zeros mean outside anyway."""
    return 0.0 if preprocess.normalise.method == "zscore_nonzero" else float(channel.min())


def _channels(case: str, image: Volume, preprocess: Preprocess) -> NDArray[np.float32]:
    array: NDArray[np.float32] = image.array.astype(np.float32, copy=False)
    if preprocess.channels is None:
        return array
    if max(preprocess.channels) >= len(array):
        raise DataError(f"case {case}: `channels` asks for {max(preprocess.channels)}; the image has {len(array)}")
    return array[list(preprocess.channels)]
