import json
from dataclasses import replace

import pyarrow as pa
import pytest
from sweep_tables import LOSSES, Sweep, case_row, hippocampus, trial_row

from segsweep.reports.answer import level_sentence, score_sentence
from segsweep.reports.comparison import Level, Pairs
from segsweep.reports.layout import answer
from segsweep.reports.report import build_report
from segsweep.reports.writing import to_markdown
from segsweep.spec.report_settings import ReportSettings
from segsweep.statistics.equivalence import Verdict
from segsweep.statistics.family import Comparison
from segsweep.statistics.intervals import Interval

FAST = ReportSettings(resamples=999)
SAME, OTHER, OPEN = Verdict.EQUIVALENT, Verdict.DIFFERENT, Verdict.UNDECIDED


def pairs_of(
    scores: list[float], verdicts: dict[tuple[int, int], Verdict], *, higher_is_better: bool = True, untied: int = 200
) -> Pairs:
    """Comparisons with intervals of ±0.01 around the differences of the means."""
    comparisons = []
    for first in range(len(scores)):
        for second in range(first + 1, len(scores)):
            gain = scores[first] - scores[second]
            interval = Interval(gain, gain - 0.01, gain + 0.01, 0.95, "studentised", 0.005, 200)
            comparisons.append(Comparison(first, second, 200, untied, interval, 0.01, 0.02, verdicts[first, second]))
    names = tuple("ABCDEFGH"[: len(scores)])
    return Pairs(Level.MODELS, names, tuple(scores), tuple(scores), 200, tuple(comparisons), 999, higher_is_better)


@pytest.mark.parametrize(
    ("scores", "verdicts", "expected"),
    [
        (
            [0.80, 0.84, 0.84, 0.838],
            {(0, 1): OTHER, (0, 2): OTHER, (0, 3): OTHER, (1, 2): SAME, (1, 3): SAME, (2, 3): SAME},
            "On these 200 cases B, C and D cannot be told apart (mean Dice 0.840 to 0.838, every difference within "
            "±0.01); A is worse by 0.040 [0.030, 0.050].",
        ),
        (
            [0.84, 0.83, 0.835],
            {(0, 1): SAME, (0, 2): SAME, (1, 2): OPEN},
            "On these 200 cases C and B cannot be told apart from A, the best by mean Dice (0.840, differences within "
            "±0.01).",
        ),
        (
            [0.80, 0.84],
            {(0, 1): OPEN},
            "On these 200 cases B has the best mean Dice (0.840); whether A is worse than B is undecided "
            "(0.040 [0.030, 0.050]).",
        ),
    ],
)
def test_scores_in_words(scores: list[float], verdicts: dict[tuple[int, int], Verdict], expected: str) -> None:
    assert score_sentence(pairs_of(scores, verdicts), FAST, 200) == expected


@pytest.mark.parametrize(
    ("untied", "expected"),
    [
        (0, "A scores as B does on all of them, which are too few to say more."),
        (1, "A and B score differently on only 1 independent case, too few to say which is better."),
        (5, "A and B score differently on only 5 independent cases, too few to say which is better."),
        (6, "whether A is worse than B is undecided (0.040 [0.030, 0.050])."),
    ],
)
def test_where_few_cases_differ_the_answer_says_so(untied: int, expected: str) -> None:
    pairs = pairs_of([0.80, 0.84], {(0, 1): OPEN}, untied=untied)
    assert score_sentence(pairs, FAST, 200) == f"On these 200 cases B has the best mean Dice (0.840); {expected}"


def test_means_are_of_the_cases_that_were_compared() -> None:
    """One setting lacks the hardest cases: its own mean is higher than those that it is compared by."""
    pairs = pairs_of([0.84, 0.84, 0.80], {(0, 1): SAME, (0, 2): OTHER, (1, 2): OTHER})
    pairs = replace(pairs, scores=(0.72, 0.84, 0.70), shared=120)
    assert score_sentence(pairs, FAST, 200) == (
        "On the 120 of these 200 cases that every setting has, A and B cannot be told apart (mean Dice 0.840, every "
        "difference within ±0.01); on the cases that both of a pair have, C is worse by 0.040 [0.030, 0.050]."
    )


def test_without_comparisons_the_mean_is_of_the_cases_that_it_names() -> None:
    pairs = replace(pairs_of([0.84, 0.80], {(0, 1): OTHER}), scores=(0.72, 0.70), shared=120, comparisons=())
    assert score_sentence(pairs, FAST, 200).startswith(
        "On the 120 of these 200 cases that every setting has, A has the best mean Dice (0.840); "
    )


def test_many_worse_settings_are_summed_up() -> None:
    scores = [0.9, 0.8, 0.7, 0.6, 0.5]
    verdicts = {(one, two): OTHER for one in range(5) for two in range(one + 1, 5)}
    text = score_sentence(pairs_of(scores, verdicts), FAST, 200)
    assert "4 settings are worse than A, from B by 0.100 [0.090, 0.110] to E by 0.400 [0.390, 0.410]." in text


def test_a_smaller_distance_is_better() -> None:
    pairs = pairs_of([5.0, 3.0], {(0, 1): OTHER}, higher_is_better=False)
    text = score_sentence(pairs, ReportSettings(metric="hd95"), 200)
    assert text == "On these 200 cases B has the best mean HD95 (3.000); A is worse by 2.000 [1.990, 2.010]."


def test_nothing_is_said_about_losses_below_three_trainings() -> None:
    assert level_sentence([("a", 1), ("b", 2)]).startswith("One seed: what follows is about these models, not")
    assert level_sentence([("a", 2)]).startswith("Two seeds: what follows is about these models, not these losses")
    often = level_sentence([("a", 4), ("b", 3)])
    assert often.startswith("3 trainings of each setting: differences in score are about these losses")


def test_results_that_were_trained_often_are_told_from_those_that_were_not() -> None:
    text = level_sentence([("liver", 1), ("polyps", 3), ("heart", 5)])
    assert text.startswith("polyps and heart: 3 or more trainings of each setting, so that differences in score are")
    assert "One seed for other results" in text


def test_three_seeds_are_compared_over_trainings() -> None:
    report = build_report(*hippocampus(per_fold=6, seeds=3).tables(), FAST, name="x")
    assert report.panels[0].panel.trainings == 3
    assert report.panels[0].pairs.level is Level.LOSSES
    text = to_markdown(report)
    assert "### Paired comparison: these losses" in text
    assert "### Paired comparison: these models" in text
    assert "### Spread between trainings" in text


def test_two_seeds_are_not() -> None:
    report = build_report(*hippocampus(per_fold=6, seeds=2).tables(), FAST, name="x")
    assert report.panels[0].losses is None
    assert report.panels[0].pairs.level is Level.MODELS


def test_the_first_screen_says_what_is_missing(mixed_tables: tuple[pa.Table, pa.Table]) -> None:
    report = build_report(*mixed_tables, FAST, name="x")
    level, gaps, _ = answer(report).blocks
    assert level.text.startswith("One seed:")
    assert "1 of 23 trials have no results (1 failed)" in gaps.text
    assert "Cases are missing for ce" in gaps.text


def test_mixed_devices_and_versions_are_said() -> None:
    trials = [trial_row("a", LOSSES[0]), trial_row("b", LOSSES[2], device="cuda", torch_version="2.6.0")]
    cases = [case_row(trial, case) for trial in trials for case in "xyz"]
    text = to_markdown(build_report(*Sweep(trials, cases).tables(), FAST, name="x"))
    assert "different kinds of device (cpu and cuda)" in text
    assert "different versions of torch (2.13.0 and 2.6.0)" in text


def test_a_crop_that_lost_true_voxels_is_said_on_the_first_screen() -> None:
    trials = [trial_row(name, LOSSES[place]) for place, name in enumerate("ab")]
    cases = [case_row(trial, case, truth_cut_off=0.2 if case == "y" else 0.0) for trial in trials for case in "xyz"]
    text = " ".join(block.text for block in answer(build_report(*Sweep(trials, cases).tables(), FAST, name="x")).blocks)
    assert "Cropping cut off true voxels of 1 case;" in text


@pytest.mark.parametrize(("best", "ran_out", "last"), [(40, 0, 0), (41, 1, 0), (60, 1, 1), (None, 0, 0)])
def test_trainings_that_might_have_got_better_are_said(best: int | None, ran_out: int, last: int) -> None:
    others = {0: 40, 1: best}
    trials = [trial_row(name, LOSSES[place], best_epoch=others[place]) for place, name in enumerate("ab")]
    for trial in trials:
        trial["spec"] = json.dumps({"train": {"epochs": 60, "patience": 20}})
    cases = [case_row(trial, case) for trial in trials for case in "xyz"]
    text = to_markdown(build_report(*Sweep(trials, cases).tables(), FAST, name="x"))
    sentence = (
        "Ended with their epochs, before early stopping would have come: 1 of 2 trainings; best in the last one: "
    )
    assert (sentence in text) == bool(ran_out)
    assert (f"{sentence}{last}." in text) == bool(ran_out)
    assert "they had not converged" not in text
    for trial in trials:
        trial["best_epoch"] = best
    text = to_markdown(build_report(*Sweep(trials, cases).tables(), FAST, name="x"))
    assert ("2 of 2 trainings were best in the last epoch" in text) == bool(last)


def test_a_missing_fold_is_named() -> None:
    sweep = hippocampus(per_fold=4)
    gone = next(trial["trial"] for trial in sweep.trials if trial["setting"] == "ce" and trial["fold"] == 1)
    sweep.trials = [trial for trial in sweep.trials if trial["trial"] != gone]
    sweep.cases = [case for case in sweep.cases if case["trial"] != gone]
    report = build_report(*sweep.tables(), FAST, name="x")
    first = report.completeness.missing[0]
    assert (first.setting, first.whole_folds, first.cases) == ("ce", (1,), ())
    assert "Cases are missing for ce" in answer(report).blocks[1].text


@pytest.mark.parametrize(
    ("cases", "differing", "expected"),
    [
        (15, 15, "Only 15 independent cases"),
        (30, 6, "ce and dice Φ=image score differently on only 6 independent cases"),
        (30, 30, None),
        (30, 0, None),
    ],
)
def test_few_cases_and_many_ties_are_warned_about(cases: int, differing: int, expected: str | None) -> None:
    trials = [trial_row("a", LOSSES[0]), trial_row("b", LOSSES[2])]
    rows = [
        case_row(trial, f"{index:02d}", dice=0.7 + (0.1 if trial["trial"] == "b" and index < differing else 0.0))
        for trial in trials
        for index in range(cases)
    ]
    text = to_markdown(build_report(*Sweep(trials, rows).tables(), FAST, name="x"))
    assert (expected is None) == ("known to miss" not in text)
    assert expected is None or expected in text
