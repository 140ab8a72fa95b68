import numpy as np
import oracles
import pytest
import torch
from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance, compute_surface_dice
from monai.metrics.utils import get_edge_surface_distance
from numpy.typing import NDArray

from segsweep.metrics.surface import SurfaceDistances, surface_distances

FLOAT32 = 1e-5
"""MONAI's distance transforms are float32."""


def cube(shape: tuple[int, ...], start: tuple[int, ...], side: int) -> NDArray[np.bool_]:
    mask = np.zeros(shape, dtype=np.bool_)
    mask[tuple(slice(at, at + side) for at in start)] = True
    return mask


def blobs(seed: int, shape: tuple[int, ...]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    rng = np.random.default_rng(seed)
    one = cube(shape, (2,) * len(shape), 4) | (rng.random(shape) < 0.03)
    other = cube(shape, (3,) * len(shape), 4) | (rng.random(shape) < 0.03)
    return one, other


class TestKnownAnswers:
    def test_a_cube_against_itself(self) -> None:
        mask = cube((10, 10, 10), (3, 3, 3), 4)
        assert surface_distances(mask, mask, (1.0, 1.0, 1.0)) == SurfaceDistances(0.0, 0.0, 1.0)

    @pytest.mark.parametrize(("spacing", "distance"), [(None, 4.0), ((3.0, 1.0), 12.0)])
    def test_two_rods_side_by_side(self, spacing: tuple[float, ...] | None, distance: float) -> None:
        """Four rows apart: every voxel of one is exactly that far from the other."""
        one, other = np.zeros((2, 9, 6), dtype=np.bool_)
        one[1], other[5] = True, True
        found = surface_distances(one, other, spacing)
        assert (found.hd95, found.assd, found.nsd) == (distance, distance, 0.0)

    def test_a_shift_by_one_voxel_is_within_tolerance(self) -> None:
        one, other = cube((12, 12, 12), (3, 3, 3), 5), cube((12, 12, 12), (4, 3, 3), 5)
        found = surface_distances(one, other, (2.0, 1.0, 1.0))
        assert (found.hd95, found.nsd) == (2.0, 1.0)

    def test_the_tolerance_is_the_largest_side_of_a_voxel(self) -> None:
        one, other = np.zeros((2, 3, 9), dtype=np.bool_)
        one[:, 1], other[:, 4] = True, True
        assert surface_distances(one, other, (3.0, 1.0)).nsd == 1.0
        assert surface_distances(one, other, (2.9, 1.0)).nsd == 0.0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("shape", "spacing"), [((11, 9), None), ((11, 9), (0.5, 2.0)), ((9, 8, 8), (1.0, 1.5, 3.0))])
class TestAgainstOthers:
    def test_brute_force(self, shape: tuple[int, ...], spacing: tuple[float, ...] | None, seed: int) -> None:
        one, other = blobs(seed, shape)
        sides = spacing or (1.0,) * len(shape)
        there, back = oracles.surface_distances(one, other, sides)
        found = surface_distances(one, other, spacing)
        assert found.hd95 == pytest.approx(max(np.quantile(there, 0.95), np.quantile(back, 0.95)), rel=FLOAT32)
        assert found.assd == pytest.approx(np.mean(there + back), rel=FLOAT32)
        assert found.nsd == pytest.approx(np.mean([distance <= max(sides) for distance in there + back]))

    def test_monai(self, shape: tuple[int, ...], spacing: tuple[float, ...] | None, seed: int) -> None:
        one, other = blobs(seed, shape)
        tensors = [torch.from_numpy(mask)[None, None].float() for mask in (one, other)]
        sides = list(spacing or (1.0,) * len(shape))
        found = surface_distances(one, other, spacing)
        hausdorff = compute_hausdorff_distance(*tensors, include_background=True, percentile=95, spacing=sides)
        average = compute_average_surface_distance(*tensors, include_background=True, symmetric=True, spacing=sides)
        surface_dice = compute_surface_dice(*tensors, [max(sides)], include_background=True, spacing=sides)
        assert found.hd95 == pytest.approx(float(hausdorff), rel=FLOAT32)
        assert found.assd == pytest.approx(float(average), rel=FLOAT32)
        assert found.nsd == pytest.approx(float(surface_dice), rel=FLOAT32)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.7, 0.45, 3.3), (0.9375, 0.9375, 1.25)])
def test_monai_s_distances_to_the_last_bit(spacing: tuple[float, ...]) -> None:
    for seed in range(5):
        one, other = (np.pad(mask, seed) for mask in blobs(seed, (12, 10, 9)))
        tensors = (torch.from_numpy(mask) for mask in (one, other))
        _, directed, _ = get_edge_surface_distance(*tensors, spacing=list(spacing), symmetric=True)
        there, back = (np.asarray(distances, dtype=np.float64) for distances in directed)
        both = np.concatenate([there, back])
        assert surface_distances(one, other, spacing) == SurfaceDistances(
            max(np.quantile(there, 0.95), np.quantile(back, 0.95)),
            both.mean(),
            np.count_nonzero(both <= max(spacing)) / both.size,
        )


class TestEmptyMasks:
    EMPTY, FULL = np.zeros((3, 3), np.bool_), np.ones((3, 3), np.bool_)

    def test_both(self) -> None:
        assert surface_distances(self.EMPTY, self.EMPTY, None) == SurfaceDistances(None, None, None)

    def test_one(self) -> None:
        for masks in ((self.EMPTY, self.FULL), (self.FULL, self.EMPTY)):
            assert surface_distances(*masks, None) == SurfaceDistances(None, None, 0.0)


def test_a_mask_that_fills_the_image_has_its_border_there() -> None:
    full, inner = np.ones((6, 6), np.bool_), cube((6, 6), (1, 1), 4)
    there, back = oracles.surface_distances(full, inner, (1.0, 1.0))
    assert surface_distances(full, inner, None).assd == pytest.approx(np.mean(there + back), rel=FLOAT32)
