"""A mask written as its image lies: on the same grid, in the same place."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segsweep.data.image_files import stem

_COLOURS = ("000000", "ffffff", "ffd92f", "35b6ff", "fc8d62", "66c2a5", "e78ac3", "a6d854")
"""Of the label values in a picture; further ones are grey."""


def mask_path(image: Path, folder: Path) -> Path:
    """Where the mask of an image goes: `.nii.gz` beside NIfTI, `.png` beside pictures."""
    return folder / f"{stem(image)}{'.nii.gz' if _is_nifti(image) else '.png'}"


def write_mask(mask: NDArray[np.uint8], image: Path, path: Path) -> None:
    """Write label values.

    A NIfTI mask has the orientation, affine and header of its image; a picture's mask is a PNG whose pixels are the
    label values, shown in colours.

    Args:
        mask: (*native), label values, with axes as `read_volume` gives them.
        image: the file that it is a mask of.
        path: to write to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    (_write_nifti if _is_nifti(image) else _write_picture)(mask, image, path)


def _write_nifti(mask: NDArray[np.uint8], image: Path, path: Path) -> None:
    import nibabel  # noqa: PLC0415 (0.2 s that pictures need not pay)
    from nibabel import orientations  # noqa: PLC0415

    like = nibabel.load(image)
    volume = mask[..., None] if mask.ndim == 2 else mask
    back = orientations.ornt_transform(orientations.axcodes2ornt("RAS"), orientations.io_orientation(like.affine))
    header = like.header.copy()
    header.set_data_dtype(np.uint8)
    header["cal_min"] = header["cal_max"] = 0  # the image's window would hide the labels
    nibabel.save(type(like)(orientations.apply_orientation(volume, back), like.affine, header), path)


def _write_picture(mask: NDArray[np.uint8], image: Path, path: Path) -> None:
    from PIL import Image  # noqa: PLC0415 (NIfTI need not pay)

    picture = Image.fromarray(mask)
    colours = [bytes.fromhex(colour) for colour in _COLOURS]
    grey = [bytes((value,) * 3) for value in range(len(colours), 256)]
    picture.putpalette(b"".join([*colours, *grey]))
    picture.save(path)


def _is_nifti(path: Path) -> bool:
    return path.name.lower().endswith((".nii", ".nii.gz"))
