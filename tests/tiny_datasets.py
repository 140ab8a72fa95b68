"""Datasets of a few tiny files in the layouts that segsweep reads."""

import json
from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import NDArray
from PIL import Image

RAS = np.diag([1.0, 1.0, 1.0, 1.0])


def write_picture(path: Path, array: NDArray[np.generic]) -> Path:
    """(rows, columns) or (rows, columns, 3), as the suffix says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)
    return path


def write_nifti(path: Path, array: NDArray[np.generic], affine: NDArray[np.float64] = RAS) -> Path:
    """A volume whose first axis has channels last."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(array, affine), path)
    return path


def write_pictures(
    folder: Path, count: int = 10, *, size: tuple[int, int] = (16, 16), groups: list[str] | None = None
) -> Path:
    """A `folder:` dataset: RGB images with a bright square, masks of 0 and 255; with groups, a meta.csv."""
    rng = np.random.default_rng(0)
    for number in range(count):
        image = rng.integers(0, 60, (*size, 3), dtype=np.uint8)
        mask = np.zeros(size, dtype=np.uint8)
        top, left = rng.integers(0, size[0] // 2), rng.integers(0, size[1] // 2)
        box = (slice(top, top + size[0] // 3 + number % 3), slice(left, left + size[1] // 3))
        image[box] += 150
        mask[box] = 255
        write_picture(folder / "images" / f"case-{number:02d}.png", image)
        write_picture(folder / "masks" / f"case-{number:02d}.png", mask)
    if groups is not None:
        rows = [f"case-{number:02d},{group},{number}" for number, group in enumerate(groups)]
        (folder / "meta.csv").write_text("\n".join(["id,group,age", *rows, ""]))
    return folder


def write_decathlon(
    folder: Path,
    count: int = 6,
    *,
    shape: tuple[int, ...] = (10, 8, 6),
    affine: NDArray[np.float64] = RAS,
    labels: tuple[str, ...] = ("background", "anterior", "posterior"),
) -> Path:
    """An `msd:` dataset: float volumes in which label c is a slab of intensity c."""
    rng = np.random.default_rng(0)
    listed = []
    for number in range(count):
        label = np.zeros(shape, dtype=np.uint8)
        for value in range(1, len(labels)):
            label[2 * value : 2 * value + 2, 1 : 5 + number % 2] = value
        image = (label + rng.normal(0, 0.1, shape)).astype(np.float32)
        name = f"case_{number:03d}.nii.gz"
        write_nifti(folder / "imagesTr" / name, image, affine)
        write_nifti(folder / "labelsTr" / name, label, affine)
        listed.append({"image": f"./imagesTr/{name}", "label": f"./labelsTr/{name}"})
    description = {"labels": {str(value): name for value, name in enumerate(labels)}, "training": listed}
    (folder / "dataset.json").write_text(json.dumps(description))
    return folder
