"""Augmentation against rotations, shifts and flips done by other means."""

import numpy as np
import pytest
import torch
from scipy.ndimage import affine_transform

from segsweep.data import augmentation
from segsweep.data.augmentation import bertels2019, build_augmentation
from segsweep.errors import GridError
from segsweep.spec.settings import Augment

FLOAT32 = 1e-4
"""Of bilinear weights computed in float32 on grids of up to 20 voxels."""


def warp(images: torch.Tensor, *, degrees: float = 0, shift: tuple[float, ...] = (), flip: bool = False) -> np.ndarray:
    """The recipe's geometry with numbers that are given instead of drawn."""
    count, axes = len(images), images.ndim - 2
    grid = augmentation._affine_grid(
        torch.full((count,), np.deg2rad(degrees)),
        torch.tensor([shift or (0.0,) * axes]).expand(count, -1),
        torch.full((count,), -1.0 if flip else 1.0),
        images,
    )
    sampled = torch.nn.functional.grid_sample(images, grid, padding_mode="zeros", align_corners=False)
    return sampled.numpy()


def noise(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).random(shape, dtype=np.float32))


class TestGeometry:
    def test_no_change_is_no_change(self) -> None:
        for images in (noise(2, 3, 7, 9), noise(1, 1, 5, 6, 7)):
            np.testing.assert_allclose(warp(images), images.numpy(), atol=FLOAT32)

    def test_a_picture_is_flipped_left_to_right(self) -> None:
        images = noise(2, 3, 7, 9)
        np.testing.assert_allclose(warp(images, flip=True), images.numpy()[..., ::-1], atol=FLOAT32)

    def test_a_volume_is_flipped_along_its_first_axis(self) -> None:
        images = noise(2, 1, 5, 6, 7)
        np.testing.assert_allclose(warp(images, flip=True), images.numpy()[:, :, ::-1], atol=FLOAT32)

    @pytest.mark.parametrize("turns", [1, -1])
    def test_a_quarter_turn_of_a_square(self, turns: int) -> None:
        picture, volume = noise(1, 2, 8, 8), noise(1, 1, 8, 8, 5)
        np.testing.assert_allclose(
            warp(picture, degrees=90 * turns), np.rot90(picture.numpy(), -turns, axes=(2, 3)), atol=FLOAT32
        )
        np.testing.assert_allclose(
            warp(volume, degrees=90 * turns), np.rot90(volume.numpy(), -turns, axes=(2, 3)), atol=FLOAT32
        )

    @pytest.mark.parametrize("shape", [(20, 20), (12, 20), (20, 12)])
    def test_any_angle_on_any_rectangle_against_scipy(self, shape: tuple[int, int]) -> None:
        images = noise(1, 1, *shape)
        cosine, sine = np.cos(np.deg2rad(10)), np.sin(np.deg2rad(10))
        matrix = np.array([[cosine, -sine], [sine, cosine]])
        centre = (np.array(shape) - 1) / 2
        expected = affine_transform(images[0, 0].numpy(), matrix, centre - matrix @ centre, order=1)
        inner = (slice(4, -4), slice(4, -4))  # the two treat the half pixel beyond the border differently
        np.testing.assert_allclose(warp(images, degrees=10)[0, 0][inner], expected[inner], atol=FLOAT32)

    def test_shifts_are_shares_of_the_field_of_view_by_axis(self) -> None:
        images = noise(1, 1, 10, 20)
        found = warp(images, shift=(0.1, 0.2))[0, 0]
        np.testing.assert_allclose(found[:-1, :-4], images[0, 0].numpy()[1:, 4:], atol=FLOAT32)


class TestBertels2019:
    def test_the_same_generator_state_gives_the_same_batch(self) -> None:
        images, values = noise(3, 1, 8, 8), (noise(3, 1, 8, 8) > 0.5).float()
        one, other = (bertels2019(images, values, torch.Generator().manual_seed(seed)) for seed in (5, 5))
        assert all(torch.equal(first, second) for first, second in zip(one, other, strict=True))
        third = bertels2019(images, values, torch.Generator().manual_seed(6))
        assert not torch.equal(one[0], third[0])

    def test_the_global_generator_is_left_alone(self) -> None:
        before = torch.get_rng_state()
        bertels2019(noise(2, 1, 8, 8), noise(2, 1, 8, 8), torch.Generator().manual_seed(0))
        assert torch.equal(torch.get_rng_state(), before)

    def test_label_values_stay_whole(self) -> None:
        values = torch.from_numpy(np.random.default_rng(0).integers(0, 4, (4, 1, 16, 16)).astype(np.float32))
        _, changed = bertels2019(noise(4, 1, 16, 16), values, torch.Generator().manual_seed(0))
        assert set(changed.unique().tolist()) <= {0.0, 1.0, 2.0, 3.0}

    def test_image_and_label_move_together(self) -> None:
        values = torch.zeros(16, 1, 24, 24)
        values[:, :, 6:14, 8:18] = 1
        images, changed = bertels2019(10 * values, values, torch.Generator().manual_seed(0))
        overlap = ((images > 5) == (changed > 0.5)).float().mean(dim=(1, 2, 3))
        assert (overlap > 0.98).all()

    def test_half_of_the_images_are_flipped(self) -> None:
        """An arrow whose tip lies to the right; shifts and rotations are too small to turn it round."""
        values = torch.zeros(400, 1, 20, 20)
        values[:, :, 8:12, 12:15] = 1
        _, changed = bertels2019(values, values, torch.Generator().manual_seed(0))
        columns = torch.arange(20.0)
        tip = (changed.sum(dim=2)[:, 0] * columns).sum(dim=1) / changed.sum(dim=(1, 2, 3))
        flipped = float((tip < 9.5).float().mean())
        assert abs(flipped - 0.5) < 5 * 0.5 / 20

    def test_what_touches_the_edge_goes_on_beyond_it_in_image_and_label(self) -> None:
        values = torch.zeros(64, 1, 24, 24)
        values[:, :, 6:18, :12] = 1
        images, changed = bertels2019(values * 10, values, torch.Generator().manual_seed(0))
        bright, labelled = images > 8, changed > 0.5  # noise has a standard deviation of 0.1
        assert not (bright & ~labelled).any()

    def test_noise_has_a_tenth_of_a_standard_deviation(self) -> None:
        flat = torch.zeros(4, 1, 64, 64)
        images, _ = bertels2019(flat, flat, torch.Generator().manual_seed(0))
        assert float(images.std()) == pytest.approx(augmentation.NOISE_SD, rel=0.05)

    def test_volumes_too(self) -> None:
        images, values = bertels2019(noise(2, 2, 8, 6, 4), torch.ones(2, 1, 8, 6, 4), torch.Generator().manual_seed(0))
        assert (images.shape, values.shape) == ((2, 2, 8, 6, 4), (2, 1, 8, 6, 4))


class TestMonai:
    FLIP = Augment(monai=({"RandFlip": {"prob": 1.0, "spatial_axis": 1}},))

    def test_a_named_transform_changes_image_and_label_alike(self) -> None:
        images, values = noise(2, 3, 6, 7), (noise(2, 1, 6, 7) > 0.5).float()
        found = build_augmentation(self.FLIP)(images, values, torch.Generator().manual_seed(0))
        assert torch.equal(found[0], images.flip(3))
        assert torch.equal(found[1], values.flip(3))
        assert all(type(tensor) is torch.Tensor for tensor in found)

    def test_randomness_comes_from_the_generator(self) -> None:
        augment = build_augmentation(Augment(monai=({"RandGaussianNoise": {"prob": 1.0}},)))
        images, values = noise(2, 1, 6, 6), torch.zeros(2, 1, 6, 6)
        one, same, other = (augment(images, values, torch.Generator().manual_seed(seed))[0] for seed in (1, 1, 2))
        assert torch.equal(one, same)
        assert not torch.equal(one, other)

    @pytest.mark.parametrize("name", ["RandGaussianNoise", "RandShiftIntensity", "RandAdjustContrast"])
    def test_what_changes_intensities_leaves_the_label_alone(self, name: str) -> None:
        arguments = {"prob": 1.0, **({"offsets": 0.5} if name == "RandShiftIntensity" else {})}
        images, values = noise(2, 1, 6, 6).abs() + 1, torch.arange(72.0).reshape(2, 1, 6, 6) % 3
        augment = build_augmentation(Augment(monai=({name: arguments},)))
        found = augment(images, values, torch.Generator().manual_seed(0))
        assert not torch.equal(found[0], images)
        assert torch.equal(found[1], values)

    def test_labels_stay_whole_under_interpolation(self) -> None:
        augment = build_augmentation(Augment(monai=({"RandRotate": {"prob": 1.0, "range_x": 0.5}},)))
        values = torch.zeros(2, 1, 12, 12)
        values[:, :, 3:9, 3:9] = 3
        _, changed = augment(noise(2, 1, 12, 12), values, torch.Generator().manual_seed(0))
        assert set(changed.unique().tolist()) == {0.0, 3.0}

    @pytest.mark.parametrize(
        ("entry", "expected"),
        [
            ({"RandFlop": {}}, "augment.monai: monai.transforms has no RandFlopd"),
            ({"RandFlip": {"axis": 1}}, "augment.monai.RandFlip: "),
        ],
    )
    def test_what_monai_does_not_know(self, entry: dict[str, dict[str, object]], expected: str) -> None:
        with pytest.raises(GridError) as caught:
            build_augmentation(Augment(monai=(entry,)))
        assert str(caught.value).startswith(expected)


def test_none_is_the_identity() -> None:
    images, values = noise(1, 1, 4, 4), noise(1, 1, 4, 4)
    found = build_augmentation(Augment(recipe="none"))(images, values, torch.Generator())
    assert found[0] is images
    assert found[1] is values
