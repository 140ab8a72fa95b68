"""Patches: where they lie, and what batches of them are."""

from pathlib import Path

import numpy as np
import pytest
import torch
from file_trials import batches_on, trial_on
from monai.transforms.utils import correct_crop_centers
from tiny_datasets import write_nifti

from segsweep.data.decode_dataset import decode_dataset
from segsweep.data.patch_batches import PatchBatches
from segsweep.data.patches import draw_box, foreground
from segsweep.records.rows import trial_parameters
from segsweep.spec.datasets import FileDataset
from segsweep.spec.preprocess import Patch

SHAPES = [
    (20, 16, 18),
    (24, 20, 16),
    (12, 30, 16),
    (17, 19, 23),
    (20, 20, 20),
    (16, 16, 16),
    (22, 18, 16),
    (16, 24, 20),
]
SIDE = 16
DRAWS = 400


@pytest.fixture
def volumes(tmp_path: Path) -> Path:
    """Volumes of different sizes; the structure lies in one corner, and its voxels are 5 above the noise."""
    folder = tmp_path / "volumes"
    rng = np.random.default_rng(0)
    for number, shape in enumerate(SHAPES):
        label = np.zeros(shape, dtype=np.uint8)
        label[:4, :4, :5] = 1
        image = (5 * label + rng.normal(0, 1, shape)).astype(np.float32)
        write_nifti(folder / "images" / f"case-{number}.nii.gz", image)
        write_nifti(folder / "masks" / f"case-{number}.nii.gz", label)
    return folder


def patched(folder: Path, **patch: object) -> PatchBatches:
    found = batches_on(folder, dataset={"patch": {"size": [SIDE] * 3, **patch}})
    assert isinstance(found, PatchBatches)
    return found


class TestBox:
    MASK = np.zeros((30, 40), dtype=np.bool_)
    MASK[3:9, 30:38] = True

    def boxes(self, share: float, mask: np.ndarray = MASK) -> list[tuple[slice, ...]]:
        patch = Patch(size=(8, 10), foreground=share)
        rng = np.random.default_rng(0)
        return [draw_box(foreground(mask), patch, rng=rng) for _ in range(DRAWS)]

    def test_they_have_their_size_and_lie_inside(self) -> None:
        for rows, columns in self.boxes(0.5):
            assert (rows.stop - rows.start, columns.stop - columns.start) == (8, 10)
            assert rows.start >= 0
            assert rows.stop <= 30
            assert columns.start >= 0
            assert columns.stop <= 40

    def test_centred_ones_lie_where_monai_would_put_them(self) -> None:
        expected = {
            tuple(int(middle) - side // 2 for middle, side in zip(centre, (8, 10), strict=True))
            for voxel in np.argwhere(self.MASK)
            for centre in [correct_crop_centers(voxel.tolist(), (8, 10), self.MASK.shape)]
        }
        assert {tuple(part.start for part in box) for box in self.boxes(1.0)} <= expected

    def test_the_share_of_centred_ones_is_the_one_asked_for(self) -> None:
        rare = np.zeros((30, 40), dtype=np.bool_)
        rare[29, 39] = True  # in few boxes that lie anywhere
        hits = np.mean([rare[box].any() for box in self.boxes(0.7, rare)])
        anywhere = 1 / (23 * 31)
        # binomial: five standard deviations
        assert abs(hits - (0.7 + 0.3 * anywhere)) < 5 * (0.7 * 0.3 / DRAWS) ** 0.5

    def test_without_a_label_they_lie_anywhere(self) -> None:
        starts = {tuple(part.start for part in box) for box in self.boxes(1.0, np.zeros((30, 40), dtype=np.bool_))}
        assert {start for start, _ in starts} == set(range(23))

    def test_of_many_voxels_some_stand_for_all(self) -> None:
        found = foreground(np.ones((400, 400), dtype=np.bool_))
        assert len(found.voxels) == 20_000
        assert (found.voxels[0], found.voxels[-1]) == (0, 159_999)


class TestBatches:
    def test_images_keep_their_sizes_and_are_padded_to_a_patch(self, volumes: Path) -> None:
        block = {"source": "folder", "path": volumes, "name": "a", "preprocess": {"patch": [SIDE] * 3}}
        decoded = decode_dataset(FileDataset.model_validate(block), "fingerprint")
        assert [decoded.images[number].shape[1:] for number in range(len(SHAPES))] == [
            tuple(max(length, SIDE) for length in shape) for shape in SHAPES
        ]
        assert (decoded.size, decoded.channels) == ((SIDE,) * 3, 1)
        assert not any(any(case.cut_off) for case in decoded.cases)

    def test_image_and_label_are_cut_in_the_same_place(self, volumes: Path) -> None:
        for batch in patched(volumes).epoch("loss", 1):
            assert batch.images.shape == batch.targets.shape == (2, 1, SIDE, SIDE, SIDE)
            inside, outside = (batch.images[batch.targets == value] for value in (1, 0))
            assert not len(inside) or inside.min() > outside.max() - 4
            assert not len(inside) or inside.mean() > outside.mean() + 3

    def test_the_same_whenever_they_are_asked_for_and_new_in_every_epoch(self, volumes: Path) -> None:
        one, other = patched(volumes), patched(volumes)
        list(other.epoch("loss", 1))
        for a, b in zip(one.epoch("loss", 2), other.epoch("loss", 2), strict=True):
            assert torch.equal(a.images, b.images)
        first, second = ([batch.images for batch in one.epoch("loss", number)] for number in (1, 2))
        assert not torch.equal(torch.cat(first), torch.cat(second))
        for a, b in zip(one.selection(), other.selection(), strict=True):
            assert torch.equal(a.images, b.images)

    def test_a_batch_that_chooses_the_checkpoint_holds_patches_of_several_cases(self, volumes: Path) -> None:
        """As in training: a loss over a batch of patches of one case would be another loss."""
        batches = batches_on(volumes, dataset={"patch": {"size": [SIDE] * 3}}, split={"select": "fold"})
        assert isinstance(batches, PatchBatches)
        once = len(batches._selected) // 4
        assert once > 1
        for start in range(0, 4 * once, once):
            assert len(set(batches._selected[start : start + once])) == once

    def test_several_patches_a_case(self, volumes: Path) -> None:
        batches = [list(patched(volumes, per_case=count, foreground=0.0).epoch("loss", 1)) for count in (1, 4)]
        assert len(batches[1]) >= 4 * len(batches[0])
        patches = torch.cat([batch.images for batch in batches[1]])
        assert len(torch.unique(patches.flatten(1), dim=0)) > len(patches) / 2

    def test_statistics_are_those_of_patches(self, volumes: Path) -> None:
        found = patched(volumes, foreground=1.0).statistics
        assert sum(found.mean_volume) == pytest.approx(SIDE**3)
        # centred on the corner structure, every patch starts at the corner and holds all of it
        assert found.mean_volume[1] == pytest.approx(4 * 4 * 5)
        assert found.prior[1] == pytest.approx(4 * 4 * 5 / SIDE**3)


def test_patches_are_part_of_the_id_and_recorded(volumes: Path) -> None:
    side = [SIDE] * 3
    blocks = ({"size": side}, {"patch": side}, {"patch": {"size": side, "foreground": 0.9}})
    trials = [trial_on(volumes, dataset=block) for block in blocks]
    assert len({trial.id for trial in trials}) == 3
    assert ["patch" in trial_parameters(trial) for trial in trials] == [False, True, True]
    assert trial_parameters(trials[1])["patch"] == "16×16×16"
