"""A launch that may not last long starts what fits; the next one does the rest. The forecast is made up by hand."""

import time
from collections.abc import Callable

import pytest
from launching import Bench, losses_of, runs_of, states_of
from measurements import measured

from segsweep.orchestration.forecast import AROUND_SECONDS
from segsweep.orchestration.in_process import InProcessExecutor
from segsweep.orchestration.launch import Launch, Launched
from segsweep.orchestration.left import left_to_run
from segsweep.orchestration.outlook import recalled
from segsweep.orchestration.planning import Planned, plan_sweep
from segsweep.orchestration.remembered import Conditions, Probed, remember
from segsweep.orchestration.spent import trained
from segsweep.orchestration.time_limit import time_limit
from segsweep.spec.settings import Resources
from segsweep.terminal import verbs
from segsweep.tracking.memory import MemoryTracker
from segsweep.training.workload import by_shape

LONG = {"loss": "lovasz", "epochs": 3000, "patience": 1, "lr": 1e-12, "warm_start": "none"}
"""Forecast to take hours; it learns nothing, and stops after an epoch or two."""
GRID = [{"loss": ["ce", "dice"]}, LONG]

Launching = Callable[[float], Launched]


@pytest.fixture
def planned(bench: Bench) -> Planned:
    return plan_sweep(bench.grid(grid=GRID))


@pytest.fixture
def launch(bench: Bench, planned: Planned) -> Launching:
    """Launches as `segsweep launch --max-hours` does, with every step remembered to take 8 seconds."""
    executor = InProcessExecutor()
    conditions = Conditions(executor.nodes(), Resources(), 1)
    for name, trials in by_shape(planned.plan.trials).items():
        remember(bench.home.measurements, name, conditions, Probed(0.0, measured(trials)))

    def run(hours: float) -> Launched:
        with Launch(planned, bench.tracker, bench.home) as started:
            left = left_to_run(planned, bench.tracker)
            outlook = recalled(planned, executor, bench.home.measurements)
            may_start = time_limit(hours, time.monotonic(), outlook, trained=trained(bench.home.blobs))
            return started.run(left, executor, lambda *event: bench.events.append(event), may_start=may_start)

    return run


def test_what_does_not_fit_stays_pending_and_the_next_launch_runs_it(
    launch: Launching, memory_tracker: MemoryTracker, capsys: pytest.CaptureFixture[str]
) -> None:
    first = launch(1.0)
    assert states_of(first) == {"ce": "finished", "dice": "finished", "lovasz": "pending"}
    assert (first.started, first.postponed) == (2, 1)
    verbs.print_launched(first)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "pending: lovasz lr=1e-12 epochs=3000 patience=1 from scratch fold 0: never started"
    assert lines[-1] == "1 trial would have ended after --max-hours; the same command goes on with them"
    second = launch(1000.0)
    assert set(states_of(second).values()) == {"finished"}
    assert (second.started, second.postponed) == (1, 0)
    assert losses_of(runs_of(memory_tracker, "trial")) == ["ce", "dice", "lovasz"]


def test_within_no_time_nothing_starts_and_there_is_a_report(launch: Launching, memory_tracker: MemoryTracker) -> None:
    launched = launch(AROUND_SECONDS / 3600)
    assert set(states_of(launched).values()) == {"pending"}
    assert (launched.started, launched.postponed) == (0, 3)
    assert launched.report.html.is_file()
    assert runs_of(memory_tracker, "trial") == []


def test_the_trials_table_says_what_was_expected_of_each(bench: Bench, launch: Launching, planned: Planned) -> None:
    launch(1000.0)
    arranged = recalled(planned, InProcessExecutor(), bench.home.measurements).arrange(planned.plan.trials)
    assert arranged.forecast is not None
    rows = {row["trial"]: row["forecast_seconds"] for row in bench.tables().trials.to_pylist()}
    assert rows == pytest.approx(arranged.forecast.trials)
    # the slice of 3000 epochs comes first, though it is last in the grid
    assert next(piece for _, piece, event in bench.events if event.phase == "ended") == planned.plan.trials[2:]


def test_without_measurements_nothing_is_expected_and_most_epochs_come_first(bench: Bench) -> None:
    bench.launch(grid=GRID)
    assert bench.tables().trials["forecast_seconds"].null_count == 3
    assert not bench.home.measurements.exists()
    ended = [piece for _, piece, event in bench.events if event.phase == "ended"]
    assert [[trial.loss.name for trial in piece] for piece in ended] == [["lovasz"], ["ce", "dice"]]
