"""How a sweep stands, and what its report says where trials have failed."""

import pytest
from launching import Bench, states_of

from segsweep.errors import TrackingError
from segsweep.orchestration.status import sweep_status
from segsweep.tracking.memory import MemoryTracker
from segsweep.tracking.protocol import Ending

FAILS = "user_losses:raises"


def test_a_launched_sweep_stands_as_its_launch_said(bench: Bench, memory_tracker: MemoryTracker) -> None:
    launched = bench.launch()
    assert sweep_status("tiny", memory_tracker) == launched.manifest


def test_a_trial_that_is_run_elsewhere_is_seen_running(bench: Bench, memory_tracker: MemoryTracker) -> None:
    bench.launch()
    trial = bench.trials(grid={"loss": "jaccard"})[0]
    bench.launch(grid={"loss": ["ce", "jaccard"]})
    run = next(run for run in memory_tracker.runs.values() if run.description.tags.get("segsweep.trial") == trial.id)
    run.ending = Ending("running")
    assert [entry.state for entry in sweep_status("tiny", memory_tracker).entries] == ["finished", "running"]


def test_a_sweep_that_is_not_there(memory_tracker: MemoryTracker) -> None:
    with pytest.raises(TrackingError, match=r"^no sweep named 'other' is tracked here$"):
        sweep_status("other", memory_tracker)


@pytest.mark.parametrize("losses", [["dice", FAILS], [FAILS]], ids=["one of two", "all"])
def test_failures_are_named_in_the_report(bench: Bench, losses: list[str]) -> None:
    launched = bench.launch(grid={"loss": losses})
    assert states_of(launched)[FAILS] == "failed"
    assert "RuntimeError: shapes [B, C] and [/B] do not fit" in bench.pages()["report.html"].decode()
