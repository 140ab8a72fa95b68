"""The pictures of a sweep: gathered from the runs that hold them, kept beside the tables, never required."""

import shutil

from launching import Bench

from segsweep.orchestration.sweep_report import report_again
from segsweep.records.schemas import OVERLAYS
from segsweep.records.tables import read
from segsweep.reports.examples import wanted_pictures
from segsweep.tracking.protocol import CASES_FILE, OVERLAYS_FILE, Tracker

FOLDS = {"k": 3, "run": [0, 1, 2]}


def no_store() -> Tracker:
    raise AssertionError("the store was opened")


def images(bench: Bench) -> int:
    return bench.pages()["report.html"].count(b"<img ")


def test_a_finished_run_holds_the_best_median_and_worst_case_of_its_label(bench: Bench) -> None:
    bench.launch()
    runs = [run for run in bench.tracker.runs.values() if OVERLAYS_FILE in run.tables]
    assert len(runs) == 2
    for run in runs:
        kept = {row["rank"]: row for row in run.tables[OVERLAYS_FILE].to_pylist()}
        scores = {row["case"]: row["dice"] for row in run.tables[CASES_FILE].to_pylist()}
        assert set(kept) == {"best", "median", "worst"}
        assert kept["best"]["dice"] == max(scores.values())
        assert kept["worst"]["dice"] == min(scores.values())
        assert all(scores[row["case"]] == row["dice"] for row in kept.values())


def test_a_sweep_keeps_the_pictures_that_its_report_shows_and_no_others(bench: Bench) -> None:
    bench.launch(folds=FOLDS)
    tables = bench.tables()
    kept = read(bench.home.sweep("tiny") / OVERLAYS_FILE, OVERLAYS)
    keys = set(zip(*(kept[name].to_pylist() for name in ("trial", "case", "label")), strict=True))
    assert keys == wanted_pictures(tables.trials, tables.cases)
    assert kept.num_rows == len(keys) <= 2 * 3
    assert images(bench) == 2 * 3


def test_the_report_of_a_sweep_that_shows_pictures_is_made_again_with_them(bench: Bench) -> None:
    bench.launch()
    report_again("tiny", bench.home, no_store, {})
    assert images(bench) == 2 * 3


def test_a_run_of_an_earlier_version_has_no_pictures_and_is_reported(bench: Bench) -> None:
    bench.launch()
    for run in bench.tracker.runs.values():
        run.tables.pop(OVERLAYS_FILE, None)
    shutil.rmtree(bench.home.sweep("tiny"))
    report_again("tiny", bench.home, lambda: bench.tracker, {})
    assert images(bench) == 0
    assert b"Best, median and worst cases" in bench.pages()["report.html"]


def test_a_folder_of_an_earlier_version_is_reported_from(bench: Bench) -> None:
    bench.launch()
    (bench.home.sweep("tiny") / OVERLAYS_FILE).unlink()
    report_again("tiny", bench.home, no_store, {})
    assert images(bench) == 0
