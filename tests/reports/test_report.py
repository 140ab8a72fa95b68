import math

import pyarrow as pa
import pytest
from sweep_tables import LOSSES, Sweep, case_row, hippocampus, trial_row

from segsweep.reports.report import build_report
from segsweep.reports.scores import Estimator
from segsweep.reports.writing import to_html, to_markdown, write_report
from segsweep.spec.report_settings import ReportSettings

FAST = ReportSettings(resamples=999)
CE, DICE = LOSSES[0], LOSSES[2]


def test_means_are_those_of_the_cases_by_hand() -> None:
    trial = trial_row("a", CE)
    dice, true, soft, hard = [0.5, 0.7, 0.9], [1.0, 2.0, 3.0], [1.5, 2.0, 3.25], [0.5, 2.0, 3.0]
    cases = [
        case_row(trial, str(index), dice=d, jaccard=d / (2 - d), volume_true=t, volume_soft=s, volume_hard=h)
        for index, (d, t, s, h) in enumerate(zip(dice, true, soft, hard, strict=True))
    ]
    (panel,) = build_report(*Sweep([trial], cases).tables(), FAST, name="x").panels
    assert panel.estimates.dice[0].estimate == pytest.approx(0.7)
    assert panel.estimates.errors[Estimator.SOFT][0].estimate == pytest.approx(0.25)
    assert panel.estimates.errors[Estimator.HARD][0].estimate == pytest.approx(-1 / 6)


def test_seeds_are_averaged_before_cases_are_counted() -> None:
    trials = [trial_row(str(seed), CE, seed=seed) for seed in range(3)]
    cases = [case_row(trials[seed], case, dice=0.1 * (seed + 1)) for seed in range(3) for case in "xy"]
    (panel,) = build_report(*Sweep(trials, cases).tables(), FAST, name="x").panels
    assert panel.estimates.dice[0].n == 2
    assert panel.estimates.dice[0].estimate == pytest.approx(0.2)


@pytest.mark.parametrize(("policy", "expected"), [("skip", [0.8, 0.8]), ("one_if_both_empty", [1.8 / 3, 0.8 / 3])])
def test_empty_truths_follow_the_stated_policy_for_every_setting(policy: str, expected: list[float]) -> None:
    """One ordinary case and two with an empty truth, of which the first setting leaves one empty and the other none."""
    trials = [trial_row("a", CE), trial_row("b", DICE)]
    cases = [case_row(trial, "tumour", dice=0.8) for trial in trials]
    for case in ("healthy 1", "healthy 2"):
        for trial in trials:
            left_empty = trial["trial"] == "a" and case == "healthy 1"
            empty = {"volume_true": 0.0, "empty_true": True, "empty_pred": left_empty}
            cases.append(case_row(trial, case, dice=None if left_empty else 0.0, **empty))
    (panel,) = build_report(
        *Sweep(trials, cases).tables(), ReportSettings(empty=policy, resamples=999), name="x"
    ).panels
    assert [mean.estimate for mean in panel.estimates.dice] == pytest.approx(expected)
    assert [mean.n for mean in panel.estimates.dice] == ([1, 1] if policy == "skip" else [3, 3])
    assert [mean.n for mean in panel.estimates.errors[Estimator.HARD]] == [3, 3]


def test_few_groups_give_means_without_intervals() -> None:
    trials = [trial_row("a", CE), trial_row("b", DICE)]
    cases = [
        case_row(trial, f"slice {index}", group=f"patient {index % 4}", dice=0.5 + 0.01 * index)
        for trial in trials
        for index in range(40)
    ]
    report = build_report(*Sweep(trials, cases).tables(), FAST, name="x")
    assert math.isnan(report.panels[0].estimates.dice[0].low)
    assert report.panels[0].estimates.dice[0].estimate == pytest.approx(0.695)
    assert report.panels[0].pairs.comparisons == ()
    assert "too few groups" in to_markdown(report)


def test_equal_tables_give_equal_pages() -> None:
    tables = hippocampus(per_fold=5, effects=LOSSES[:2]).tables()
    first, second = (build_report(*tables, FAST, name="x") for _ in range(2))
    assert to_html(first) == to_html(second)


def test_another_resampling_seed_moves_intervals_but_no_mean(hippocampus_tables: tuple[pa.Table, pa.Table]) -> None:
    one = build_report(*hippocampus_tables, FAST, name="x").panels[0].estimates.dice[0]
    two = build_report(*hippocampus_tables, ReportSettings(resamples=999, seed=1), name="x").panels[0].estimates.dice[0]
    assert one.estimate == two.estimate
    assert one.low != two.low


def test_pairing_makes_the_difference_far_more_certain_than_the_means() -> None:
    (panel, _) = build_report(*hippocampus(per_fold=30).tables(), FAST, name="x").panels
    ce, dice = panel.estimates.dice[0], panel.estimates.dice[2]
    gain = panel.pairs.gain(2, 0)
    unpaired = math.hypot(ce.high - ce.low, dice.high - dice.low)
    assert gain.high - gain.low < unpaired / 2
    assert gain.estimate == pytest.approx(dice.estimate - ce.estimate)


def test_written_files_are_whole_and_hold_every_table(tmp_path, mixed_tables: tuple[pa.Table, pa.Table]) -> None:
    written = write_report(build_report(*mixed_tables, FAST, name="x"), tmp_path / "new" / "folder")
    assert written.html.read_text().endswith("</html>\n")
    assert written.markdown.read_text().startswith("# x\n")
    names = {path.name for path in written.tables.iterdir()}
    assert {"costs.csv", "missing.csv", "unfinished.csv", "hippocampus-anterior-1-settings.csv"} <= names
    assert not list((tmp_path / "new" / "folder").rglob(".*"))


def test_no_results_at_all_still_report() -> None:
    trials = [trial_row("a", CE, state="failed", reason="out of memory")]
    page = to_html(build_report(*Sweep(trials, []).tables(), FAST, name="x"))
    assert "nothing to compare" in page
    assert "out of memory" in page


def test_several_raters_give_the_bias_against_their_mean_volume() -> None:
    """Raters say 1 and 3 ml; the majority 1 ml, the mean 2 ml; the model 2.5 ml."""
    trial = trial_row("a", CE)
    truths = {"rater 1": 1.0, "rater 2": 3.0, "majority": 1.0, "mean": 2.0}
    cases = [
        case_row(trial, case, truth=truth, volume_true=volume, volume_hard=2.5)
        for case in "xyz"
        for truth, volume in truths.items()
    ]
    report = build_report(*Sweep([trial], cases).tables(), FAST, name="x")
    (item,) = report.panels
    assert item.panel.truth == "majority"
    assert item.estimates.errors[Estimator.HARD][0].estimate == pytest.approx(1.5)
    hard = next(row for row in item.raters if row.estimator is Estimator.HARD)
    assert hard.bias.estimate == pytest.approx(0.5)
    assert "Volume bias against the raters' mean" in to_markdown(report)


def test_settings_are_ranked_on_the_cases_that_all_of_them_have() -> None:
    """The second setting lacks the hard half of the cases: its own mean is higher, on common cases it is lower."""
    trials = [trial_row("a", CE), trial_row("b", DICE)]
    cases = [case_row(trials[0], f"{index:02d}", dice=0.5 if index < 10 else 0.9) for index in range(20)]
    cases += [case_row(trials[1], f"{index:02d}", dice=0.85 + 0.001 * (index % 2)) for index in range(10, 20)]
    (panel,) = build_report(*Sweep(trials, cases).tables(), FAST, name="x").panels
    assert panel.pairs.scores == pytest.approx((0.7, 0.8505))
    assert panel.pairs.ranked() == (0, 1)
    assert panel.pairs.between(0, 1).n == 10
