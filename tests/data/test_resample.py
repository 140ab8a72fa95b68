import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from skimage.transform import resize

from segsweep.data.resample import kernel, nearest, resample

FLOAT32 = 1e-5
"""Rounding of float32 sums over at most a few dozen voxels of order 1."""

SIDES = st.integers(1, 40)


def noise(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(0).random(shape, dtype=np.float32)


class TestKernel:
    @given(SIDES, SIDES)
    def test_rows_sum_to_one_and_weights_are_no_less_than_zero(self, old: int, new: int) -> None:
        weights = kernel(old, new)
        assert weights.shape == (new, old)
        assert (weights >= 0).all()
        np.testing.assert_allclose(weights.sum(axis=1), 1, atol=FLOAT32)

    @given(SIDES)
    def test_the_same_grid_is_the_identity(self, side: int) -> None:
        np.testing.assert_array_equal(kernel(side, side), np.eye(side, dtype=np.float32))

    @given(SIDES, SIDES)
    def test_it_knows_no_left_and_right(self, old: int, new: int) -> None:
        np.testing.assert_allclose(kernel(old, new), kernel(old, new)[::-1, ::-1], atol=FLOAT32)

    @given(SIDES, st.integers(1, 5))
    def test_growing_by_a_whole_factor_keeps_the_mean(self, old: int, factor: int) -> None:
        np.testing.assert_allclose(kernel(old, factor * old).sum(axis=0), factor, atol=10 * FLOAT32)

    @given(SIDES, SIDES)
    def test_no_voxel_is_skipped(self, old: int, new: int) -> None:
        assert (kernel(old, new).sum(axis=0) > 0).all()


class TestResample:
    @pytest.mark.parametrize("shape", [(16, 16), (7, 25), (40, 11), (1, 3), (12, 10)])
    def test_pictures_against_torch(self, shape: tuple[int, int]) -> None:
        image = noise(2, 12, 10)
        expected = F.interpolate(torch.from_numpy(image)[None], shape, mode="bilinear", antialias=True)[0]
        np.testing.assert_allclose(resample(image, shape), expected.numpy(), atol=FLOAT32)

    @pytest.mark.parametrize("shape", [(5, 4), (24, 30), (9, 20)])
    def test_pictures_against_pil(self, shape: tuple[int, int]) -> None:
        image = noise(1, 12, 10)
        expected = np.asarray(Image.fromarray(image[0]).resize(shape[::-1], Image.Resampling.BILINEAR))
        np.testing.assert_allclose(resample(image, shape)[0], expected, atol=FLOAT32)

    @pytest.mark.parametrize("shape", [(12, 10, 16), (6, 20, 9)])
    def test_growing_volumes_against_scikit_image(self, shape: tuple[int, int, int]) -> None:
        volume = noise(1, 6, 5, 8)
        expected = resize(volume[0], shape, order=1, mode="edge", anti_aliasing=False)
        np.testing.assert_allclose(resample(volume, shape)[0], expected, atol=FLOAT32)

    def test_a_shrinking_volume_is_shrunk_axis_by_axis(self) -> None:
        volume = noise(1, 12, 10, 9)
        slices = torch.from_numpy(volume[0])[None]  # the first axis as channels
        plane = F.interpolate(slices, (4, 6), mode="bilinear", antialias=True)[0].numpy()
        expected = np.einsum("na,ayx->nyx", kernel(12, 5), plane)
        np.testing.assert_allclose(resample(volume, (5, 4, 6))[0], expected, atol=FLOAT32)

    @given(SIDES, SIDES, SIDES, SIDES)
    def test_a_constant_stays_what_it_is(self, rows: int, columns: int, tall: int, wide: int) -> None:
        constant = np.full((1, rows, columns), 3.25, dtype=np.float32)
        np.testing.assert_allclose(resample(constant, (tall, wide)), 3.25, rtol=FLOAT32)

    @given(SIDES, SIDES)
    def test_nothing_overshoots(self, old: int, new: int) -> None:
        found = resample(noise(1, old, 1), (new, 1))
        assert found.min() >= noise(1, old, 1).min() - FLOAT32
        assert found.max() <= noise(1, old, 1).max() + FLOAT32


class TestNearest:
    @given(SIDES, SIDES)
    def test_it_is_the_voxel_whose_centre_is_nearest(self, old: int, new: int) -> None:
        """In whole numbers, a voxel of the old grid being 2·new long; of two equally near ones the later is taken."""
        found = nearest(np.arange(old, dtype=np.uint8), (new,))
        for index, chosen in enumerate(found.tolist()):
            wanted = (2 * index + 1) * old
            distances = [abs(wanted - (2 * candidate + 1) * new) for candidate in range(old)]
            assert chosen == max(place for place in range(old) if distances[place] == min(distances))

    @pytest.mark.parametrize("shape", [(24, 20), (6, 5), (9, 33)])
    def test_against_torch(self, shape: tuple[int, int]) -> None:
        label = np.random.default_rng(0).integers(0, 5, (12, 10), dtype=np.uint8)
        expected = F.interpolate(torch.from_numpy(label).float()[None, None], shape, mode="nearest-exact")[0, 0]
        np.testing.assert_array_equal(nearest(label, shape), expected.numpy())

    def test_no_value_is_invented(self) -> None:
        label = np.random.default_rng(0).choice(np.array([0, 3, 7], np.uint8), (9, 11, 5))
        assert set(np.unique(nearest(label, (20, 4, 13)))) <= {0, 3, 7}
