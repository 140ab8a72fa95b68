"""Reading one image or label file: an array, its axes in a known order, and the size of its voxels."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segsweep.errors import DataError

IGNORED = 255
"""Label value of voxels that count nowhere, whatever value the files give them."""

_MORE_LABELS = (
    "; `classes: [...]` in the grid's dataset block declares more, and for msd, nnunet and folder so does `labels` in"
    " dataset.json"
)


@dataclass(frozen=True)
class Volume:
    """An image or a label.

    Args:
        array: (channels, *space); NIfTI in RAS order (left-right, posterior-anterior, inferior-superior), pictures in
            rows and columns.
        spacing: mm per voxel and axis; None where the file does not know it.
        affine: of the array in RAS order, (4, 4), to mm; None in pictures.
    """

    array: NDArray[np.generic]
    spacing: tuple[float, ...] | None
    affine: NDArray[np.float64] | None = None

    def lies_where(self, other: "Volume") -> bool:
        """Whether both have their voxels in the same places, as far as both files know; to a hundredth of a mm."""
        if self.affine is None or other.affine is None:
            return True
        return bool(np.allclose(self.affine, other.affine, rtol=0, atol=0.01))


def read_volume(path: Path, case: str) -> Volume:
    """Read a NIfTI file or a picture.

    Raises:
        DataError: the file cannot be read; names the case and the file.
    """
    nifti = path.name.lower().endswith((".nii", ".nii.gz"))
    return _read(path, case, _read_nifti if nifti else _read_picture)


def _read(path: Path, case: str, decoder: Callable[[Path], Volume]) -> Volume:
    try:
        return decoder(path)
    except DataError as error:
        raise DataError(f"case {case}: {error}") from error
    except Exception as error:  # decoders raise whatever they like on a damaged file
        reason = " ".join(str(error).split())
        raise DataError(f"case {case}: {path} cannot be read: {reason}") from error


def _read_nifti(path: Path) -> Volume:
    import nibabel  # noqa: PLC0415 (0.2 s that picture datasets need not pay)

    image = nibabel.as_closest_canonical(nibabel.load(path))
    array = np.asanyarray(image.dataobj)
    if array.ndim not in (3, 4):
        raise DataError(f"{path}: {array.ndim} dimensions; expected 3, or 4 with channels last")
    spacing = tuple(float(size) for size in image.header.get_zooms()[:3])
    channels_first = array[None] if array.ndim == 3 else np.moveaxis(array, -1, 0)
    if channels_first.shape[-1] == 1:  # a 2D image stored as NIfTI
        return Volume(channels_first[..., 0], spacing[:2], image.affine)
    return Volume(channels_first, spacing, image.affine)


def _read_picture(path: Path) -> Volume:
    from PIL import Image  # noqa: PLC0415 (NIfTI datasets need not pay)

    with Image.open(path) as picture:
        array = np.asarray(picture.convert("RGB") if picture.mode in ("P", "RGBA", "CMYK") else picture)
    return Volume(array[None] if array.ndim == 2 else np.moveaxis(array, -1, 0), None)


def read_label(path: Path, case: str, labels: tuple[str, ...], ignore: int | None = None) -> Volume:
    """Read a label file and hold it to the declared label values.

    A binary picture may use 255 for 1, as drawing programs do. Voxels to ignore become `IGNORED`.

    Raises:
        DataError: the file cannot be read, has several channels, or holds a value that is not declared.
    """
    png = path.name.lower().endswith(".png")
    volume = _read(path, case, _read_palette) if png else read_volume(path, case)
    if volume.array.shape[0] != 1:
        raise DataError(f"case {case}: {path}: a label has one channel, this one {volume.array.shape[0]}")
    array = volume.array[0]
    values = set(np.unique(array).tolist())
    if not np.isfinite(list(values)).all():
        raise DataError(f"case {case}: {path}: the label holds NaN or infinity")
    ignored = array == ignore if ignore is not None else np.zeros(array.shape, dtype=np.bool_)
    values -= {ignore}
    if len(labels) == 2 and values <= {0, 255}:
        array = array > 0
    elif stray := sorted(values - set(range(len(labels)))):
        declared = ", ".join(f"{value} {name}" for value, name in enumerate(labels))
        # fractions, negative numbers and 255 are no label of anything, whatever is declared
        more = _MORE_LABELS if stray[0] in range(IGNORED) else ""
        raise DataError(f"case {case}: {path}: label value {stray[0]:g} is not declared; declared: {declared}{more}")
    return Volume(np.where(ignored, IGNORED, array).astype(np.uint8), volume.spacing, volume.affine)


def _read_palette(path: Path) -> Volume:
    """A PNG label as its stored values; in a palette image these are the class indices, not their colours."""
    from PIL import Image  # noqa: PLC0415

    with Image.open(path) as picture:
        array = np.asarray(picture.convert("L") if picture.mode == "1" else picture)
    return Volume(array[None] if array.ndim == 2 else np.moveaxis(array, -1, 0), None)
