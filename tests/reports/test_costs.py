"""Forecast against actual time."""

import json

import pytest
from sweep_tables import LOSSES, Sweep, trial_row

from segsweep.reports.costs import Cost, costs, section
from segsweep.reports.document import Drawings, Paragraph, Table
from segsweep.reports.results import Results

CE, WCE, *_ = LOSSES


def row(name: str, effect: object = CE, **values: object) -> dict[str, object]:
    found = trial_row(name, effect, **values)  # type: ignore[arg-type]
    return found | {"spec": json.dumps({"train": {"epochs": 60}})}


def costs_of(*rows: dict[str, object]) -> tuple[Cost, ...]:
    return costs(Results(*Sweep(list(rows), []).tables()))


def printed(found: tuple[Cost, ...]) -> tuple[str, list[tuple[str, ...]], int]:
    """The sentence, the table's cells, and how many figures there are."""
    blocks = section(found).blocks
    (sentence,) = (block.text for block in blocks if isinstance(block, Paragraph))
    (table,) = (block for block in blocks if isinstance(block, Table))
    figures = [drawing for block in blocks if isinstance(block, Drawings) for drawing in block.figures]
    return sentence, [tuple(cell.text for cell in cells) for cells in table.rows], len(figures)


def test_trials_of_a_setting_are_added_up() -> None:
    found = costs_of(
        row("a", seconds=100.0, forecast_seconds=90.0, epochs=60),
        row("b", seconds=140.0, forecast_seconds=110.0, epochs=21, fold=1),
        row("c", WCE, seconds=60.0, forecast_seconds=100.0, epochs=60),
        row("d", state="failed", seconds=5.0),
        row("e", seconds=None, fold=2),
    )
    assert found == (
        Cost("hippocampus", CE.setting, 2, 240.0, 200.0, 81, 120),
        Cost("hippocampus", WCE.setting, 1, 60.0, 100.0, 60, 60),
    )
    assert printed(found) == (
        "3 trials took 5 min on workers. 5 min were expected: 1.00 of the forecast.",
        [
            ("hippocampus", "ce", "2", "81 of 120", "4 min", "3 min", "1.20"),
            ("hippocampus", "wce weight=balanced", "1", "60 of 60", "60 s", "2 min", "0.60"),
            ("all", "all", "3", "141 of 180", "5 min", "5 min", "1.00"),
        ],
        1,
    )


def test_a_setting_that_was_not_measured_has_no_forecast_and_is_not_compared() -> None:
    found = costs_of(
        row("a", seconds=30.0, forecast_seconds=20.0),
        row("b", WCE, seconds=1000.0, forecast_seconds=None),
    )
    sentence, rows, figures = printed(found)
    assert sentence == (
        "2 trials took 17 min on workers. 20 s were expected of 1 setting that had a forecast: 1.50 of the forecast."
    )
    assert [cells[-2:] for cells in rows] == [("20 s", "1.50"), ("–", "–"), ("–", "–")]
    assert figures == 1


def test_without_any_forecast_there_is_nothing_to_draw() -> None:
    sentence, rows, figures = printed(costs_of(row("a", seconds=30.0, forecast_seconds=None, epochs=None)))
    assert sentence == "1 trial took 30 s on workers. Nothing had been measured before, so there was no forecast."
    assert rows[0][3:] == ("–", "30 s", "–", "–")
    assert figures == 0


def test_results_that_name_no_limit_of_epochs_show_those_that_were_run() -> None:
    trial = trial_row("a", CE, epochs=41)
    (found,) = costs(Results(*Sweep([trial], []).tables()))
    assert (found.epochs, found.most_epochs) == (41, None)
    assert printed((found,))[1][0][3] == "41"


@pytest.mark.parametrize("datasets", [("a",), ("a", "b")])
def test_lines_name_the_dataset_where_there_are_several(datasets: tuple[str, ...]) -> None:
    found = costs_of(*(row(name, dataset=name) for name in datasets))
    (figures,) = (block.figures for block in section(found).blocks if isinstance(block, Drawings))
    assert ("a: ce" in figures[0].svg) is (len(datasets) > 1)
