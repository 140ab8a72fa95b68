import numpy as np
import oracles
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from monai.metrics import DiceMetric, MeanIoU
from numpy.typing import NDArray

from segsweep.metrics.overlap import overlap

MASKS = st.tuples(*[arrays(np.bool_, (3, 4, 2))] * 2)


@given(MASKS)
def test_counts_against_a_loop(masks: tuple[NDArray[np.bool_], NDArray[np.bool_]]) -> None:
    predicted, true = masks
    found = overlap(predicted, true)
    assert (found.tp, found.fp, found.fn) == oracles.counts(predicted, true)


@given(MASKS)
def test_swapping_the_masks_swaps_the_errors_and_keeps_the_similarities(
    masks: tuple[NDArray[np.bool_], NDArray[np.bool_]],
) -> None:
    one, other = overlap(*masks), overlap(*masks[::-1])
    assert (one.fp, one.fn, one.dice, one.jaccard) == (other.fn, other.fp, other.dice, other.jaccard)


@given(MASKS)
def test_dice_and_jaccard_order_alike(masks: tuple[NDArray[np.bool_], NDArray[np.bool_]]) -> None:
    found = overlap(*masks)
    if found.dice is not None and found.jaccard is not None:
        assert found.dice == pytest.approx(2 * found.jaccard / (1 + found.jaccard))


@pytest.mark.parametrize("seed", range(3))
def test_against_monai(seed: int) -> None:
    predicted, true = np.random.default_rng(seed).random((2, 9, 8)) < 0.4
    found = overlap(predicted, true)
    tensors = [torch.from_numpy(mask)[None, None].float() for mask in (predicted, true)]
    assert found.dice == pytest.approx(float(DiceMetric()(*tensors)))
    assert found.jaccard == pytest.approx(float(MeanIoU()(*tensors)))


class TestEmptyMasks:
    EMPTY, FULL = np.zeros((2, 2), np.bool_), np.ones((2, 2), np.bool_)

    def test_both(self) -> None:
        found = overlap(self.EMPTY, self.EMPTY)
        assert (found.dice, found.jaccard) == (None, None)

    def test_one(self) -> None:
        assert (overlap(self.EMPTY, self.FULL).dice, overlap(self.FULL, self.EMPTY).jaccard) == (0, 0)
