"""Batches of decoded cases: the same wherever and whenever they are asked for."""

from pathlib import Path

import numpy as np
import pytest
import torch
from file_trials import batches_on, trial_on
from PIL import Image
from tiny_datasets import write_decathlon, write_picture, write_pictures

from segsweep.data.batches import Batch, Batches, encode
from segsweep.data.file_batches import FileBatches

TWO = {"train": {"batch_size": 2}}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Ten cases, of which fold 0 of 2 trains on three or four and chooses its checkpoint on the others."""
    return write_pictures(tmp_path / "pictures", 10)


def epoch(batches: Batches, number: int = 1, phase: str = "loss") -> list[Batch]:
    return list(batches.epoch(phase, number))


def same(one: list[Batch], other: list[Batch]) -> bool:
    return len(one) == len(other) and all(
        torch.equal(first.images, second.images) and torch.equal(first.targets, second.targets)
        for first, second in zip(one, other, strict=True)
    )


def positions(batches: FileBatches, found: list[Batch]) -> list[int]:
    """Which decoded cases unaugmented batches consist of."""
    images = batches._decoded.images
    return [
        next(place for place in range(len(images)) if np.array_equal(images[place], image.numpy()))
        for batch in found
        for image in batch.images
    ]


class TestAddress:
    @pytest.mark.parametrize("augment", ["none", "bertels2019"])
    def test_the_same_address_is_the_same_batch(self, pictures: Path, augment: str) -> None:
        one, other = (batches_on(pictures, augment=augment, **TWO) for _ in range(2))
        epoch(one, 1)  # what was asked for before does not matter
        assert same(epoch(one, 2), epoch(other, 2))

    @pytest.mark.parametrize("augment", ["none", "bertels2019"])
    def test_another_epoch_or_phase_or_seed_is_another(self, pictures: Path, augment: str) -> None:
        batches = batches_on(pictures, augment=augment, **TWO)
        reference = epoch(batches, 1)
        assert not same(reference, epoch(batches, 2))
        assert not same(reference, epoch(batches, 1, "warm start"))
        assert not same(reference, epoch(batches_on(pictures, augment=augment, seeds=1, **TWO), 1))

    def test_it_is_the_same_for_all_losses_and_rates(self, pictures: Path) -> None:
        reference = epoch(batches_on(pictures, augment="bertels2019"))
        for grid in ({"loss": "lovasz"}, {"loss": "ce", "lr": 0.5, "epochs": 7}):
            assert same(reference, epoch(batches_on(pictures, augment="bertels2019", grid=grid)))

    def test_the_global_generator_plays_no_part(self, pictures: Path) -> None:
        batches = batches_on(pictures, augment="bertels2019")
        torch.manual_seed(1)
        one, state = epoch(batches), torch.get_rng_state()
        torch.manual_seed(2)
        assert same(one, epoch(batches))
        torch.manual_seed(1)
        assert torch.equal(torch.get_rng_state(), state)


class TestEpoch:
    def test_every_training_case_at_most_once_and_none_of_the_others(self, pictures: Path) -> None:
        trial = trial_on(pictures, **TWO)
        batches = batches_on(pictures, **TWO)
        assert isinstance(batches, FileBatches)
        names = [batches._decoded.cases[place].id for place in positions(batches, epoch(batches))]
        assert len(set(names)) == len(names) == len(trial.split.train) // 2 * 2
        assert set(names) <= set(trial.split.train)

    def test_the_last_incomplete_batch_is_left_out(self, pictures: Path) -> None:
        trained = len(trial_on(pictures).split.train)
        sizes = [len(batch.images) for batch in epoch(batches_on(pictures, train={"batch_size": 3}))]
        assert sizes == [3] * (trained // 3)

    def test_a_batch_larger_than_the_fold_is_the_fold(self, pictures: Path) -> None:
        found = epoch(batches_on(pictures, train={"batch_size": 64}))
        assert [len(batch.images) for batch in found] == [len(trial_on(pictures).split.train)]

    def test_the_cases_that_choose_the_checkpoint_are_not_changed(self, pictures: Path) -> None:
        trial = trial_on(pictures, augment="bertels2019")
        batches = batches_on(pictures, augment="bertels2019")
        assert isinstance(batches, FileBatches)
        found = [batches._decoded.cases[place].id for place in positions(batches, list(batches.selection()))]
        assert sorted(found) == list(trial.split.inner)

    def test_select_fold_chooses_on_the_evaluation_fold(self, pictures: Path) -> None:
        changes = {"split": {"select": "fold"}}
        batches = batches_on(pictures, **changes)
        assert isinstance(batches, FileBatches)
        found = [batches._decoded.cases[place].id for place in positions(batches, list(batches.selection()))]
        assert sorted(found) == list(trial_on(pictures, **changes).split.val)

    def test_the_order_of_the_cases_that_choose_the_checkpoint_is_not_that_of_their_names(self, tmp_path: Path) -> None:
        """A class in the names would fill whole batches, and Φ over the batch would judge what it never trains on."""
        folder = write_pictures(tmp_path / "many", 60)
        changes = {"split": {"select": "fold"}, **TWO}
        batches, again = (batches_on(folder, **changes) for _ in range(2))
        assert isinstance(batches, FileBatches)
        found = [batches._decoded.cases[place].id for place in positions(batches, list(batches.selection()))]
        assert sorted(found) == list(trial_on(folder, **changes).split.val)
        half = len(found) // 2
        # by name all of the smaller names would come first; shuffled, about half of them
        assert 0.25 * half < sum(name < sorted(found)[half] for name in found[:half]) < 0.75 * half
        assert same(list(batches.selection()), list(again.selection()))


class TestTargets:
    def test_one_hot_channels_sum_to_one_after_augmentation(self, tmp_path: Path) -> None:
        folder = write_decathlon(tmp_path / "msd", 6)
        for batch in epoch(batches_on(folder, "msd", augment="bertels2019", dataset={"size": [8, 8, 8]})):
            assert batch.targets.shape == (2, 3, 8, 8, 8)
            assert set(batch.targets.unique().tolist()) == {0.0, 1.0}
            assert torch.equal(batch.targets.sum(dim=1), torch.ones(2, 8, 8, 8))

    def test_binary_tasks_have_the_foreground_alone(self, pictures: Path) -> None:
        for batch in epoch(batches_on(pictures, augment="bertels2019")):
            assert batch.targets.shape == (2, 1, 16, 16)
            assert set(batch.targets.unique().tolist()) == {0.0, 1.0}

    def test_encode_by_hand(self) -> None:
        values = torch.tensor([[[[0.0, 2.0, 1.0]]]])
        assert encode(values, 3)[0, :, 0].tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
        assert encode((values > 0).float(), 2)[0, :, 0].tolist() == [[0, 1, 1]]

    def test_smoothing_mixes_in_the_uniform_distribution(self, pictures: Path) -> None:
        hard, soft = (epoch(batches_on(pictures, labels=labels)) for labels in ("full", {"smooth": 0.2}))
        for one, other in zip(hard, soft, strict=True):
            torch.testing.assert_close(other.targets, one.targets * 0.8 + 0.1)

    def test_voxels_to_ignore(self, tmp_path: Path) -> None:
        folder = write_pictures(tmp_path / "pictures", 10)
        for mask in (folder / "masks").iterdir():
            values = np.array(Image.open(mask)) // 255
            values[0] = 7
            write_picture(mask, values.astype(np.uint8))
        for batch in epoch(batches_on(folder, dataset={"ignore": 7})):
            assert batch.ignore is not None
            assert batch.ignore[:, :, 0].all()
            assert not batch.ignore[:, :, 1:].any()
            assert not batch.targets[:, :, 0].any()


class TestRaters:
    @pytest.fixture
    def raters(self, tmp_path: Path) -> Path:
        """Three raters who agree on the top three rows; one alone adds the fourth, two the fifth."""
        folder = write_pictures(tmp_path / "pictures", 10)
        for number in range(10):
            for name, rows in {"ann": 3, "bob": 5, "cas": 5}.items():
                mask = np.zeros((16, 16), dtype=np.uint8)
                mask[:rows] = 255
                write_picture(folder / "raters" / f"case-{number:02d}__{name}.png", mask)
        return folder

    def rows(self, folder: Path, policy: str, number: int = 1) -> torch.Tensor:
        batches = epoch(batches_on(folder, labels={"raters": policy}), number)
        return torch.cat([batch.targets for batch in batches])[:, 0, :6, 0]

    def test_mean(self, raters: Path) -> None:
        torch.testing.assert_close(self.rows(raters, "mean")[0], torch.tensor([1, 1, 1, 2 / 3, 2 / 3, 0]))

    def test_majority(self, raters: Path) -> None:
        assert self.rows(raters, "majority")[0].tolist() == [1, 1, 1, 1, 1, 0]

    def test_a_random_rater_is_one_of_them_and_another_in_another_epoch(self, raters: Path) -> None:
        drawn = [self.rows(raters, "random", number) for number in range(1, 6)]
        seen = {tuple(row.tolist()) for rows in drawn for row in rows}
        assert seen == {(1, 1, 1, 0, 0, 0), (1, 1, 1, 1, 1, 0)}
        assert torch.equal(drawn[0], self.rows(raters, "random", 1))

    def test_statistics_are_those_of_what_is_trained_on(self, raters: Path) -> None:
        volumes = {
            policy: batches_on(raters, labels={"raters": policy}).statistics.mean_volume[1]
            for policy in ("mean", "majority", "random")
        }
        assert volumes == pytest.approx({"mean": 16 * 13 / 3, "majority": 80, "random": 16 * 13 / 3})


class TestStatistics:
    def test_by_hand(self, tmp_path: Path) -> None:
        """Four training cases of 4 × 4 pixels with 4, 8, 0 and 0 foreground pixels."""
        pixels = [4, 8, 0, 0]
        folder = tmp_path / "pictures"
        for number in range(8):
            mask = np.zeros(16, dtype=np.uint8)
            write_picture(folder / "images" / f"{number}.png", mask.reshape(4, 4))
            write_picture(folder / "masks" / f"{number}.png", mask.reshape(4, 4))
        chosen = {"split": {"select": "fold"}}
        for name, count in zip(trial_on(folder, **chosen).split.train, pixels, strict=True):
            mask = np.zeros(16, dtype=np.uint8)
            mask[:count] = 1
            write_picture(folder / "masks" / f"{name}.png", mask.reshape(4, 4))
        found = batches_on(folder, **chosen).statistics
        assert found.prior == pytest.approx((52 / 64, 12 / 64))
        assert found.mean_volume == pytest.approx((13, 3))
        assert found.mean_present_volume == pytest.approx((13, 6))

    def test_a_label_that_no_training_case_has(self, tmp_path: Path) -> None:
        folder = write_decathlon(tmp_path / "msd", 6)
        statistics = batches_on(folder, "msd", dataset={"classes": ["anterior", "posterior", "never"]}).statistics
        assert (statistics.prior[3], statistics.mean_volume[3], statistics.mean_present_volume[3]) == (0, 0, 0)
        assert sum(statistics.prior) == pytest.approx(1)


class TestEvaluation:
    def test_every_case_once_with_its_split_and_native_label(self, pictures: Path) -> None:
        trial = trial_on(pictures, dataset={"resize": [8, 8]})
        found = batches_on(pictures, dataset={"resize": [8, 8]}).evaluation()
        for split in ("train", "inner", "val"):
            assert sorted(case.id for case in found if case.split == split) == list(getattr(trial.split, split))
        for case in found:
            mask = np.array(Image.open(pictures / "masks" / f"{case.id}.png")) // 255
            np.testing.assert_array_equal(case.truth, mask)
            assert case.image.shape == (3, 8, 8)
