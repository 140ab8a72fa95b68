"""Masks on the grid of their images."""

from pathlib import Path

import nibabel
import numpy as np
import pytest
from tiny_datasets import write_nifti, write_picture

from segsweep.data.mask_files import mask_path, write_mask
from segsweep.data.volumes import read_label, read_volume

LABELS = ("background", "one", "two")
AXES = {
    "RAS": np.diag([1.5, 0.5, 2.0, 1.0]),
    "LPS": np.diag([-1.5, -0.5, 2.0, 1.0]),
    "in another order": np.array([[0, 0, -2.0, 30], [-1.5, 0, 0, 20], [0, 0.5, 0, -10], [0, 0, 0, 1]]),
}


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("shape", [(5, 6, 7), (5, 6, 7, 2)], ids=["one channel", "two channels"])
def test_a_mask_has_the_voxels_of_its_image_where_they_are(shape: tuple[int, ...], axes: str, tmp_path: Path) -> None:
    """A voxel that is bright in the image, found by its place in mm in both files."""
    rng = np.random.default_rng(0)
    array = rng.normal(0, 0.1, shape).astype(np.float32)
    array[3, 1, 4] += 10
    image = write_nifti(tmp_path / "image.nii.gz", array, AXES[axes])
    seen = read_volume(image, "a").array[0]
    path = mask_path(image, tmp_path / "out")
    write_mask((seen > 5).astype(np.uint8), image, path)
    mask = nibabel.load(path)
    assert (mask.shape, mask.get_data_dtype()) == (shape[:3], np.uint8)
    np.testing.assert_array_equal(mask.affine, AXES[axes])
    assert np.argwhere(np.asarray(mask.dataobj)).tolist() == [[3, 1, 4]]


def test_a_picture_stored_as_a_volume_has_a_mask_like_it(tmp_path: Path) -> None:
    image = write_nifti(tmp_path / "image.nii", np.zeros((5, 6, 1), dtype=np.float32), AXES["LPS"])
    mask = np.random.default_rng(0).integers(0, 3, (5, 6)).astype(np.uint8)
    path = mask_path(image, tmp_path)
    write_mask(mask, image, path)
    assert path.name == "image.nii.gz"
    assert nibabel.load(path).shape == (5, 6, 1)
    np.testing.assert_array_equal(read_label(path, "a", LABELS).array, mask)


def test_the_pixels_of_a_pictures_mask_are_label_values(tmp_path: Path) -> None:
    image = write_picture(tmp_path / "image.jpg", np.zeros((5, 6, 3), dtype=np.uint8))
    mask = np.random.default_rng(0).integers(0, 3, (5, 6)).astype(np.uint8)
    path = mask_path(image, tmp_path)
    write_mask(mask, image, path)
    assert path.name == "image.png"
    np.testing.assert_array_equal(read_label(path, "a", LABELS).array, mask)
