import numpy as np
import oracles
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from segsweep.metrics.calibration import ECE_BINS, counts_at_thresholds, expected_calibration_error
from segsweep.records.schemas import THRESHOLDS

ROUNDING = 1e-9
BETWEEN_EDGES = arrays(np.float32, (3, 7), elements=st.integers(0, 999).map(lambda part: (part + 0.5) / 1000))
"""Of bins: which side 0.7 falls on depends on the precision that it is written in."""
PROBABILITIES = arrays(np.float32, (3, 7), elements=st.floats(0, 1, width=32))
MASKS = arrays(np.bool_, (3, 7))


class TestEce:
    @given(BETWEEN_EDGES, MASKS)
    def test_against_a_loop(self, probability: NDArray[np.float32], true: NDArray[np.bool_]) -> None:
        expected = oracles.calibration_error(probability.ravel().tolist(), true.ravel().tolist(), ECE_BINS)
        assert expected_calibration_error(probability, true) == pytest.approx(expected, abs=1e-7)

    @given(PROBABILITIES, MASKS)
    def test_it_bounds_the_volume_bias(self, probability: NDArray[np.float32], true: NDArray[np.bool_]) -> None:
        bias = probability.mean(dtype=np.float64) - true.mean()
        assert abs(bias) <= expected_calibration_error(probability, true) + ROUNDING

    def test_a_certain_and_right_prediction_has_none(self) -> None:
        true = np.array([True, False, True])
        assert expected_calibration_error(true.astype(np.float32), true) == 0

    def test_by_hand(self) -> None:
        """Four voxels at .25 of which two are true, one at .95 that is not: (4·|.25 − .5| + |.95 − 0|)/5."""
        probability = np.array([0.25, 0.25, 0.25, 0.25, 0.95], dtype=np.float32)
        true = np.array([True, True, False, False, False])
        assert expected_calibration_error(probability, true) == pytest.approx((4 * 0.25 + 0.95) / 5, rel=1e-6)

    def test_against_shares_of_raters(self) -> None:
        probability = np.array([0.5, 0.5], dtype=np.float32)
        assert expected_calibration_error(probability, np.array([0.25, 0.75])) == 0


class TestCountsAtThresholds:
    LEVELS = np.array(THRESHOLDS)

    @given(PROBABILITIES, MASKS)
    def test_against_a_loop(self, probability: NDArray[np.float32], true: NDArray[np.bool_]) -> None:
        predicted_at, true_positive_at = counts_at_thresholds(probability, true, self.LEVELS)
        for level, predicted, both in zip(THRESHOLDS, predicted_at, true_positive_at, strict=True):
            chosen = probability.astype(np.float64) >= level
            assert (predicted, both) == (chosen.sum(), (chosen & true).sum())

    def test_next_to_every_threshold(self) -> None:
        """The float32 below a threshold, the nearest to it, the one above; and what rounding may leave above 1."""
        nearest = self.LEVELS.astype(np.float32)
        probability = np.concatenate([np.nextafter(nearest, np.float32(end)) for end in (-1, 2)] + [nearest])
        probability = np.append(probability[probability >= 0], np.nextafter(np.float32(1), np.float32(2)))
        true = np.arange(len(probability)) % 3 == 0
        predicted_at, true_positive_at = counts_at_thresholds(probability, true, self.LEVELS)
        for level, predicted, both in zip(THRESHOLDS, predicted_at, true_positive_at, strict=True):
            chosen = probability.astype(np.float64) >= level
            assert (predicted, both) == (chosen.sum(), (chosen & true).sum())

    @given(PROBABILITIES, MASKS)
    def test_at_one_half_it_is_the_hard_volume(self, probability: NDArray[np.float32], true: NDArray[np.bool_]) -> None:
        predicted_at, _ = counts_at_thresholds(probability, true, self.LEVELS)
        assert THRESHOLDS[50] == 0.5
        assert predicted_at[50] == (probability >= 0.5).sum()

    def test_at_0_everything_is_predicted_and_at_1_only_certainty(self) -> None:
        probability, true = np.array([0, 0.999, 1], dtype=np.float32), np.array([True, True, False])
        predicted_at, true_positive_at = counts_at_thresholds(probability, true, self.LEVELS)
        assert (predicted_at[0], predicted_at[100], true_positive_at[0], true_positive_at[100]) == (3, 1, 2, 0)
