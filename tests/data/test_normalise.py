import numpy as np
import pytest
from numpy.typing import NDArray

from segsweep.data.normalise import normalise
from segsweep.spec.preprocess import Normalise

ROUNDING = 1e-5
"""Of float32 intensities of order 1."""


def image(*channels: list[float]) -> NDArray[np.float32]:
    return np.array(channels, dtype=np.float32)


def by(method: str, *bounds: float) -> Normalise:
    return Normalise(method=method, bounds=bounds or None)  # type: ignore[arg-type]


def test_none_changes_nothing() -> None:
    np.testing.assert_array_equal(normalise(image([1, 2, 3]), by("none")), image([1, 2, 3]))


def test_zscore_of_each_channel_by_itself() -> None:
    found = normalise(image([1, 3], [100, 500]), by("zscore"))
    np.testing.assert_allclose(found, image([-1, 1], [-1, 1]), rtol=ROUNDING)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6 / 3])
def test_a_channel_without_contrast_is_0(value: float) -> None:
    assert not normalise(np.full((1, 33, 5, 3), value, dtype=np.float32), by("zscore")).any()


def test_zscore_of_the_voxels_that_are_not_0() -> None:
    found = normalise(image([0, 0, 2, 6]), by("zscore_nonzero"))
    np.testing.assert_allclose(found, image([0, 0, -1, 1]), rtol=ROUNDING)


def test_zscore_nonzero_of_an_empty_image() -> None:
    assert not normalise(np.zeros((1, 4), dtype=np.float32), by("zscore_nonzero")).any()


def test_a_window_is_clipped_and_scaled_to_the_unit_interval() -> None:
    found = normalise(image([-1000, -60, 40, 140, 3000]), by("window", -60, 140))
    np.testing.assert_allclose(found, image([0, 0, 0.5, 1, 1]), rtol=ROUNDING)


def test_percentiles_clip_outliers_before_the_zscore() -> None:
    values = np.concatenate([np.arange(99), [1e6]]).astype(np.float32)[None]
    found = normalise(values, by("percentile", 0, 98))
    clipped = np.minimum(values, np.quantile(values, 0.98))
    np.testing.assert_allclose(found, (clipped - clipped.mean()) / clipped.std(), atol=ROUNDING)


def test_large_intensities_keep_their_digits() -> None:
    rng = np.random.default_rng(0)
    found = normalise((1e6 + rng.normal(0, 10, (1, 200, 200))).astype(np.float32), by("zscore"))
    assert abs(found.mean(dtype=np.float64)) < ROUNDING
    assert found.std(dtype=np.float64) == pytest.approx(1, rel=ROUNDING)


@pytest.mark.parametrize("how", [by("zscore"), by("zscore_nonzero"), by("window", 0, 1), by("percentile", 1, 99)])
def test_the_result_is_float32(how: Normalise) -> None:
    assert normalise(image([0, 1, 2]), how).dtype == np.float32
