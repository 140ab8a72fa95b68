import numpy as np
import pytest
from sweep_tables import LOSSES, Sweep, case_row, trial_row

from segsweep.reports.estimates import PanelEstimates, estimate
from segsweep.reports.panels import build_panels
from segsweep.reports.results import Results
from segsweep.reports.scores import Estimator
from segsweep.reports.threshold_choice import Choice
from segsweep.reports.volume_bias import section, volume_bias
from segsweep.spec.report_settings import ReportSettings
from segsweep.statistics.recalibration import Regressor

SETTINGS = ReportSettings(resamples=499)
CE = LOSSES[0]


def estimates_of(sweep: Sweep) -> PanelEstimates:
    (panel,) = build_panels(Results(*sweep.tables()))
    return estimate(panel, SETTINGS)


def with_volumes(true: list[float], soft: list[float], hard: list[float], **values: object) -> list[dict]:
    trial = trial_row("a", CE)
    return [
        case_row(trial, f"{index:02d}", volume_true=t, volume_soft=s, volume_hard=h, **values)
        for index, (t, s, h) in enumerate(zip(true, soft, hard, strict=True))
    ]


def test_errors_by_hand() -> None:
    cases = with_volumes([1.0, 2.0, 4.0], [2.0, 1.0, 5.0], [1.0, 2.0, 2.0])
    found = volume_bias(estimates_of(Sweep([trial_row("a", CE)], cases)), level=0.95)
    soft, hard = found.errors
    assert (soft.estimator, hard.estimator) == (Estimator.SOFT, Estimator.HARD)
    assert soft.bias.estimate == pytest.approx(1 / 3)
    assert soft.absolute.estimate == pytest.approx(1.0)
    assert soft.relative.estimate == pytest.approx((1.0 - 0.5 + 0.25) / 3)
    assert soft.absolute_relative.estimate == pytest.approx((1.0 + 0.5 + 0.25) / 3)
    assert hard.bias.estimate == pytest.approx(-2 / 3)


def test_relative_error_leaves_out_cases_without_true_volume() -> None:
    cases = with_volumes([0.0, 2.0, 2.0], [1.0, 3.0, 3.0], [1.0, 3.0, 3.0])
    found = volume_bias(estimates_of(Sweep([trial_row("a", CE)], cases)), level=0.95)
    assert found.errors[0].relative.n == 2
    assert found.errors[0].relative.estimate == pytest.approx(0.5)
    assert found.errors[0].bias.n == 3


def test_limits_of_agreement_by_hand() -> None:
    """Errors −1, 0, 1: mean 0, standard deviation 1, limits ±1.96."""
    cases = with_volumes([2.0, 3.0, 5.0], [1.0, 3.0, 6.0], [1.0, 3.0, 6.0])
    found = volume_bias(estimates_of(Sweep([trial_row("a", CE)], cases)), level=0.95)
    limits = found.agreement[0].agreement
    assert limits is not None
    assert limits.lower.estimate == pytest.approx(-1.959964)
    assert limits.upper.estimate == pytest.approx(1.959964)


def test_slopes_of_a_prediction_that_is_one_and_a_half_times_the_truth() -> None:
    true = [1.0, 2.0, 3.0, 4.0, 6.0]
    cases = with_volumes(true, [1.5 * value for value in true], true)
    found = volume_bias(estimates_of(Sweep([trial_row("a", CE)], cases)), level=0.95)
    slopes = found.agreement[0].slopes
    assert slopes is not None
    assert slopes.against_truth.estimate == pytest.approx(0.5)
    assert slopes.against_mean.estimate == pytest.approx(0.4)


@pytest.mark.parametrize("regressor", list(Regressor))
def test_a_linear_error_of_the_training_cases_is_removed_fold_by_fold(regressor: Regressor) -> None:
    """Each fold has a line of its own; corrected with the other fold's line, the error would stay."""
    sweep = Sweep()
    for fold, (slope, intercept) in enumerate([(0.5, 1.0), (-0.25, 2.0)]):
        trial = trial_row(str(fold), CE, fold=fold)
        sweep.trials.append(trial)
        for split, volumes in (("train", [1.0, 2.0, 5.0, 9.0]), ("val", [3.0, 4.0, 8.0])):
            for index, true in enumerate(volumes):
                predicted = true + intercept + slope * true
                sweep.cases.append(
                    case_row(
                        trial, f"{split} {fold} {index}", split=split,
                        volume_true=true, volume_soft=predicted, volume_hard=predicted,
                    )
                )  # fmt: skip
    found = volume_bias(estimates_of(sweep), level=0.95)
    soft = found.recalibrated[0]
    assert soft.before.estimate == pytest.approx(np.mean([2.5, 3.0, 5.0, 1.25, 1.0, 0.0]))
    assert soft.after[regressor].estimate == pytest.approx(0.0, abs=1e-12)


def test_without_training_cases_nothing_is_recalibrated_and_no_threshold_chosen() -> None:
    cases = with_volumes([1.0, 2.0, 4.0], [2.0, 1.0, 5.0], [1.0, 2.0, 2.0])
    found = volume_bias(estimates_of(Sweep([trial_row("a", CE)], cases)), level=0.95)
    assert found.recalibrated == ()
    assert found.thresholds == ()


def test_the_bound_by_calibration_error_uses_the_volume_of_the_image() -> None:
    """True volume 1 ml in an image of 20 ml, ECE .1: |ΔV| ≤ 2 ml."""
    cases = with_volumes([1.0] * 3, [1.5] * 3, [1.0] * 3, ece=0.1, foreground_fraction=0.05)
    found = volume_bias(estimates_of(Sweep([trial_row("a", CE)], cases)), level=0.95)
    assert found.calibration[0].bound.estimate == pytest.approx(2.0)
    assert found.calibration[0].error.estimate == pytest.approx(0.5)


def test_thresholds_are_chosen_on_training_and_judged_on_validation_cases() -> None:
    """Training: perfect at .30 and above nothing at .60; validation follows its own counts."""
    trial = trial_row("a", CE)
    at = np.arange(101)
    training_predicted = np.where(at <= 30, 100, 40)
    training_overlap = np.where(at <= 30, 100, 40)
    validation_predicted = np.where(at <= 30, 150, 90)
    validation_overlap = np.where(at <= 30, 100, 80)
    counts = {"tp": 80, "fp": 10, "fn": 20, "volume_true": 0.1, "volume_hard": 0.09}
    cases = [
        case_row(
            trial, f"t{index}", split="train", predicted_at=training_predicted.tolist(),
            true_positive_at=training_overlap.tolist(), **counts,
        )
        for index in range(3)
    ] + [
        case_row(
            trial, f"v{index}", predicted_at=validation_predicted.tolist(),
            true_positive_at=validation_overlap.tolist(), **counts,
        )
        for index in range(3)
    ]  # fmt: skip
    found = {row.choice: row for row in volume_bias(estimates_of(Sweep([trial], cases)), level=0.95).thresholds}
    assert found[Choice.BEST].threshold == pytest.approx(0.30)
    assert found[Choice.BEST].dice.estimate == pytest.approx(200 / 250)
    assert found[Choice.BEST].error.estimate == pytest.approx(0.05)
    assert found[Choice.HALF].threshold == pytest.approx(0.50)
    assert found[Choice.FIXED].dice.estimate == pytest.approx(160 / 190)
    assert found[Choice.FIXED].error.estimate == pytest.approx(-0.01)


def test_the_section_names_its_unit_and_is_never_without_the_slope_warning() -> None:
    cases = with_volumes([1.0, 2.0, 4.0], [2.0, 1.0, 5.0], [1.0, 2.0, 2.0], unit="mm2")
    found = section(volume_bias(estimates_of(Sweep([trial_row("a", CE)], cases)), level=0.95), slug="x", level=0.95)
    tables = list(found.tables())
    assert "mean ΔV, mm²" in [column.title for column in tables[0].columns]
    assert "regression to the mean" in tables[1].note
