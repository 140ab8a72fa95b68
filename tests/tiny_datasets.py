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


def write_nnunet(
    folder: Path, count: int = 5, *, channels: int = 2, description: dict[str, object] | None = None
) -> Path:
    """An `nnunet:` dataset: volumes with one file per channel, in which the lesion is brighter."""
    rng = np.random.default_rng(0)
    for number in range(count):
        label = np.zeros((8, 8, 8), dtype=np.uint8)
        label[2:5, 2:6, 3:6] = 1
        write_nifti(folder / "labelsTr" / f"case_{number:03d}.nii.gz", label)
        for channel in range(channels):
            image = (label + rng.normal(channel, 0.1, label.shape)).astype(np.float32)
            write_nifti(folder / "imagesTr" / f"case_{number:03d}_{channel:04d}.nii.gz", image)
    described = {
        "channel_names": {str(channel): f"channel {channel}" for channel in range(channels)},
        "labels": {"background": 0, "lesion": 1},
        "numTraining": count,
        "file_ending": ".nii.gz",
        **(description or {}),
    }
    (folder / "dataset.json").write_text(json.dumps(described))
    return folder


def write_bids(folder: Path, subjects: int = 3, *, sessions: tuple[str, ...] = ("ses-1", "ses-2")) -> Path:
    """A `bids:` dataset: two images of every session, and a lesion mask among the derivatives."""
    label = np.zeros((8, 8, 8), dtype=np.uint8)
    label[2:5, 2:6, 3:6] = 1
    rows = ["participant_id\tage\tgroup"]
    for number in range(1, subjects + 1):
        rows.append(f"sub-{number:02d}\t{40 + number}\tpatient")
        for session in sessions:
            name = f"sub-{number:02d}_{session}"
            for place in (folder, folder / "derivatives" / "manual"):
                (place / f"sub-{number:02d}" / session / "anat").mkdir(parents=True)
            anat = Path(f"sub-{number:02d}") / session / "anat"
            for kind in ("T1w", "acq-3d_FLAIR"):
                write_nifti(folder / anat / f"{name}_{kind}.nii.gz", label.astype(np.float32))
            write_nifti(folder / "derivatives" / "manual" / anat / f"{name}_label-lesion_mask.nii.gz", label)
    (folder / "participants.tsv").write_text("\n".join([*rows, ""]))
    return folder


def move_to_test_part(folder: Path, cases: tuple[str, ...]) -> Path:
    """Cases of an `msd:` or `nnunet:` dataset become its test part, as their layouts have it."""
    for case in cases:
        for kind in ("images", "labels"):
            (folder / f"{kind}Ts").mkdir(exist_ok=True)
            for path in (folder / f"{kind}Tr").glob(f"{case}*"):
                path.rename(folder / f"{kind}Ts" / path.name)
    described = json.loads((folder / "dataset.json").read_text())
    if "training" in described:
        listed = described["training"]
        described["training"] = [entry for entry in listed if Path(entry["image"]).name[:-7] not in cases]
        described["test"] = [f"./imagesTs/{case}.nii.gz" for case in cases]
        (folder / "dataset.json").write_text(json.dumps(described))
    return folder
