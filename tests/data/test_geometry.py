import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segsweep.data.geometry import Geometry, resampled_shape
from segsweep.spec.preprocess import Preprocess

SHAPE = st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(1, 12))
ROUNDING = 1e-6


def unscaled(native: tuple[int, ...], size: tuple[int, ...]) -> Geometry:
    return Geometry(native, native, size, spacing=None)


class TestPlace:
    @given(SHAPE, SHAPE)
    def test_back_on_the_native_grid_the_common_box_is_the_same_and_the_rest_0(self, native, size) -> None:  # type: ignore[no-untyped-def]
        geometry = unscaled(native, size)
        original = np.random.default_rng(0).random(native, dtype=np.float32) + 1
        back = geometry.to_native(geometry.place(original, fill=9.0)[None])[0]
        inside, _ = geometry.windows()
        np.testing.assert_array_equal(back[inside], original[inside])
        back[inside] = 0
        assert not back.any()

    @given(SHAPE, SHAPE)
    def test_it_is_about_the_centre(self, native, size) -> None:  # type: ignore[no-untyped-def]
        for window, old in zip(unscaled(native, size).windows()[0], native, strict=True):
            assert 0 <= (old - window.stop) - window.start <= 1

    def test_padding_and_cropping_by_hand(self) -> None:
        placed = unscaled((2, 5), (4, 3)).place(np.arange(10).reshape(2, 5), fill=-1)
        assert placed.tolist() == [[-1, -1, -1], [1, 2, 3], [6, 7, 8], [-1, -1, -1]]


class TestToNative:
    def test_a_constant_on_a_coarser_grid_is_that_constant(self) -> None:
        geometry = Geometry(native=(20, 31), resampled=(8, 8), size=(8, 8), spacing=None)
        found = geometry.to_native(np.full((2, 8, 8), 0.7, dtype=np.float32))
        assert found.shape == (2, 20, 31)
        np.testing.assert_allclose(found, 0.7, rtol=ROUNDING)

    def test_a_finer_training_grid_keeps_the_volume(self) -> None:
        """A soft blob far from the borders: its mean over the field of view is the same on both grids."""
        blob = np.zeros((1, 32, 32), dtype=np.float32)
        blob[0, 10:20, 8:24] = 0.6
        found = Geometry((16, 16), (32, 32), (32, 32), spacing=None).to_native(blob)
        assert found.mean() == pytest.approx(blob.mean(), rel=ROUNDING)

    def test_outside_the_crop_is_background(self) -> None:
        geometry = Geometry(native=(12, 12), resampled=(6, 6), size=(2, 2), spacing=None)
        found = geometry.to_native(np.ones((1, 2, 2), dtype=np.float32))[0]
        np.testing.assert_allclose(found[5:7, 5:7], 1)
        assert not found[:3].any()
        assert not found[9:].any()


class TestUnits:
    def test_millilitres_of_a_cube(self) -> None:
        """20 mm to the side: 8 ml, on a grid of 2 × 2.5 × 4 mm."""
        geometry = Geometry((10, 8, 5), (10, 8, 5), (10, 8, 5), spacing=(2.0, 2.5, 4.0))
        assert geometry.unit == "ml"
        assert 10 * 8 * 5 * geometry.voxel_volume == pytest.approx(8.0)

    def test_square_millimetres_of_a_slice(self) -> None:
        geometry = Geometry((4, 4), (4, 4), (4, 4), spacing=(0.5, 0.25))
        assert (geometry.unit, geometry.voxel_volume) == ("mm2", 0.125)

    def test_pixels_of_a_picture(self) -> None:
        assert (unscaled((4, 4), (4, 4)).unit, unscaled((4, 4), (4, 4)).voxel_volume) == ("px", 1.0)


class TestResampledShape:
    def test_as_it_is(self) -> None:
        assert resampled_shape((5, 6, 7), (1.0, 1.0, 3.0), Preprocess()) == (5, 6, 7)

    def test_to_a_spacing(self) -> None:
        wanted = Preprocess(spacing=(1, 1, 1.5))
        assert resampled_shape((10, 10, 7), (0.5, 2.0, 3.0), wanted) == (5, 20, 14)

    def test_never_to_nothing(self) -> None:
        assert resampled_shape((10, 10), (0.1, 1.0), Preprocess(spacing=(100, 1))) == (1, 10)

    def test_to_a_shape(self) -> None:
        assert resampled_shape((10, 20), None, Preprocess(resize=(8, 8))) == (8, 8)

    def test_another_number_of_axes(self) -> None:
        with pytest.raises(ValueError, match=r"^`size` has 3 numbers, the image 2 axes$"):
            resampled_shape((10, 20), None, Preprocess(size=(8, 8, 8)))

    def test_pictures_have_no_spacing(self) -> None:
        with pytest.raises(ValueError, match=r"^`spacing` needs images that know their voxel size; pictures do not"):
            resampled_shape((10, 20), None, Preprocess(spacing=(1, 1)))
