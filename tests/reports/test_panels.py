import numpy as np
import pyarrow as pa
import pytest
from sweep_tables import LOSSES, Sweep, case_row, hippocampus, phantoms, trial_row

from segsweep.errors import TableError
from segsweep.reports.panels import build_panels, panel_names
from segsweep.reports.results import Results

CE, DICE = LOSSES[0], LOSSES[2]


def panels_of(sweep: Sweep):
    return build_panels(Results(*sweep.tables()))


def test_cases_of_all_folds_are_pooled_in_one_panel_per_label(hippocampus_tables: tuple[pa.Table, pa.Table]) -> None:
    panels = build_panels(Results(*hippocampus_tables))
    assert [panel.key.label for panel in panels] == ["anterior", "posterior"]
    assert panels[0].row.shape == (5, 1, 40)
    assert panels[0].present.all()
    assert panels[0].settings == tuple(effect.setting for effect in LOSSES)
    assert [panels[0].cases[index] for index in (0, 1)] == ["hippocampus_000", "hippocampus_001"]
    assert list(panels[0].fold[:4]) == [0, 1, 0, 1]


def test_values_stand_where_setting_seed_and_case_say() -> None:
    one, two = trial_row("a", CE, seed=0), trial_row("b", DICE, seed=3)
    sweep = Sweep(
        [one, two], [case_row(two, "y", dice=0.4), case_row(one, "y", dice=0.3), case_row(one, "x", dice=0.2)]
    )
    (panel,) = panels_of(sweep)
    assert panel.repeats == ("seed 0", "seed 3")
    expected = np.array([[[0.2, 0.3], [np.nan, np.nan]], [[np.nan, np.nan], [np.nan, 0.4]]])
    np.testing.assert_array_equal(panel.values("dice"), expected)


def test_cases_that_every_fold_evaluates_make_folds_repeats() -> None:
    (panel,) = panels_of(phantoms(p=0.3, per_fold=3))
    assert panel.repeats == ("fold 0, seed 0", "fold 1, seed 0")
    assert panel.row.shape == (3, 2, 3)
    assert set(panel.fold) == {-1}
    assert panel.seeds == 1


def test_training_cases_and_unfinished_trials_are_left_out() -> None:
    done, failed = trial_row("a", CE), trial_row("b", DICE, state="failed")
    cases = [case_row(done, "x"), case_row(done, "y", split="train"), case_row(failed, "x")]
    (panel,) = panels_of(Sweep([done, failed], cases))
    assert panel.settings == ("ce",)
    assert panel.cases == ("x",)


def test_the_raters_majority_stands_in_where_there_is_no_single_truth() -> None:
    trial = trial_row("a", CE)
    cases = [
        case_row(trial, "x", truth=truth, dice=dice) for truth, dice in [("r1", 0.1), ("majority", 0.2), ("mean", 0.3)]
    ]
    (panel,) = panels_of(Sweep([trial], cases))
    assert panel.truth == "majority"
    assert panel.values("dice")[0, 0, 0] == 0.2


def test_networks_and_label_policies_are_never_pooled() -> None:
    trials = [trial_row("a", CE), trial_row("b", CE, network="unet-l"), trial_row("c", CE, labels="removed")]
    panels = panels_of(Sweep(trials, [case_row(trial, "x") for trial in trials]))
    assert [(panel.key.labels, panel.key.network) for panel in panels] == [
        ("full", "unet-s"),
        ("full", "unet-l"),
        ("removed", "unet-s"),
    ]


def test_one_loss_at_two_batch_sizes_is_two_settings() -> None:
    trials = [trial_row("a", CE, batch_size=2), trial_row("b", CE, batch_size=8), trial_row("c", DICE)]
    (panel,) = panels_of(Sweep(trials, [case_row(trial, "x") for trial in trials]))
    assert panel.settings == ("ce, batch_size=2", "ce, batch_size=8", "dice Φ=image")


def test_two_units_in_one_panel_are_refused() -> None:
    trial = trial_row("a", CE)
    sweep = Sweep([trial], [case_row(trial, "x"), case_row(trial, "y", unit="px")])
    with pytest.raises(TableError, match="cases, row 1, column 'unit': 'px' beside 'ml' for label 'anterior'"):
        panels_of(sweep)


def test_a_case_that_stands_twice_is_refused() -> None:
    trial = trial_row("a", CE)
    sweep = Sweep([trial], [case_row(trial, "y"), case_row(trial, "x"), case_row(trial, "x")])
    with pytest.raises(TableError, match="case 'x' of 'hippocampus' stands twice"):
        panels_of(sweep)


def test_a_case_of_an_unknown_trial_is_refused() -> None:
    trial = trial_row("a", CE)
    sweep = Sweep([trial], [case_row(trial, "x"), case_row(trial | {"trial": "zzz"}, "x")])
    with pytest.raises(TableError, match="cases, row 1, column 'trial': 'zzz' is not in the trials table"):
        panels_of(sweep)


def test_no_cases_make_no_panels() -> None:
    assert panels_of(Sweep([trial_row("a", CE)], [])) == ()


def test_the_order_of_the_rows_changes_nothing() -> None:
    trials, cases = hippocampus(per_fold=4).tables()
    shuffled = cases.take(np.random.default_rng(3).permutation(cases.num_rows))
    for one, two in zip(build_panels(Results(trials, cases)), build_panels(Results(trials, shuffled)), strict=True):
        assert one.key == two.key
        assert one.cases == two.cases
        np.testing.assert_array_equal(one.values("dice"), two.values("dice"))


def test_a_test_set_is_a_panel_of_its_own_whose_repeats_are_all_models() -> None:
    trials = [trial_row(str(fold), CE, fold=fold) for fold in range(2)]
    cases = [case_row(trial, f"t{index}", split="test") for trial in trials for index in range(3)]
    cases += [case_row(trial, f"v{trial['fold']}") for trial in trials]
    results = Results(*Sweep(trials, cases).tables())
    (panel,) = build_panels(results, split="test")
    assert panel.repeats == ("fold 0, seed 0", "fold 1, seed 0")
    assert panel.cases == ("t0", "t1", "t2")
    assert build_panels(results)[0].cases == ("v0", "v1")


def test_names_say_only_what_tells_panels_apart() -> None:
    trials = [trial_row("a", CE), trial_row("b", CE, labels="removed")]
    cases = [case_row(trial, "x") for trial in trials] + [case_row(trials[0], "y", split="test")]
    results = Results(*Sweep(trials, cases).tables())
    names = panel_names((*build_panels(results), *build_panels(results, split="test")))
    assert list(names.values()) == [
        "hippocampus, anterior",
        "hippocampus, anterior, labels removed",
        "hippocampus, anterior, test set",
    ]
