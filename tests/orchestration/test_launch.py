"""Launching a sweep: what runs, what does not run again, what is found again."""

import os
from collections.abc import Callable

import pytest
from grids import PHANTOM
from launching import Bench, Switch, losses_of, runs_of, states_of
from tiny_datasets import write_pictures

from segsweep.errors import DataError, GridError, OutageError
from segsweep.orchestration import delivering
from segsweep.orchestration.launch import Launch
from segsweep.orchestration.left import left_to_run
from segsweep.orchestration.planning import plan_sweep
from segsweep.records.manifest import Manifest
from segsweep.tracking.memory import MemoryTracker
from segsweep.tracking.protocol import CASES_FILE, SWEEP_FILE, TRIALS_FILE, Ending, Undelivered

TWO_FOLDS = {"k": 2, "run": [0, 1]}


def kept_manifest(tracker: MemoryTracker, sweep: str = "tiny") -> Manifest:
    """What the parent run says of its trials, without asking their runs."""
    parent = tracker.find_sweep(sweep)
    assert parent is not None
    return Manifest.from_json(tracker.read_file(parent, SWEEP_FILE))


def test_a_launch_runs_every_trial_of_its_grid_once(bench: Bench, memory_tracker: MemoryTracker) -> None:
    launched = bench.launch(folds=TWO_FOLDS)
    assert launched.started == 4
    assert [entry.state for entry in launched.manifest.entries] == ["finished"] * 4
    assert losses_of(runs_of(memory_tracker, "trial")) == ["ce", "dice", "ce", "dice"]
    assert len(runs_of(memory_tracker, "warm start")) == 2


@pytest.mark.parametrize("request_", ["running", "find", "write_files", "close_sweep"])
def test_a_report_outlasts_a_store_that_is_away_once_all_trials_have_been_delivered(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, request_: str
) -> None:
    monkeypatch.setattr(delivering, "_PAUSE", 0.01)
    undisturbed, delivered, asked = getattr(bench.tracker, request_), bench.tracker.deliver, 0

    def away_three_times(*arguments: object) -> object:
        nonlocal asked
        asked += 1
        if asked <= 3:
            raise OutageError("the server does not answer")
        return undisturbed(*arguments)

    def deliver(patience: float, told: Callable[[int], None]) -> tuple[Undelivered, ...]:
        if patience > 0:  # the last trial has ended
            monkeypatch.setattr(bench.tracker, request_, away_three_times)
        return delivered(patience, told)

    monkeypatch.setattr(bench.tracker, "deliver", deliver)
    launched = bench.launch()
    assert asked > 3
    assert states_of(launched) == {"ce": "finished", "dice": "finished"}
    assert bench.tables().trials["state"].to_pylist() == ["finished", "finished"]


def test_a_report_does_not_wait_for_ever_for_a_store_that_stays_away(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stays_away(*arguments: object) -> None:
        raise OutageError("the server does not answer")

    monkeypatch.setattr(delivering, "PATIENCE", 0.05)
    monkeypatch.setattr(delivering, "_PAUSE", 0.01)
    with monkeypatch.context() as outage:
        outage.setattr(bench.tracker, "close_sweep", stays_away)
        with pytest.raises(OutageError):
            bench.launch()
    assert bench.launch().started == 0


def test_a_second_launch_runs_nothing_and_gives_the_same_report(bench: Bench, memory_tracker: MemoryTracker) -> None:
    bench.launch()
    pages, runs = bench.pages(), len(memory_tracker.runs)
    again = bench.launch()
    assert again.started == 0
    assert len(memory_tracker.runs) == runs
    assert bench.pages() == pages


def test_a_grid_with_one_more_loss_runs_only_that_loss(bench: Bench, memory_tracker: MemoryTracker) -> None:
    bench.launch()
    launched = bench.launch(grid=[{"loss": ["ce", "dice", "jaccard"]}])
    assert launched.started == 1
    assert states_of(launched) == {"ce": "finished", "dice": "finished", "jaccard": "finished"}
    assert losses_of(runs_of(memory_tracker, "trial")) == ["ce", "dice", "jaccard"]
    assert len(runs_of(memory_tracker, "warm start")) == 1


def test_two_sweeps_share_finished_trials_and_name_them_each_in_its_way(
    bench: Bench, memory_tracker: MemoryTracker
) -> None:
    first = bench.launch()
    phantom = first.manifest.entries[0].row
    # a second learning rate in the grid makes the rate part of every name
    second = bench.launch(
        name="other",
        datasets={"phantom": PHANTOM, "name": "squares"},
        grid=[{"loss": ["ce", "dice"], "lr": [0.01, 0.02]}],
    )
    assert second.started == 2
    names = {entry.trial: (entry.row["setting"], entry.row["dataset"]) for entry in second.manifest.entries}
    assert names[str(phantom["trial"])] == ("ce lr=0.01", "squares")
    parent = memory_tracker.find_sweep("other")
    assert parent is not None
    kept = bench.home.sweep("other")
    for name in (TRIALS_FILE, CASES_FILE):
        assert memory_tracker.read_file(parent, name) == (kept / name).read_bytes()
    assert tables_of(bench, "other") == (
        {
            ("ce lr=0.01", "squares"),
            ("ce lr=0.02", "squares"),
            ("dice lr=0.01", "squares"),
            ("dice lr=0.02", "squares"),
        },
        {"squares"},
    )
    bench.launch()
    assert tables_of(bench, "tiny") == ({("ce", "phantoms"), ("dice", "phantoms")}, {"phantoms"})


def tables_of(bench: Bench, sweep: str) -> tuple[set[tuple[str, str]], set[str]]:
    """(settings with their datasets) of a sweep's trials table, datasets of its cases table."""
    tables = bench.tables(sweep)
    trials = {(row["setting"], row["dataset"]) for row in tables.trials.to_pylist()}
    return trials, set(tables.cases["dataset"].to_pylist())


def test_the_manifest_of_the_parent_lists_every_trial_with_its_state_and_run(
    bench: Bench, memory_tracker: MemoryTracker, own_losses: Switch
) -> None:
    bench.launch(grid=[{"loss": ["ce", "own_losses:raises", "own_losses:nan"]}])
    runs = {run.description.parameters["loss"]: run for run in runs_of(memory_tracker, "trial")}
    assert [(entry.row["loss"], entry.state, entry.run_id) for entry in kept_manifest(memory_tracker).entries] == [
        ("ce", "finished", runs["ce"].run_id),
        ("own_losses:raises", "failed", runs["own_losses:raises"].run_id),
        ("own_losses:nan", "diverged", runs["own_losses:nan"].run_id),
    ]


def test_the_parent_holds_the_grid_as_it_was_written(bench: Bench, memory_tracker: MemoryTracker) -> None:
    bench.launch()
    parent = memory_tracker.find_sweep("tiny")
    assert parent is not None
    assert memory_tracker.read_file(parent, "grid.yaml") == (bench.folder / "grid.yaml").read_bytes()
    assert memory_tracker.runs[parent].state == "finished"


def test_a_failed_trial_is_recorded_with_reason_and_traceback_and_the_others_go_on(
    bench: Bench, memory_tracker: MemoryTracker, own_losses: Switch
) -> None:
    launched = bench.launch(grid=[{"loss": ["ce", "own_losses:raises", "dice"]}])
    assert states_of(launched) == {"ce": "finished", "own_losses:raises": "failed", "dice": "finished"}
    entry = launched.manifest.entries[1]
    assert entry.reason == "ValueError: no [/such] voxel"
    traceback = memory_tracker.read_file(str(entry.run_id), "traceback.txt").decode()
    assert traceback.startswith("Traceback (most recent call last):")
    assert traceback.endswith("ValueError: no [/such] voxel\nand a second line\n")
    assert "own_losses.py" in traceback


def test_a_failed_trial_runs_again_only_when_asked_to(
    bench: Bench, memory_tracker: MemoryTracker, own_losses: Switch
) -> None:
    grid = [{"loss": ["ce", "own_losses:raises_if_switched_on"]}]
    own_losses(True)
    assert states_of(bench.launch(grid=grid))["own_losses:raises_if_switched_on"] == "failed"
    own_losses(False)
    unchanged = bench.launch(grid=grid)
    assert unchanged.started == 0
    assert states_of(unchanged)["own_losses:raises_if_switched_on"] == "failed"
    again = bench.launch(grid=grid, again=True)
    assert again.started == 1
    assert set(states_of(again).values()) == {"finished"}
    assert len(runs_of(memory_tracker, "warm start")) == 1
    assert bench.launch(grid=grid, again=True).started == 0


def test_failures_are_settled_unless_they_are_run_again(bench: Bench, own_losses: Switch) -> None:
    bench.launch(grid=[{"loss": ["ce", "own_losses:raises"]}])
    planned = plan_sweep(bench.folder / "grid.yaml")
    finished, failed = planned.plan.trials
    left = left_to_run(planned, bench.tracker)
    assert (left.trials, left.finished, list(left.settled)) == ((), (finished,), [failed.id])
    assert left.settled[failed.id].reason == "ValueError: no [/such] voxel"
    left = left_to_run(planned, bench.tracker, again=True)
    assert (left.trials, left.finished, left.settled) == ((failed,), (finished,), {})


def test_a_nan_ends_its_trial_as_diverged_and_the_others_go_on(bench: Bench, own_losses: Switch) -> None:
    launched = bench.launch(grid=[{"loss": ["own_losses:nan", "dice"]}])
    assert states_of(launched) == {"own_losses:nan": "diverged", "dice": "finished"}
    assert str(launched.manifest.entries[0].reason).endswith("loss became nan at step 1 of epoch 1")
    tables = bench.tables("tiny")
    assert set(tables.cases["trial"].to_pylist()) == {launched.manifest.entries[1].trial}
    assert tables.trials["state"].to_pylist() == ["diverged", "finished"]


def test_an_interrupt_marks_the_sweep_and_its_open_runs_and_the_next_launch_goes_on(
    bench: Bench, memory_tracker: MemoryTracker, own_losses: Switch
) -> None:
    changes = {"folds": TWO_FOLDS, "grid": [{"loss": ["ce", "own_losses:interrupted_if_switched_on"]}]}
    own_losses(True)
    with pytest.raises(KeyboardInterrupt):
        bench.launch(**changes)
    parent = memory_tracker.find_sweep("tiny")
    assert parent is not None
    assert memory_tracker.runs[parent].state == "interrupted"
    assert [run.state for run in runs_of(memory_tracker, "trial")] == ["interrupted", "interrupted"]
    own_losses(False)
    launched = bench.launch(**changes)
    assert launched.started == 4
    assert [entry.state for entry in launched.manifest.entries] == ["finished"] * 4
    assert memory_tracker.runs[parent].state == "finished"
    assert len(runs_of(memory_tracker, "warm start")) == 2


def test_finished_slices_of_an_interrupted_launch_are_not_run_again(
    bench: Bench, memory_tracker: MemoryTracker, own_losses: Switch
) -> None:
    # two cohorts: the first has ended when the second is interrupted
    blocks = [{"loss": "ce"}, {"loss": "own_losses:interrupted_if_switched_on", "warm_start": "none"}]
    own_losses(True)
    with pytest.raises(KeyboardInterrupt):
        bench.launch(grid=blocks)
    own_losses(False)
    launched = bench.launch(grid=blocks)
    assert launched.started == 1
    assert losses_of(runs_of(memory_tracker, "trial")) == ["ce"] + ["own_losses:interrupted_if_switched_on"] * 2


def test_a_trial_that_a_dead_process_left_open_runs_again(bench: Bench, memory_tracker: MemoryTracker) -> None:
    trials = bench.trials()
    left_open = bench.open_run(trials[0])
    launched = bench.launch()
    assert launched.started == 2
    assert memory_tracker.runs[left_open].state == "interrupted"
    assert launched.manifest.entries[0].state == "finished"
    assert launched.manifest.entries[0].run_id != left_open


def test_a_sweep_that_is_being_launched_cannot_be_launched_beside_it(
    bench: Bench, memory_tracker: MemoryTracker
) -> None:
    planned = plan_sweep(bench.grid())
    with (
        Launch(planned, memory_tracker, bench.home),
        pytest.raises(GridError, match=rf"^tiny: this sweep is being launched by process {os.getpid()} on \S+$"),
    ):
        bench.launch()
    assert bench.launch().started == 2


def test_bad_data_stops_a_launch_and_leaves_no_run_behind(bench: Bench, memory_tracker: MemoryTracker) -> None:
    folder = write_pictures(bench.folder / "pictures")
    (folder / "images" / "case-03.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"^\S+/grid\.yaml: case case-03: \S+/case-03\.png cannot be read: "):
        bench.launch(datasets={"folder": str(folder)})
    assert memory_tracker.runs == {}


def test_bad_data_of_a_grown_grid_leaves_the_finished_sweep_as_it_was(
    bench: Bench, memory_tracker: MemoryTracker
) -> None:
    bench.launch()
    pages, runs = bench.pages(), len(memory_tracker.runs)
    folder = write_pictures(bench.folder / "pictures")
    (folder / "masks" / "case-03.png").write_bytes(b"no picture")
    with pytest.raises(DataError):
        bench.launch(datasets=[{"phantom": PHANTOM, "name": "phantoms"}, {"folder": str(folder)}])
    parent = memory_tracker.find_sweep("tiny")
    assert parent is not None
    assert memory_tracker.runs[parent].state == "finished"
    assert (bench.pages(), len(memory_tracker.runs)) == (pages, runs)


def test_another_sweep_can_be_launched_beside_it(bench: Bench, memory_tracker: MemoryTracker) -> None:
    with Launch(plan_sweep(bench.grid(name="other")), memory_tracker, bench.home):
        assert bench.launch().started == 2


def test_progress_tells_every_slice_from_its_data_to_its_end(bench: Bench) -> None:
    bench.launch(folds=TWO_FOLDS)
    assert {count for count, _, _ in bench.events} == {2}
    for number in (0, 1):
        events = [event for _, _, event in bench.events if event.number == number]
        phases = list(dict.fromkeys(event.phase for event in events))
        assert phases == ["data", "warm start", "training", "evaluation", "ended"]
        assert all(0 <= event.done <= 1 for event in events)
        piece = next(piece for _, piece, event in bench.events if event.number == number)
        assert events[-1].endings == {trial.id: Ending("finished") for trial in piece}


def test_a_warm_start_that_cannot_be_trained_fails_its_cohort_and_no_other(bench: Bench) -> None:
    # weights of 1e38 overflow in the first step
    blocks = [{"loss": ["ce", "dice"]}, {"loss": "ce", "warm_start": "none"}]
    launched = bench.launch(warm_start={"epochs": 1, "lr": 1e38}, grid=blocks)
    assert [entry.state for entry in launched.manifest.entries] == ["failed", "failed", "finished"]
    assert str(launched.manifest.entries[0].reason).startswith("the warm start diverged")
