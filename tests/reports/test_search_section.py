"""A search in a report: who is on the front, what it is worth on outer cases, and what is compared with nothing."""

import csv
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sweep_tables import Effect, Sweep, case_row, trial_row

from segsweep.records import tables
from segsweep.records.schemas import SEARCH
from segsweep.reports.report import Report, build_report
from segsweep.reports.writing import to_csv, to_html, to_latex, to_markdown
from segsweep.spec.report_settings import ReportSettings

SETTINGS = ReportSettings(resamples=499)
EPSILONS = (1e-6, 0.1, 40.0, 900.0)
INNER = ((0.70, 0.02), (0.80, 0.10), (0.75, 0.30), (None, None))
"""Dice and |ΔV| of each: the third is beaten by the second, the fourth diverged."""


def searched(objectives: tuple[str, ...] = ("dice", "abs_bias")) -> tuple[Sweep, pa.Table]:
    """Four values of ε, of which the first two are on the front and were judged on 30 outer cases."""
    sweep, rows = Sweep(), []
    rng = np.random.default_rng(3)
    for number, (epsilon, (dice, bias)) in enumerate(zip(EPSILONS, INNER, strict=True)):
        front = number < 2
        state = "finished" if front else "searched" if dice else "diverged"
        trial = trial_row(f"{number:016x}", Effect(f"dice ε={epsilon:g}", "dice"), state=state)
        sweep.trials.append(trial)
        if front:
            for case in range(30):
                volume = float(rng.gamma(9.0))
                sweep.cases.append(
                    case_row(
                        trial, str(case), "lesion", dice=float(rng.normal(dice - 0.05, 0.02)), volume_true=volume,
                        volume_hard=volume * (1 - bias) + float(rng.normal(0, 0.01)),
                    )
                )  # fmt: skip
        rows.append(candidate(number, trial, epsilon, dice, bias, objectives, front=front))
    return sweep, tables.table(rows, SEARCH)


def candidate(
    number: int, trial: dict[str, Any], epsilon: float, dice: float | None, bias: float | None,
    objectives: tuple[str, ...], *, front: bool,
) -> dict[str, Any]:  # fmt: skip
    return {
        "study": "hippocampus",
        "dataset": trial["dataset"],
        "labels": trial["labels"],
        "network": trial["network"],
        "number": number,
        "setting": trial["setting"],
        "loss": "dice",
        "parameters": json.dumps({"epsilon": epsilon}),
        "logarithmic": ["epsilon"],
        "trials": [trial["trial"]],
        "state": "searched" if dice else "diverged",
        "reason": None if dice else "the training loss became nan at step 5 of epoch 1",
        "dice": dice,
        "abs_bias": bias,
        "abs_bias_soft": bias,
        "objectives": list(objectives),
        "front": front,
    }


@pytest.fixture(scope="module")
def report() -> Report:
    sweep, search = searched()
    return build_report(*sweep.tables(), SETTINGS, name="searched", search=search)


def rows_of(report: Report, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(to_csv(report)[name].splitlines()))


def test_the_front_stands_beside_its_outer_values(report: Report) -> None:
    first, second = rows_of(report, "search-1-front.csv")
    assert [row["Setting"] for row in (first, second)] == ["dice ε=1e-06", "dice ε=0.1"]
    assert float(first["Dice, inner"]) == 0.70
    assert float(second["|ΔV|, % of true volume, inner"]) == pytest.approx(10)
    # the outer values are those of the panel, the bias relative to the mean true volume of the cases
    (panel,) = report.panels
    assert float(second["Dice, outer"]) == panel.estimates.dice[1].estimate
    volumes = panel.panel.values("volume_true")[1, 0], panel.panel.values("volume_hard")[1, 0]
    assert float(second["ΔV, outer, % of true volume"]) == pytest.approx(
        100 * (volumes[1] - volumes[0]).mean() / volumes[0].mean()
    )
    assert float(second["ΔV, outer, % of true volume low"]) < -9.9 < float(second["ΔV, outer, % of true volume high"])


def test_every_candidate_is_listed_with_its_end(report: Report) -> None:
    listed = rows_of(report, "search-1-candidates.csv")
    assert [row["On the front"] for row in listed] == ["yes", "yes", "no", "no"]
    assert listed[3]["Dice, inner"] == ""
    assert listed[3]["State"] == "diverged: the training loss became nan at step 5 of epoch 1"


def test_candidates_that_were_not_judged_are_in_no_comparison_and_do_not_count_as_missing(report: Report) -> None:
    (panel,) = report.panels
    assert panel.panel.settings == ("dice ε=1e-06", "dice ε=0.1")
    assert (report.completeness.trials, report.completeness.searched, report.completeness.finished) == (3, 1, 2)
    assert [item.state for item in report.completeness.unfinished] == ["diverged"]


def test_the_answer_says_what_was_chosen_on(report: Report) -> None:
    text = to_markdown(report)
    assert "A search tried 4 settings and chose 2 of them on inner cases" in text.partition("## ")[2]


def test_figures_are_the_front_and_one_per_argument_and_objective(report: Report) -> None:
    page = to_html(report)
    for slug in ("search-1-pareto", "search-1-epsilon-dice", "search-1-epsilon-abs_bias"):
        assert f'id="{slug}-' in page
    assert "front, outer" in page
    assert {"search-1-front.tex", "search-1-candidates.tex"} <= set(to_latex(report))


def test_with_one_objective_the_front_is_the_best() -> None:
    sweep, search = searched(("dice",))
    place = search.schema.get_field_index("front")
    search = search.set_column(place, SEARCH.field("front"), pa.array([False, True, False, False]))
    report = build_report(*sweep.tables(), SETTINGS, name="searched", search=search)
    assert [row["Setting"] for row in rows_of(report, "search-1-front.csv")] == ["dice ε=0.1"]
    assert "front, inner" not in to_html(report)


def test_a_member_that_was_not_judged_yet_says_so() -> None:
    sweep, search = searched()
    sweep.trials[0]["state"], sweep.cases = "interrupted", [row for row in sweep.cases if row["trial"] != "0" * 16]
    report = build_report(*sweep.tables(), SETTINGS, name="searched", search=search)
    assert "not judged yet" in to_markdown(report)


def test_stopped_trials_are_said_to_be_stopped_not_missing() -> None:
    stop = trial_row("b" * 16, Effect("jaccard", "jaccard"), state="stopped", reason="stopped by ASHA at epoch 5")
    sweep, _ = searched()
    sweep.trials = [*sweep.trials[:2], stop]
    report = build_report(*sweep.tables(), SETTINGS, name="halved")
    assert [panel.panel.settings for panel in report.panels] == [("dice ε=1e-06", "dice ε=0.1")]
    text = to_markdown(report)
    assert "1 of 3 trials were stopped before their end" in text
    assert "Incomplete" not in text
    assert "stopped by ASHA at epoch 5" in text
