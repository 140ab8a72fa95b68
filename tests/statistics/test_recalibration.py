import numpy as np
import pytest

from segsweep.errors import InputError
from segsweep.statistics.recalibration import Regressor, VolumeCalibration, fit_calibration


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("regressor", list(Regressor))
def test_a_linear_error_is_removed_from_new_cases(regressor):
    true = rng().gamma(3, 10, size=40)
    line = fit_calibration(3 + 1.2 * true[:30], true[:30], regressor)
    assert line.correct(3 + 1.2 * true[30:]) == pytest.approx(true[30:], rel=1e-9)


def test_the_two_readings_differ_once_there_is_noise():
    true = rng().normal(50, 10, size=5000)
    predicted = 0.8 * true + 15 + rng(1).normal(0, 6, size=5000)
    by_prediction, by_truth = (fit_calibration(predicted, true, one) for one in Regressor)
    assert by_truth.slope == pytest.approx(-0.2, abs=0.04)
    # 1 − cov(P, V)/var(P) = 1 − 80/100
    assert by_prediction.slope == pytest.approx(0.2, abs=0.04)
    # Both are unbiased on the training cases; the first is uncorrelated with the report, the second with the truth.
    for line in (by_prediction, by_truth):
        assert (line.correct(predicted) - true).mean() == pytest.approx(0, abs=1e-9)
    assert np.corrcoef(by_prediction.correct(predicted) - true, predicted)[0, 1] == pytest.approx(0, abs=1e-9)
    assert np.corrcoef(by_truth.correct(predicted) - true, true)[0, 1] == pytest.approx(0, abs=1e-9)
    assert (by_truth.correct(predicted) - true).std() > (by_prediction.correct(predicted) - true).std()


def test_fit_equals_numpys_polynomial():
    true, predicted = rng().gamma(3, 10, size=20), rng(1).gamma(3, 10, size=20)
    predicted[3] = np.nan
    kept = np.arange(20) != 3
    found = fit_calibration(predicted, true, Regressor.TRUE)
    slope, intercept = np.polyfit(true[kept], (predicted - true)[kept], 1)
    assert (found.slope, found.intercept) == pytest.approx((slope, intercept))


def test_predictions_that_fall_with_the_truth_cannot_be_inverted():
    with pytest.raises(InputError, match="do not rise with the true ones"):
        VolumeCalibration(Regressor.TRUE, 10.0, -1.0).correct(np.ones(2))
    assert VolumeCalibration(Regressor.PREDICTED, 0.0, -1.0).correct(np.ones(2)) == pytest.approx([2.0, 2.0])


def test_a_line_needs_two_volumes():
    with pytest.raises(InputError, match="1 training cases"):
        fit_calibration(np.array([1.0, np.nan]), np.ones(2), Regressor.TRUE)
    with pytest.raises(InputError, match="not all of one volume"):
        fit_calibration(np.arange(3.0), np.ones(3), Regressor.TRUE)
