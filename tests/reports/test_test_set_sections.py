"""A test set in a report: each case once, whatever the number of models that judged it, and apart from the folds."""

from itertools import product

import numpy as np
import pytest
from sweep_tables import LOSSES, Sweep, case_row, hippocampus, noisy_case, trial_row

from segsweep.reports.layout import inference_level
from segsweep.reports.report import PanelReport, Report, build_report
from segsweep.reports.scores import Estimator
from segsweep.reports.table1 import METRICS
from segsweep.reports.writing import to_answer, to_markdown
from segsweep.spec.report_settings import ReportSettings
from segsweep.statistics.recalibration import Regressor

FAST = ReportSettings(resamples=999)
CE, DICE = LOSSES[0], LOSSES[2]
FOLDS, TEST_CASES = 3, 25


def with_test_set(*, seeds: int = 1, lost: frozenset[str] = frozenset()) -> Sweep:
    """Two settings on three folds of one label, and a test set that every trial but the lost ones judges."""
    rng = np.random.default_rng(5)
    sweep = hippocampus(folds=FOLDS, per_fold=8, seeds=seeds, effects=(CE, DICE))
    sweep.cases = [row for row in sweep.cases if row["label"] == "anterior"]
    effects = {effect.setting: effect for effect in (CE, DICE)}
    for trial, number in product(sweep.trials, range(TEST_CASES)):
        if trial["trial"] not in lost:
            row = noisy_case(trial, effects[trial["setting"]], f"held {number}", "anterior", scale=1.6, rng=rng)
            sweep.cases.append(row | {"split": "test"})
    return sweep


def report_of(sweep: Sweep) -> Report:
    return build_report(*sweep.tables(), FAST, name="x")


def held_out(report: Report) -> PanelReport:
    (found,) = (item for item in report.panels if item.panel.key.split == "test")
    return found


def by_hand(sweep: Sweep, setting: str, column: str, folds: tuple[int, ...] = tuple(range(FOLDS))) -> dict[str, float]:
    """Test case to the mean over a setting's models of some folds."""
    models = {trial["trial"] for trial in sweep.trials if trial["setting"] == setting and trial["fold"] in folds}
    rows = [row for row in sweep.cases if row["split"] == "test" and row["trial"] in models]
    return {
        case: float(np.mean([row[column] for row in rows if row["case"] == case]))
        for case in sorted({row["case"] for row in rows})
    }


def test_a_case_counts_once_with_the_mean_over_its_models() -> None:
    sweep = with_test_set(seeds=2)
    found = held_out(report_of(sweep))
    for place, effect in enumerate((CE, DICE)):
        dice = by_hand(sweep, effect.setting, "dice")
        hard, true = (by_hand(sweep, effect.setting, name) for name in ("volume_hard", "volume_true"))
        assert found.estimates.dice[place].n == len(dice) == TEST_CASES
        assert found.estimates.dice[place].estimate == pytest.approx(np.mean(list(dice.values())))
        error = np.mean([hard[case] - true[case] for case in hard])
        assert found.estimates.errors[Estimator.HARD][place].estimate == pytest.approx(error)


def test_intervals_are_those_of_one_model_that_scores_the_means() -> None:
    """Counted once per model, three times as many cases would make them narrower by √3."""
    sweep, averaged = with_test_set(), Sweep()
    for effect in (CE, DICE):
        trial = trial_row(effect.setting, effect)
        averaged.trials.append(trial)
        for case, dice in by_hand(sweep, effect.setting, "dice").items():
            averaged.cases.append(case_row(trial, case, dice=dice, split="test"))
    found, expected = held_out(report_of(sweep)), held_out(report_of(averaged))
    for one, other in zip(found.estimates.dice, expected.estimates.dice, strict=True):
        assert (one.low, one.high, one.p) == pytest.approx((other.low, other.high, other.p))
    (one,), (other,) = found.models.comparisons, expected.models.comparisons
    assert one.n == other.n == TEST_CASES
    assert (one.difference.low, one.difference.high) == pytest.approx((other.difference.low, other.difference.high))
    assert one.p_corrected == pytest.approx(other.p_corrected)


class TestLevel:
    """Models of several folds differ in their training cases too: they are no trainings again with another seed."""

    def test_folds_are_no_seeds(self) -> None:
        report = report_of(with_test_set())
        found = held_out(report)
        assert found.panel.repeats == ("fold 0, seed 0", "fold 1, seed 0", "fold 2, seed 0")
        assert found.losses is None
        assert found.panel.trainings == 1
        assert inference_level(report).text.startswith("One seed: ")

    def test_three_seeds_are_enough(self) -> None:
        report = report_of(with_test_set(seeds=3))
        found = held_out(report)
        assert found.losses is not None
        assert found.losses.comparisons[0].n == TEST_CASES
        assert inference_level(report).text.startswith("3 trainings of each setting: ")
        narrow, wide = (pairs.comparisons[0].difference for pairs in (found.models, found.losses))
        assert wide.standard_error > narrow.standard_error

    def test_seeds_that_all_settings_share_are_what_counts(self) -> None:
        trials = with_test_set(seeds=3).trials
        lost = {trial["trial"] for trial in trials if trial["setting"] == DICE.setting and trial["seed"] > 0}
        found = held_out(report_of(with_test_set(seeds=3, lost=frozenset(lost))))
        assert (found.panel.seeds, found.panel.trainings, found.losses) == (3, 1, None)


def test_the_folds_stay_the_main_table() -> None:
    sweep = with_test_set()
    report = report_of(sweep)
    assert [item.panel.key.split for item in report.panels] == ["val", "test"]
    assert [(row.metric, row.name, row.cases) for row in report.table1] == [
        (metric, "hippocampus, anterior", 24) for metric in METRICS
    ]
    alone = report_of(Sweep(sweep.trials, [row for row in sweep.cases if row["split"] != "test"]))
    assert report.table1 == alone.table1
    assert report.panels[0].estimates.dice == alone.panels[0].estimates.dice
    assert report.panels[0].models.comparisons == alone.panels[0].models.comparisons


def test_a_test_set_from_elsewhere_is_the_main_table_where_it_is_alone() -> None:
    sweep = with_test_set()
    report = report_of(Sweep(sweep.trials, [row for row in sweep.cases if row["split"] == "test"]))
    assert [row.cases for row in report.table1] == [TEST_CASES] * len(METRICS)


def test_the_page_says_what_was_judged_and_by_what() -> None:
    report = report_of(with_test_set())
    text = to_markdown(report)
    assert "25 test cases, 3 models per setting, 1 seed" in text
    assert (
        "A case counts once, with the mean over its models; settings are compared by the models that all have." in text
    )
    assert "hippocampus, anterior, test set" in to_answer(report)


def test_each_model_is_recalibrated_by_its_own_training_cases() -> None:
    """Corrected with another fold's line, the error would stay."""
    sweep = Sweep()
    for fold, (slope, intercept) in enumerate([(0.5, 1.0), (-0.25, 2.0)]):
        trial = trial_row(str(fold), CE, fold=fold)
        sweep.trials.append(trial)
        for split, volumes in (("train", [1.0, 2.0, 5.0, 9.0]), ("val", [3.0]), ("test", [3.0, 4.0, 8.0])):
            for index, true in enumerate(volumes):
                predicted = true + intercept + slope * true
                named = f"test {index}" if split == "test" else f"{split} {fold} {index}"
                volume = {"volume_true": true, "volume_soft": predicted, "volume_hard": predicted}
                sweep.cases.append(case_row(trial, named, split=split, **volume))
    found = held_out(report_of(sweep)).volumes
    for row in found.recalibrated:
        assert row.before.n == 3
        assert row.before.estimate == pytest.approx(np.mean([2.5, 3.0, 5.0, 1.25, 1.0, 0.0]))
        for regressor in Regressor:
            assert row.after[regressor].estimate == pytest.approx(0.0, abs=1e-12)


@pytest.fixture(scope="module")
def incomplete() -> Sweep:
    """One setting lacks the model of fold 1."""
    trials = with_test_set().trials
    lost = {trial["trial"] for trial in trials if (trial["setting"], trial["fold"]) == (DICE.setting, 1)}
    return with_test_set(lost=frozenset(lost))


def test_settings_are_compared_by_the_models_that_all_have(incomplete: Sweep) -> None:
    found = held_out(report_of(incomplete))
    (pair,) = found.models.comparisons
    ce, dice = (by_hand(incomplete, effect.setting, "dice", folds=(0, 2)) for effect in (CE, DICE))
    assert pair.n == TEST_CASES
    assert pair.difference.estimate == pytest.approx(np.mean([ce[case] - dice[case] for case in ce]))
    own = np.mean(list(by_hand(incomplete, CE.setting, "dice").values()))
    assert found.models.scores[0] == found.estimates.dice[0].estimate == pytest.approx(own)
    assert found.models.common[0] == pytest.approx(np.mean(list(ce.values())))


def test_a_model_that_is_missing_is_named(incomplete: Sweep) -> None:
    report = report_of(incomplete)
    (gap,) = report.completeness.missing
    assert (gap.panel, gap.setting, gap.repeat) == (
        "hippocampus, anterior, test set",
        DICE.setting,
        "fold 1, seed 0",
    )
    assert (gap.whole_folds, len(gap.cases)) == ((), TEST_CASES)
