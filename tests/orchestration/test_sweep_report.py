"""A sweep's report is a function of what is tracked, whether its tables lie in the folder or in the store."""

import shutil

import pytest
from launching import Bench, Switch

from segsweep.errors import TrackingError
from segsweep.orchestration.collect import collect, refresh
from segsweep.orchestration.home import Home
from segsweep.orchestration.status import sweep_status
from segsweep.orchestration.sweep_report import gather, report_again
from segsweep.records.manifest import PENDING, Manifest, ManifestEntry
from segsweep.records.rows import trial_row
from segsweep.tracking.describe import describe_trial
from segsweep.tracking.memory import MemoryTracker
from segsweep.tracking.protocol import TRIALS_FILE, Tracker

TWO_FOLDS = {"k": 2, "run": [0, 1]}
INTERRUPTED = {"folds": TWO_FOLDS, "grid": [{"loss": ["ce", "own_losses:interrupted_if_switched_on"]}]}


def no_store() -> Tracker:
    raise AssertionError("the store was opened")


def test_a_report_from_the_kept_tables_opens_no_store_and_is_the_launchs_own(bench: Bench) -> None:
    launched = bench.launch()
    pages = bench.pages()
    for name in pages.keys() & {"report.html", "report.md"}:
        (bench.home.sweep("tiny") / name).unlink()
    report = report_again("tiny", bench.home, no_store, {})
    assert bench.pages() == pages
    assert report == launched.report


def test_a_report_from_the_store_is_the_same(bench: Bench) -> None:
    bench.launch()
    pages, tables = bench.pages(), bench.tables()
    shutil.rmtree(bench.home.sweep("tiny"))
    report_again("tiny", bench.home, lambda: bench.tracker, {})
    assert bench.pages() == pages
    assert bench.tables() == tables


def test_tables_of_a_shared_store_are_never_taken_from_the_folder(bench: Bench) -> None:
    shared = Home(bench.home.folder, "http://elsewhere.example")
    bench.launch()
    with pytest.raises(AssertionError, match="the store was opened"):
        report_again("tiny", shared, no_store, {})


def test_changed_settings_change_a_report_and_not_the_tables(bench: Bench) -> None:
    bench.launch()
    pages, tables = bench.pages(), bench.tables()
    report_again("tiny", bench.home, no_store, {"metric": "jaccard"})
    assert bench.pages()["report.md"] != pages["report.md"]
    assert bench.tables() == tables
    report_again("tiny", bench.home, no_store, {})
    assert bench.pages() == pages


def test_settings_changed_in_the_grid_are_reported_without_a_trial_run_again(bench: Bench) -> None:
    bench.launch()
    launched = bench.launch(report={"resamples": 200, "metric": "jaccard"})
    assert launched.started == 0
    assert "mean Jaccard" in launched.report.summary
    assert "mean Jaccard" in report_again("tiny", bench.home, no_store, {}).summary


def test_trials_that_never_ran_are_rows_with_their_reason(bench: Bench, own_losses: Switch) -> None:
    own_losses(True)
    with pytest.raises(KeyboardInterrupt):
        bench.launch(**INTERRUPTED)
    _, tables = gather("tiny", bench.home, lambda: bench.tracker)
    rows = [(row["loss"], row["fold"], row["state"], row["reason"]) for row in tables.trials.to_pylist()]
    mine = "own_losses:interrupted_if_switched_on"
    assert rows == [
        ("ce", 0, "interrupted", "its process ended before it did"),
        (mine, 0, "interrupted", "its process ended before it did"),
        ("ce", 1, "pending", "never started"),
        (mine, 1, "pending", "never started"),
    ]
    assert len(tables.cases) == 0
    assert "0 of 4 trials finished" in report_again("tiny", bench.home, lambda: bench.tracker, {}).summary


def test_in_mid_sweep_a_trial_runs_or_has_not_been_started(bench: Bench, memory_tracker: MemoryTracker) -> None:
    first, second = bench.trials()[:2]
    memory_tracker.open_run(memory_tracker.open_sweep("tiny", {}), describe_trial(first, fence=0))
    entries = tuple(ManifestEntry(trial_row(trial, state=PENDING), ()) for trial in (first, second))
    tables = collect(refresh(Manifest("tiny", {}, entries), memory_tracker), memory_tracker)
    rows = [(row["state"], row["reason"]) for row in tables.trials.to_pylist()]
    assert rows == [("running", "it has not ended"), ("pending", "never started")]


def test_a_failed_trial_is_a_row_with_its_reason_and_no_cases(bench: Bench, own_losses: Switch) -> None:
    launched = bench.launch(grid=[{"loss": ["ce", "own_losses:raises"]}])
    finished, failed = bench.tables().trials.to_pylist()
    assert (finished["state"], finished["reason"], finished["epochs"]) == ("finished", None, 2)
    assert (failed["state"], failed["reason"]) == ("failed", "ValueError: no [/such] voxel")
    assert failed["run_id"] == launched.manifest.entries[1].run_id
    assert set(bench.tables().cases["trial"].to_pylist()) == {finished["trial"]}
    assert "1 of 2 trials finished" in launched.report.summary


def test_a_sweep_without_a_single_finished_trial_is_reported(bench: Bench, own_losses: Switch) -> None:
    launched = bench.launch(grid=[{"loss": "own_losses:raises"}])
    assert "0 of 1 trial finished" in launched.report.summary
    assert launched.report.html.is_file()


def test_tables_gathered_in_mid_sweep_are_not_taken_for_its_last_ones(bench: Bench, own_losses: Switch) -> None:
    # what a look at a running sweep leaves in its folder must not outlive it
    own_losses(True)
    with pytest.raises(KeyboardInterrupt):
        bench.launch(**INTERRUPTED)
    report_again("tiny", bench.home, lambda: bench.tracker, {})
    trial = bench.trials(**INTERRUPTED)[0]
    own_losses(False)
    # another sweep finishes one of its trials meanwhile
    bench.launch(name="other", folds={"k": 2, "run": [0]}, grid=[{"loss": "ce"}])
    _, tables = gather("tiny", bench.home, lambda: bench.tracker)
    assert [row["state"] for row in tables.trials.to_pylist() if row["trial"] == trial.id] == ["finished"]


def test_the_parent_holds_the_pages_and_tables_of_the_folder(bench: Bench, memory_tracker: MemoryTracker) -> None:
    bench.launch()
    parent = memory_tracker.find_sweep("tiny")
    assert parent is not None
    files = memory_tracker.runs[parent].files
    tables = {"trials.parquet", "cases.parquet", "overlays.parquet"}
    assert set(files) == {"grid.yaml", "trials.json", "report.html", "report.md", *tables}
    folder = bench.home.sweep("tiny")
    for name in set(files) - {"grid.yaml"}:
        assert files[name] == (folder / name).read_bytes()


def test_no_sweep_of_that_name(bench: Bench) -> None:
    with pytest.raises(TrackingError, match=r"^no sweep named 'tiny' in sqlite:///.*/mlflow\.db$"):
        report_again("tiny", bench.home, lambda: bench.tracker, {})
    assert not (bench.home.sweep("tiny") / TRIALS_FILE).exists()


def test_status_asks_the_runs_not_the_manifest(bench: Bench, own_losses: Switch) -> None:
    own_losses(True)
    with pytest.raises(KeyboardInterrupt):
        bench.launch(**INTERRUPTED)
    states = [entry.state for entry in sweep_status("tiny", bench.tracker).entries]
    assert states == ["interrupted", "interrupted", "pending", "pending"]


def test_status_of_no_sweep(memory_tracker: MemoryTracker) -> None:
    with pytest.raises(TrackingError, match=r"^no sweep named 'tiny' is tracked here$"):
        sweep_status("tiny", memory_tracker)
