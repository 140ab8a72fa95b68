"""Reading one file: axes, spacing, values, and what cannot be read."""

import re
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image
from tiny_datasets import write_nifti, write_picture

from segsweep.data.volumes import read_label, read_volume
from segsweep.errors import DataError

BINARY = ("background", "lesion")
GRADIENT = np.arange(4 * 5 * 6, dtype=np.float32).reshape(4, 5, 6)


class TestNifti:
    def test_a_volume_in_ras_order_is_left_alone(self, tmp_path: Path) -> None:
        volume = read_volume(write_nifti(tmp_path / "a.nii.gz", GRADIENT, np.diag([1.0, 2.0, 3.0, 1.0])), "a")
        np.testing.assert_array_equal(volume.array, GRADIENT[None])
        assert volume.spacing == (1.0, 2.0, 3.0)

    def test_axes_are_brought_to_right_anterior_superior(self, tmp_path: Path) -> None:
        """First axis towards posterior by 2 mm, second towards superior by 1.5 mm, third towards left by 3 mm."""
        affine = np.zeros((4, 4))
        affine[1, 0], affine[2, 1], affine[0, 2], affine[3, 3] = -2, 1.5, -3, 1
        volume = read_volume(write_nifti(tmp_path / "a.nii", GRADIENT, affine), "a")
        np.testing.assert_array_equal(volume.array[0], GRADIENT.transpose(2, 0, 1)[::-1, ::-1, :])
        assert volume.spacing == (3.0, 2.0, 1.5)

    def test_channels_come_last_in_the_file_and_first_here(self, tmp_path: Path) -> None:
        stacked = np.stack([GRADIENT, -GRADIENT], axis=-1)
        volume = read_volume(write_nifti(tmp_path / "a.nii", stacked), "a")
        np.testing.assert_array_equal(volume.array, np.stack([GRADIENT, -GRADIENT]))
        assert volume.spacing == (1.0, 1.0, 1.0)

    def test_a_single_slice_is_a_2d_image(self, tmp_path: Path) -> None:
        path = write_nifti(tmp_path / "a.nii", GRADIENT[:, :, :1], np.diag([0.5, 0.7, 8.0, 1.0]))
        volume = read_volume(path, "a")
        assert volume.array.shape == (1, 4, 5)
        assert volume.spacing == pytest.approx((0.5, 0.7))

    def test_the_scale_factors_of_the_header_are_applied(self, tmp_path: Path) -> None:
        image = nibabel.Nifti1Image(np.array([[[0, 100]]], dtype=np.int16), np.eye(4))
        image.header.set_slope_inter(0.5, -1024)
        nibabel.save(image, tmp_path / "a.nii")
        stored = nibabel.load(tmp_path / "a.nii").get_fdata()
        np.testing.assert_allclose(read_volume(tmp_path / "a.nii", "a").array[0], stored)

    def test_five_dimensions_are_refused(self, tmp_path: Path) -> None:
        path = write_nifti(tmp_path / "a.nii", np.zeros((2, 2, 2, 1, 3), dtype=np.float32))
        with pytest.raises(DataError) as caught:
            read_volume(path, "a")
        assert str(caught.value) == f"case a: {path}: 5 dimensions; expected 3, or 4 with channels last"


class TestPicture:
    def test_colours_are_channels(self, tmp_path: Path) -> None:
        array = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
        volume = read_volume(write_picture(tmp_path / "a.png", array), "a")
        np.testing.assert_array_equal(volume.array, array.transpose(2, 0, 1))
        assert volume.spacing is None

    def test_a_jpg_is_rgb_too(self, tmp_path: Path) -> None:
        volume = read_volume(write_picture(tmp_path / "a.jpg", np.full((8, 8, 3), 90, dtype=np.uint8)), "a")
        assert volume.array.shape == (3, 8, 8)
        assert np.abs(volume.array.astype(int) - 90).max() <= 2  # JPEG loses something

    def test_grey_has_one_channel(self, tmp_path: Path) -> None:
        assert read_volume(write_picture(tmp_path / "a.png", np.zeros((4, 5), np.uint8)), "a").array.shape == (1, 4, 5)

    def test_sixteen_bits_are_kept(self, tmp_path: Path) -> None:
        array = np.array([[0, 1000], [40000, 65535]], dtype=np.uint16)
        np.testing.assert_array_equal(read_volume(write_picture(tmp_path / "a.png", array), "a").array[0], array)

    def test_transparency_is_dropped(self, tmp_path: Path) -> None:
        Image.new("RGBA", (5, 4), (10, 20, 30, 40)).save(tmp_path / "a.png")
        volume = read_volume(tmp_path / "a.png", "a")
        assert volume.array.shape == (3, 4, 5)
        assert volume.array[:, 0, 0].tolist() == [10, 20, 30]

    def test_a_palette_image_is_read_by_its_colours(self, tmp_path: Path) -> None:
        picture = Image.new("P", (2, 1))
        picture.putpalette([0, 0, 0, 255, 128, 7])
        picture.putdata([0, 1])
        picture.save(tmp_path / "a.png")
        assert read_volume(tmp_path / "a.png", "a").array[:, 0, 1].tolist() == [255, 128, 7]


class TestLabel:
    def test_255_stands_for_1_in_binary_masks(self, tmp_path: Path) -> None:
        path = write_picture(tmp_path / "a.png", np.array([[0, 255], [255, 0]], dtype=np.uint8))
        label = read_label(path, "a", BINARY).array
        assert label.tolist() == [[0, 1], [1, 0]]
        assert label.dtype == np.uint8

    def test_a_mask_that_is_all_foreground(self, tmp_path: Path) -> None:
        path = write_picture(tmp_path / "a.png", np.full((2, 2), 255, dtype=np.uint8))
        assert read_label(path, "a", BINARY).array.tolist() == [[1, 1], [1, 1]]

    def test_one_bit_masks(self, tmp_path: Path) -> None:
        path = write_picture(tmp_path / "a.png", np.array([[True, False]]))
        assert read_label(path, "a", BINARY).array.tolist() == [[1, 0]]

    def test_a_palette_png_holds_class_indices_whatever_their_colours(self, tmp_path: Path) -> None:
        picture = Image.new("P", (3, 1))
        picture.putpalette([9, 9, 9, 255, 0, 0, 0, 255, 0])
        picture.putdata([2, 0, 1])
        picture.save(tmp_path / "a.png")
        assert read_label(tmp_path / "a.png", "a", ("background", "red", "green")).array.tolist() == [[2, 0, 1]]

    def test_whole_numbers_may_be_stored_as_floats(self, tmp_path: Path) -> None:
        values = np.zeros((2, 2, 2), dtype=np.float64)
        values[0, 0, 0] = 1.0
        label = read_label(write_nifti(tmp_path / "a.nii", values), "a", BINARY)
        assert (int(label.array.sum()), label.array.dtype) == (1, np.uint8)

    @pytest.mark.parametrize(("value", "shown"), [(255, "255"), (0.5, "0.5"), (-1, "-1")])
    def test_a_value_that_is_not_declared(self, tmp_path: Path, value: float, shown: str) -> None:
        path = write_nifti(tmp_path / "a.nii", np.array([[[0, 1, value]]], dtype=np.float32))
        with pytest.raises(DataError) as caught:
            read_label(path, "a", ("background", "liver", "tumour"))
        declared = "0 background, 1 liver, 2 tumour"
        assert str(caught.value) == f"case a: {path}: label value {shown} is not declared; declared: {declared}"

    def test_a_value_that_could_be_declared(self, tmp_path: Path) -> None:
        path = write_nifti(tmp_path / "a.nii", np.array([[[0, 1, 2]]], dtype=np.float32))
        with pytest.raises(DataError) as caught:
            read_label(path, "a", BINARY)
        assert str(caught.value) == (
            f"case a: {path}: label value 2 is not declared; declared: 0 background, 1 lesion; `classes: [...]` in"
            " the grid's dataset block declares more, and for msd, nnunet and folder so does `labels` in dataset.json"
        )
        assert read_label(path, "a", ("background", "one", "two")).array.tolist() == [[[0, 1, 2]]]

    def test_nan(self, tmp_path: Path) -> None:
        path = write_nifti(tmp_path / "a.nii", np.array([[[0, np.nan]]], dtype=np.float32))
        with pytest.raises(DataError, match=re.escape(f"case a: {path}: the label holds NaN or infinity")):
            read_label(path, "a", BINARY)

    def test_several_channels(self, tmp_path: Path) -> None:
        path = write_picture(tmp_path / "a.png", np.zeros((4, 4, 3), dtype=np.uint8))
        with pytest.raises(DataError, match=re.escape(f"case a: {path}: a label has one channel, this one 3")):
            read_label(path, "a", BINARY)


class TestDamage:
    @pytest.mark.parametrize("name", ["a.nii.gz", "a.nii", "a.png", "a.jpg"])
    @pytest.mark.parametrize("kept", [0, 0.01, 0.7])
    def test_a_truncated_file_is_named(self, tmp_path: Path, name: str, kept: float) -> None:
        path = tmp_path / name
        noise = np.random.default_rng(0).integers(0, 256, (32, 32), dtype=np.uint8)
        if ".nii" in name:
            write_nifti(path, noise[..., None])
        else:
            write_picture(path, noise)
        whole = path.read_bytes()
        path.write_bytes(whole[: int(kept * len(whole))])
        for read in (lambda: read_volume(path, "a"), lambda: read_label(path, "a", BINARY)):
            with pytest.raises(DataError, match=f"^case a: {re.escape(str(path))} cannot be read: ") as caught:
                read()
            assert len(str(caught.value).splitlines()) == 1
