import numpy as np
import pytest
import torch
from grids import plan_of, tiny_sweep
from numpy.typing import NDArray
from scipy.ndimage import label as components

from segsweep.data.phantom import PhantomBatches, draw_phantoms
from segsweep.spec.phantom_dataset import PhantomDataset

DRAWS = 400
BOUND = 5.0
"""Standard errors; beyond them lies one run in a million."""


def settings(**changes: object) -> PhantomDataset:
    return PhantomDataset.model_validate({"name": "a", "p": 0.3, "k": 16, "r": 1, "noise": 0, **changes})


def drawn(block: PhantomDataset, count: int = DRAWS, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    found = draw_phantoms(block, count, rng=np.random.default_rng(seed))
    return found.images[:, 0], found.labels


def batches(labels: object = "full", **phantom: object) -> PhantomBatches:
    block = {"phantom": {"p": 0.3, "k": 4, "r": 1, "size": 16, "steps": 2, "validation": 5, "evaluation": 6, **phantom}}
    trial = plan_of(tiny_sweep(datasets=block, labels=labels)).trials[0]
    assert isinstance(trial.dataset, PhantomDataset)
    return PhantomBatches(trial.dataset, trial, torch.device("cpu"))


class TestDraw:
    @pytest.mark.parametrize("r", [0.5, 1, 2])
    def test_the_ratio_of_the_areas_is_exact(self, r: float) -> None:
        images, _ = drawn(settings(r=r), 20)
        assert ((images == 1).sum(axis=(1, 2)) == r * (images == 2).sum(axis=(1, 2))).all()

    def test_the_uncertain_volume_is_what_the_settings_say(self) -> None:
        images, _ = drawn(settings(), 20)
        assert ((images == 1).sum(axis=(1, 2)) == settings().uncertain_volume).all()

    def test_the_core_is_always_labelled_and_the_background_never(self) -> None:
        images, labels = drawn(settings())
        assert (labels[images == 2] == 1).all()
        assert (labels[images == 0] == 0).all()

    @pytest.mark.parametrize("p", [0.3, 0.48, 0.9])
    @pytest.mark.parametrize("k", [1, 16])
    def test_blocks_are_labelled_with_probability_p(self, p: float, k: int) -> None:
        images, labels = drawn(settings(p=p, k=k))
        error = np.sqrt(p * (1 - p) / (k * DRAWS))
        assert abs(labels[images == 1].mean() - p) < BOUND * error

    def test_the_expected_label_is_the_mean_of_endlessly_many_raters(self) -> None:
        found = draw_phantoms(settings(), 20, rng=np.random.default_rng(0))
        share = np.select([found.images[:, 0] == 2, found.images[:, 0] == 1], [1.0, 0.3], 0.0)
        np.testing.assert_array_equal(found.expected, share.astype(np.float32))

    @pytest.mark.parametrize(("p", "expected"), [(0.0, 0), (1.0, 1)])
    def test_certain_blocks(self, p: float, expected: int) -> None:
        images, labels = drawn(settings(p=p), 10)
        assert (labels[images == 1] == expected).all()

    @pytest.mark.parametrize("k", [1, 2, 4, 8, 16, 32])
    def test_k_blocks_are_labelled_as_a_whole_and_independently(self, k: int) -> None:
        """The labelled share is binomial: over draws it has the variance p(1 − p)/K."""
        images, labels = drawn(settings(k=k, p=0.5))
        share = np.array([label[image == 1].mean() for image, label in zip(images, labels, strict=True)])
        np.testing.assert_allclose(share * k, np.round(share * k))
        relative_error = np.sqrt(2 / DRAWS) if k > 1 else 0.01
        assert share.var() == pytest.approx(0.25 / k, rel=BOUND * relative_error)

    def test_a_block_is_in_one_piece(self) -> None:
        images, labels = drawn(settings(k=1, p=0.5), 20)
        for image, label in zip(images, labels, strict=True):
            pieces, count = components((label == 1) & (image == 1))
            assert count in (0, 1)
            assert (pieces > 0).sum() in (0, settings(k=1).uncertain_volume)

    def test_the_image_does_not_tell_which_blocks_are_labelled(self) -> None:
        images, labels = drawn(settings(p=0.5, noise=0.5))
        uncertain = drawn(settings(p=0.5))[0] == 1  # the same draws without noise
        labelled, unlabelled = (images[uncertain & (labels == value)] for value in (1, 0))
        error = 0.5 * np.sqrt(1 / labelled.size + 1 / unlabelled.size)
        assert abs(labelled.mean() - unlabelled.mean()) < BOUND * error

    def test_bands_lie_anywhere_and_in_four_directions(self) -> None:
        images, _ = drawn(settings())
        assert (images.max(axis=0) > 0).all()
        tall = [(image.max(axis=1) > 0).sum() > (image.max(axis=0) > 0).sum() for image in images]
        assert abs(np.mean(tall) - 0.5) < BOUND * 0.5 / np.sqrt(DRAWS)

    def test_noise_has_the_standard_deviation_asked_for(self) -> None:
        images, _ = drawn(settings(noise=0.25), 50)
        clean, _ = drawn(settings(noise=0), 50)
        assert (images - clean).std() == pytest.approx(0.25, rel=0.02)

    def test_small_grids(self) -> None:
        images, labels = drawn(settings(size=8, k=1), 5)
        assert images.shape == labels.shape == (5, 8, 8)


class TestStream:
    def test_the_same_address_is_the_same_batch(self) -> None:
        one, other = (list(batches().epoch("loss", 3)) for _ in range(2))
        assert len(one) == 2
        for batch, again in zip(one, other, strict=True):
            assert torch.equal(batch.images, again.images)
            assert torch.equal(batch.targets, again.targets)

    def test_no_phantom_is_seen_twice(self) -> None:
        stream = batches()
        addresses = [("loss", 1), ("loss", 2), ("warm start", 1), ("warm start", 2)]
        seen = [image for address in addresses for batch in stream.epoch(*address) for image in batch.images]
        seen += [image for batch in stream.selection() for image in batch.images]
        seen += [torch.from_numpy(case.image) for case in stream.evaluation()]
        assert len(seen) == 4 * 2 * 2 + 5 + 6
        assert len({image.numpy().tobytes() for image in seen}) == len(seen)

    def test_validation_and_evaluation_are_fixed(self) -> None:
        stream = batches()
        assert [len(batch.images) for batch in stream.selection()] == [2, 2, 1]
        for batch, again in zip(stream.selection(), batches().selection(), strict=True):
            assert torch.equal(batch.images, again.images)
        for case, again in zip(stream.evaluation(), batches().evaluation(), strict=True):
            assert case.id == again.id
            np.testing.assert_array_equal(case.image, again.image)

    def test_more_evaluation_cases_change_no_training_batch(self) -> None:
        one, other = (next(batches(evaluation=count).epoch("loss", 1)) for count in (6, 60))
        assert torch.equal(one.images, other.images)

    def test_evaluation_cases_are_judged_on_their_own_grid_in_pixels(self) -> None:
        case = batches().evaluation()[0]
        assert (case.geometry.unit, case.geometry.native, case.split) == ("px", (16, 16), "val")
        assert case.truth.shape == (16, 16)

    def test_statistics_are_the_expectation_over_the_stream(self) -> None:
        block = settings(size=16, k=4)
        layout, found = block.layout(), batches().statistics
        foreground = 8 * (layout.core + 0.3 * layout.uncertain)
        assert found.mean_volume == pytest.approx((256 - foreground, foreground))
        assert found.prior == pytest.approx((1 - foreground / 256, foreground / 256))
        _, labels = drawn(block, 2000)
        error = 8 * layout.uncertain * np.sqrt(0.3 * 0.7 / 4 / 2000)
        assert abs(labels.sum(axis=(1, 2)).mean() - foreground) < BOUND * error


def test_the_mean_of_raters_is_trained_on_and_the_drawn_label_judged_by() -> None:
    soft, hard = batches({"raters": "mean"}), batches()
    for one, other in zip(soft.epoch("loss", 1), hard.epoch("loss", 1), strict=True):
        assert torch.equal(one.images, other.images)
        assert one.targets.unique().tolist() == pytest.approx([0, 0.3, 1])
        assert other.targets.unique().tolist() == [0, 1]
    for case, same in zip(soft.evaluation(), hard.evaluation(), strict=True):
        np.testing.assert_array_equal(case.truth, same.truth)
        assert set(np.unique(case.truth)) <= {0, 1}
