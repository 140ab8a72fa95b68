"""Which cases a report shows, and how."""

import base64
import re
from typing import Any

import pyarrow as pa
import pytest
from sweep_tables import LOSSES, Effect, Sweep, case_row, trial_row

from segsweep.records.schemas import OVERLAYS, PREDICTION_COLOUR, TRUTH_COLOUR
from segsweep.records.tables import table
from segsweep.reports.examples import MOST_PICTURED, wanted_pictures
from segsweep.reports.report import Report, build_report
from segsweep.reports.writing import to_csv, to_html, to_latex, to_markdown
from segsweep.spec.report_settings import ReportSettings

FAST = ReportSettings(resamples=200)
CE, DICE = LOSSES[0], LOSSES[2]
SLUG = "hippocampus-anterior-1"


def overlay(trial: str, case: str, **values: Any) -> dict[str, Any]:
    png = f"{trial}/{case}".encode()
    kept = {"trial": trial, "case": case, "label": "anterior", "rank": "best", "dice": 0.5, "slice": 14, "png": png}
    return kept | values


def report(sweep: Sweep, overlays: list[dict[str, Any]] | None = None) -> Report:
    kept = None if overlays is None else table(overlays, OVERLAYS)
    return build_report(*sweep.tables(), FAST, name="x", overlays=kept)


def chosen(sweep: Sweep) -> dict[str, tuple[str, str]]:
    """Rank to trial and case, of a sweep with one setting."""
    (panel,) = report(sweep).panels
    return {case.rank: (case.trial, case.case) for case in panel.examples.cases}


def folds(*scores: dict[str, float], **values: Any) -> Sweep:
    """One setting; a trial per fold, named by it, with the Dice of its cases."""
    trials = [trial_row(f"fold {fold}", CE, fold=fold) for fold in range(len(scores))]
    cases = [
        case_row(trial, case, dice=dice, **values)
        for trial, mine in zip(trials, scores, strict=True)
        for case, dice in mine.items()
    ]
    return Sweep(trials, cases)


def one_trial_per_setting(*settings: str) -> Sweep:
    trials = [trial_row(f"t{index}", Effect(name, "ce")) for index, name in enumerate(settings)]
    cases = [
        case_row(trial, case, dice=dice - 0.01 * index)
        for index, trial in enumerate(trials)
        for case, dice in (("a", 0.9), ("b", 0.5), ("c", 0.7))
    ]
    return Sweep(trials, cases)


class TestChoice:
    def test_best_and_worst_are_those_of_all_folds(self) -> None:
        found = chosen(folds({"a": 0.9, "b": 0.6, "c": 0.5}, {"d": 0.95, "e": 0.7, "f": 0.2}))
        assert found["best"] == ("fold 1", "d")
        assert found["worst"] == ("fold 1", "f")

    def test_the_median_is_the_nearest_of_which_a_trial_kept_a_picture(self) -> None:
        """All in order: .2 .5 .6 .61 .65 .95; the median is .6, the trials' own medians are .5 and .65."""
        found = chosen(folds({"a": 0.6, "b": 0.5, "c": 0.2}, {"d": 0.95, "e": 0.65, "f": 0.61}))
        assert found["median"] == ("fold 1", "e")

    def test_of_one_trial_it_is_the_median(self) -> None:
        assert chosen(folds({"a": 0.9, "b": 0.2, "c": 0.7}))["median"] == ("fold 0", "c")

    def test_seeds_are_told_apart(self) -> None:
        trials = [trial_row(f"seed {seed}", CE, seed=seed) for seed in range(2)]
        cases = [
            case_row(trial, c, dice=d + 0.01 * trial["seed"]) for trial in trials for c, d in (("a", 0.4), ("b", 0.8))
        ]
        (panel,) = report(Sweep(trials, cases)).panels
        best, _, worst = panel.examples.cases
        assert (best.trial, best.case, best.repeat) == ("seed 1", "b", "seed 1")
        assert (worst.trial, worst.case, worst.repeat) == ("seed 0", "a", "seed 0")

    def test_cases_without_the_structure_are_shown_only_alone(self) -> None:
        empty = {"volume_true": 0.0, "empty_true": True, "dice": 0.0}
        sweep = folds({"a": 0.9, "b": 0.5})
        sweep.cases.append(case_row(sweep.trials[0], "healthy", **empty))
        assert chosen(sweep)["worst"] == ("fold 0", "b")
        assert chosen(folds({"healthy": 0.0}, volume_true=0.0, empty_true=True))["worst"] == ("fold 0", "healthy")

    def test_a_fold_of_empty_truths_does_not_give_the_median(self) -> None:
        sweep = folds({"a": 0.9, "b": 0.1}, {})
        sweep.cases.append(case_row(sweep.trials[1], "healthy", volume_true=0.0, empty_true=True, dice=0.0))
        assert chosen(sweep)["median"] == ("fold 0", "b")

    def test_what_is_fetched_is_what_is_shown(self) -> None:
        settings = [f"s{index:02d}" for index in range(MOST_PICTURED + 3)]
        sweep = one_trial_per_setting(*settings)
        wanted = wanted_pictures(*sweep.tables())
        assert {trial for trial, _, _ in wanted} == {f"t{index}" for index in range(MOST_PICTURED)}
        page = to_html(report(sweep, [overlay(*key[:2]) for key in wanted]))
        assert page.count("<img ") == 3 * MOST_PICTURED
        assert f"the {MOST_PICTURED} settings with the highest mean Dice" in page
        assert to_csv(report(sweep))[f"{SLUG}-examples.csv"].count("\n") == 1 + len(settings)


class TestPage:
    def test_every_image_stands_in_the_page_and_says_what_it_shows(self) -> None:
        page = to_html(report(one_trial_per_setting("ce"), [overlay("t0", case) for case in "abc"]))
        images = re.findall(r'<img src="data:image/png;base64,([^"]*)" alt="([^"]*)">', page)
        assert [base64.b64decode(content) for content, _ in images] == [b"t0/a", b"t0/c", b"t0/b"]
        assert images[0][1] == (
            "Best case of ce: a, slice 14, with the outlines of the true and of the predicted anterior; Dice 0.900."
        )
        assert page.index(TRUTH_COLOUR) < page.index("truth, a line just outside")
        assert page.index(PREDICTION_COLOUR) < page.index("prediction, a line just inside")

    def test_the_policy_lets_images_in_and_nothing_else(self) -> None:
        page = to_html(report(one_trial_per_setting("ce"), [overlay("t0", "a")]))
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
        assert policy is not None
        directives = dict(part.split(maxsplit=1) for part in policy[1].split("; "))
        assert set(directives) == {"default-src", "style-src", "img-src", "script-src"}
        assert (directives["default-src"], directives["img-src"]) == ("'none'", "data:")

    def test_names_of_cases_and_settings_are_never_markup(self) -> None:
        evil = '"><script>alert(1)</script>'
        trial = trial_row("t0", Effect(evil, "ce"))
        sweep = Sweep([trial], [case_row(trial, evil, dice=0.9)])
        page = to_html(report(sweep, [overlay("t0", evil)]))
        assert page.count("<img ") == 3
        assert "<script>alert" not in page
        assert 'alt="Best case of &#34;&gt;&lt;script&gt;' in page

    def test_a_picture_that_was_not_kept_leaves_a_gap(self) -> None:
        page = to_html(report(one_trial_per_setting("ce"), [overlay("t0", "a")]))
        assert page.count("<img ") == 1
        assert page.count("No picture was kept.") == 2

    def test_without_any_picture_the_table_stands_alone(self) -> None:
        item = report(one_trial_per_setting("ce"))
        page = to_html(item)
        assert "<img " not in page
        assert "No picture was kept." not in page
        assert "Best, median and worst cases" in page
        assert to_html(report(one_trial_per_setting("ce"), [])) == page

    def test_a_picture_of_2d_has_no_slice(self) -> None:
        page = to_html(report(one_trial_per_setting("ce"), [overlay("t0", "a", slice=None)]))
        assert "Best case of ce: a, with" in page
        assert "axial" not in page


@pytest.mark.parametrize("overlays", [None, [overlay("t0", "a")]], ids=["no pictures", "pictures"])
def test_every_number_of_a_picture_is_in_a_table(overlays: list[dict[str, Any]] | None) -> None:
    item = report(one_trial_per_setting("ce"), overlays)
    assert to_csv(item)[f"{SLUG}-examples.csv"] == (
        "Setting,Best case,Best Dice,Median case,Median Dice,Worst case,Worst Dice\nce,a,0.9,c,0.7,b,0.5\n"
    )
    assert "ce & a & 0.900 & c & 0.700 & b & 0.500" in to_latex(item)[f"{SLUG}-examples.tex"]
    assert re.search(r"\| ce +\| a +\| +0.900 \| c +\| +0.700 \| b +\| +0.500 \|", to_markdown(item))


def test_no_scored_case_no_section() -> None:
    sweep = folds({"a": 0.5})
    sweep.cases[0] |= {"dice": None, "jaccard": None, "empty_true": True, "empty_pred": True, "volume_true": 0.0}
    assert "<h3>Cases</h3>" not in to_html(report(sweep))


def test_the_table_of_overlays_takes_what_a_trial_keeps() -> None:
    kept = table([overlay("t0", "a"), overlay("t0", "b", slice=None)], OVERLAYS)
    assert kept.schema.field("png").type == pa.binary()
    assert kept["slice"].to_pylist() == [14, None]
