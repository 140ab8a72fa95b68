import json

import numpy as np
import pytest
from sweep_tables import LOSSES, Sweep, case_row, hippocampus, phantoms, trial_row

from segsweep.reports.deciles import bins_of_equal_count, deciles
from segsweep.reports.estimates import PanelEstimates, estimate
from segsweep.reports.panels import build_panels
from segsweep.reports.phantom_bias import phantom_bias, sentence
from segsweep.reports.presence import presence, roc_figures
from segsweep.reports.ranking import ranking
from segsweep.reports.results import Results
from segsweep.reports.subgroups import subgroups
from segsweep.reports.training_spread import training_spread
from segsweep.spec.report_settings import ReportSettings
from segsweep.statistics.presence import presence_by_volume

SETTINGS = ReportSettings(resamples=499)
CE, DICE = LOSSES[0], LOSSES[2]


def estimates_of(sweep: Sweep) -> PanelEstimates:
    return estimate(build_panels(Results(*sweep.tables()))[0], SETTINGS)


def test_bins_hold_equally_many_cases_in_order_of_size() -> None:
    ratio = np.random.default_rng(0).permutation(np.linspace(0.01, 0.5, 95))
    bins = bins_of_equal_count(ratio)
    assert sorted(np.bincount(bins)) == [9] * 5 + [10] * 5
    assert all(ratio[bins == one].max() < ratio[bins == one + 1].min() for one in range(9))


def test_empty_truths_are_in_no_bin_and_few_cases_make_fewer_bins() -> None:
    bins = bins_of_equal_count(np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.0]))
    assert list(bins) == [-1, 0, 0, 0, 1, 1, 1, -1]
    assert set(bins_of_equal_count(np.array([0.1, 0.2, 0.3]))) == {-1}


def test_mean_dice_by_size_by_hand() -> None:
    trial = trial_row("a", CE)
    cases = [case_row(trial, str(index), dice=0.1 * index, foreground_fraction=0.01 * index) for index in range(1, 7)]
    found = deciles(estimates_of(Sweep([trial], cases)), "dice", SETTINGS)
    assert found is not None
    assert [mean.estimate for mean in found.means[0]] == pytest.approx([0.2, 0.5])
    assert found.edges.tolist() == [[0.01, 0.03], [0.04, 0.06]]


def presence_sweep() -> Sweep:
    """Three tumours of 1, 2 and 3 ml; two healthy cases, of which CE leaves one empty and Dice none."""
    trials = [trial_row("a", CE), trial_row("b", DICE)]
    cases = [
        case_row(trial, f"tumour {volume}", volume_true=volume, volume_hard=volume, dice=0.9, volume_soft=volume)
        for trial in trials
        for volume in (1.0, 2.0, 3.0)
    ]
    for trial, volumes in zip(trials, [(0.0, 0.5), (1.5, 2.5)], strict=True):
        cases += [
            case_row(
                trial, f"healthy {index}", volume_true=0.0, volume_soft=volume, volume_hard=volume, empty_true=True,
                empty_pred=volume == 0, dice=None if volume == 0 else 0.0, foreground_fraction=0.0,
            )
            for index, volume in enumerate(volumes)
        ]  # fmt: skip
    return Sweep(trials, cases)


def test_every_curve_is_drawn_however_many_settings_there_are() -> None:
    roc = presence_by_volume(np.array([1.0, 2.0, 3.0]), np.array([False, True, True]))
    many = [(f"setting {number}", roc if number else None) for number in range(9)]
    figures = roc_figures(many, "x", "Presence").draw()
    assert [figure.slug for figure in figures] == ["x-figure", "x-figure-1"]
    drawn = [name for figure in figures for name, _ in many if name in figure.description]
    assert drawn == [name for name, _ in many[1:]]


def test_presence_by_hand() -> None:
    found = presence(estimates_of(presence_sweep()), level=0.95)
    assert found is not None
    ce, dice = found.rows
    assert (found.with_structure, found.without) == (3, 2)
    assert (ce.left_empty.estimate, dice.left_empty.estimate) == (0.5, 0.0)
    assert (ce.false_volume.estimate, dice.false_volume.estimate) == (0.25, 2.0)
    assert ce.missed.estimate == 0.0
    assert ce.dice_with.estimate == pytest.approx(0.9)
    assert ce.roc is not None
    assert dice.roc is not None
    assert ce.roc.auc.estimate == 1.0
    assert dice.roc.auc.estimate == pytest.approx(3 / 6)


def test_presence_needs_cases_of_both_kinds() -> None:
    assert presence(estimates_of(hippocampus(per_fold=3)), level=0.95) is None


def test_a_setting_that_always_wins_is_ranked_first_in_every_resample() -> None:
    found = ranking(estimates_of(hippocampus(per_fold=10)), SETTINGS)
    assert found is not None
    by_name = {rank.setting: rank for rank in found.ranks}
    worst = by_name["wce weight=balanced"]
    assert (worst.low, worst.high, worst.in_set) == (5, 5, False)
    assert sum(rank.first for rank in found.ranks) == pytest.approx(1.0)
    assert found.cases == 20


def test_a_distance_ranks_the_smallest_first() -> None:
    trials = [trial_row("a", CE), trial_row("b", DICE)]
    cases = [
        case_row(trial, f"{index:02d}", hd95=distance + 0.1 * index)
        for trial, distance in zip(trials, (5.0, 2.0), strict=True)
        for index in range(10)
    ]
    settings = ReportSettings(metric="hd95", resamples=499)
    found = ranking(estimates_of(Sweep(trials, cases)), settings)
    assert found is not None
    assert {rank.setting: rank.first for rank in found.ranks} == {"ce": 0.0, "dice Φ=image": 1.0}


def test_subgroups_by_word_and_by_thirds_of_a_number() -> None:
    trial = trial_row("a", CE)
    cases = [
        case_row(
            trial, f"{index:02d}", dice=0.02 * index, meta=json.dumps({"site": "AB"[index % 2], "age": 20 + index})
        )
        for index in range(30)
    ]
    found = subgroups(estimates_of(Sweep([trial], cases)), SETTINGS)
    assert [(item.column, item.value, item.cases) for item in found] == [
        ("site", "A", 15),
        ("site", "B", 15),
        ("age", "20 to 29", 10),
        ("age", "30 to 39", 10),
        ("age", "40 to 49", 10),
    ]
    assert found[0].scores[0].estimate == pytest.approx(0.28)
    assert found[2].scores[0].estimate == pytest.approx(0.09)


def test_a_column_that_names_cases_or_never_varies_makes_no_subgroups() -> None:
    trial = trial_row("a", CE)
    cases = [case_row(trial, f"{i:02d}", meta=json.dumps({"name": f"case {i}", "site": "A"})) for i in range(30)]
    assert subgroups(estimates_of(Sweep([trial], cases)), SETTINGS) == ()


def test_spread_between_trainings_takes_two_of_them() -> None:
    assert training_spread(estimates_of(hippocampus(per_fold=4)), SETTINGS) == ()
    found = training_spread(estimates_of(hippocampus(per_fold=4, seeds=3)), SETTINGS)
    assert [item.setting for item in found] == [effect.setting for effect in LOSSES]
    assert {item.components.seeds for item in found} == {3}


@pytest.mark.parametrize(("p", "expected"), [(0.30, -0.30), (0.48, 0.52)])
def test_phantoms_stand_beside_theory(p: float, expected: float) -> None:
    """The optimum of soft Dice and soft Jaccard at K = 16, r = 1 empties or fills the uncertain area."""
    ce, dice, jaccard = phantom_bias(estimates_of(phantoms(p=p)), SETTINGS)
    assert ce.predicted == pytest.approx(0.0)
    assert dice.predicted == pytest.approx(expected)
    assert jaccard.predicted == pytest.approx(expected)
    assert dice.soft.estimate == pytest.approx(expected, abs=0.03)
    assert "theory" in sentence((ce, dice, jaccard))


def test_real_images_have_no_phantom_section() -> None:
    assert phantom_bias(estimates_of(hippocampus(per_fold=3)), SETTINGS) == ()
