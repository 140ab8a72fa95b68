"""A search from its grid file to its report, in this process."""

from pathlib import Path
from typing import Any

import pytest
from launching import Bench, runs_of
from tiny_datasets import write_pictures

from segsweep.orchestration.executor import CandidateEvent
from segsweep.orchestration.in_process import InProcessExecutor
from segsweep.orchestration.launch import Launch, Launched
from segsweep.orchestration.planning import check_all, plan_sweep
from segsweep.orchestration.sweep_report import gather
from segsweep.records.schemas import SEARCH
from segsweep.records.tables import read
from segsweep.store.keys import CHECKPOINTS, owner
from segsweep.tracking.memory import MemoryTracker
from segsweep.tracking.protocol import CASES_FILE, SEARCH_FILE

GRID = [{"loss": "dice", "epsilon": {"low": 1.0e-7, "high": 1.0e3, "log": True}}, {"loss": "ce"}]
TRAIN = {"epochs": 3, "lr": 0.3, "batch_size": 2}
TRIALS = 5


class KilledError(BaseException):
    """Ends a launch wherever it stands; what a trial raises itself would be that trial's failure."""


def search(bench: Bench, kill_after: int | None = None, **changes: Any) -> tuple[Launched, list[CandidateEvent]]:
    """Launch as `segsweep.api.launch` does; `kill_after` so many candidates have ended, another one has begun."""
    events: list[CandidateEvent] = []

    def hear(event: CandidateEvent) -> None:
        events.append(event)
        if kill_after is not None and len(ended(events)) == kill_after and event.phase == "training":
            raise KilledError

    values = {"grid": GRID, "search": {"trials": TRIALS}, "warm_start": "none", "train": TRAIN, **changes}
    planned = plan_sweep(bench.grid(**values))
    with Launch(planned, bench.tracker, bench.home) as started:
        check_all(planned, lambda dataset, done, total: None, print)
        started.search(InProcessExecutor(), hear)
        left = started.left()
        if not left.trials:
            return started.report(), events
        return started.run(left, InProcessExecutor(), lambda *event: None), events


def ended(events: list[CandidateEvent]) -> list[CandidateEvent]:
    return [event for event in events if event.outcome is not None]


def rows(bench: Bench) -> list[dict[str, Any]]:
    return list(read(bench.home.sweep("tiny") / SEARCH_FILE, SEARCH).to_pylist())


def test_the_front_and_nothing_else_is_judged_on_outer_cases(bench: Bench, memory_tracker: MemoryTracker) -> None:
    launched, events = search(bench, search={"trials": TRIALS, "objectives": ["dice"]})
    assert len(ended(events)) == TRIALS
    members = {trial for row in rows(bench) if row["front"] for trial in row["trials"]}
    states = launched.manifest.states()
    assert {trial for trial, state in states.items() if state == "finished"} == members
    assert set(states.values()) == {"finished", "searched"}
    finished = [run for run in runs_of(memory_tracker, "trial") if run.state == "finished"]
    assert sorted(run.description.tags["segsweep.trial"] for run in finished) == sorted(members)
    cases = bench.tables().cases
    assert set(cases["trial"].to_pylist()) == members
    assert set(cases["split"].to_pylist()) == {"val"}
    assert launched.untried == 0


def test_the_front_alone_is_judged_on_a_test_set(bench: Bench, memory_tracker: MemoryTracker) -> None:
    held_out = {f"case-{number:02d}" for number in (2, 5, 9)}
    folder = write_pictures(bench.folder / "pictures", 12)
    search(bench, datasets={"folder": str(folder), "test": {"id": sorted(held_out)}}, search={"trials": 3})
    members = {trial for row in rows(bench) if row["front"] for trial in row["trials"]}
    seen = {
        row["trial"]
        for run in runs_of(memory_tracker, "trial")
        for row in run.tables[CASES_FILE].to_pylist()
        if row["split"] == "test" or row["case"] in held_out
    }
    assert seen == members
    judged = [row for row in bench.tables().cases.to_pylist() if row["case"] in held_out]
    assert {(row["trial"], row["case"], row["split"]) for row in judged} == {
        (trial, case, "test") for trial in members for case in held_out
    }
    assert len(judged) == len(members) * len(held_out)


def test_folds_and_seeds_are_means(bench: Bench, memory_tracker: MemoryTracker) -> None:
    search(bench, folds={"k": 2, "run": [0, 1]}, seeds=[0, 1], search={"trials": 2})
    runs = [run for run in runs_of(memory_tracker, "trial") if run.state == "searched"]
    for row in rows(bench):
        mine = [run for run in runs if run.description.tags["segsweep.trial"] in row["trials"]]
        assert len(row["trials"]) == len(mine) == 4
        assert row["dice"] == pytest.approx(sum(run.metrics["inner_dice"] for run in mine) / 4)


def test_a_killed_search_goes_on_with_its_study(bench: Bench, memory_tracker: MemoryTracker) -> None:
    with pytest.raises(KilledError):
        search(bench, kill_after=2)
    launched, events = search(bench)
    assert len(ended(events)) == TRIALS - 2
    found = rows(bench)
    assert [row["number"] for row in found] == list(range(1, TRIALS + 1))
    searched = [run for run in runs_of(memory_tracker, "trial") if run.state == "searched"]
    tried = {trial for row in found for trial in row["trials"]}
    assert sorted(run.description.tags["segsweep.trial"] for run in searched) == sorted(tried)
    assert launched.untried == 0


def test_launching_again_reports_again_and_more_candidates_go_on(bench: Bench, memory_tracker: MemoryTracker) -> None:
    search(bench)
    before, pages = len(memory_tracker.runs), bench.pages()
    _, events = search(bench)
    assert (events, len(memory_tracker.runs), bench.pages()) == ([], before, pages)
    _, events = search(bench, search={"trials": TRIALS + 2})
    assert len(ended(events)) == 2
    assert len(rows(bench)) == TRIALS + 2


def test_what_a_grid_has_finished_is_not_trained_again(bench: Bench, memory_tracker: MemoryTracker) -> None:
    search(bench, grid=[{"loss": ["ce", "dice"]}], search={"trials": 6, "sampler": "random"})
    trained = [run.description.tags["segsweep.trial"] for run in runs_of(memory_tracker, "trial")]
    searched = [run for run in runs_of(memory_tracker, "trial") if run.state == "searched"]
    assert len(searched) == 2, "a candidate that is drawn twice is trained once"
    bench.launch(grid=[{"loss": ["ce", "dice"]}], warm_start="none", train=TRAIN)
    assert {run.state for run in runs_of(memory_tracker, "trial")[len(trained) :]} <= {"finished"}


def test_a_candidate_that_diverges_is_recorded_and_is_no_result(bench: Bench) -> None:
    (bench.folder / "own_losses.py").write_text(
        "def nan(logits, target, share):\n    return (logits * float('nan') * share).mean()\n"
    )
    grid = [{"loss": "own_losses:nan", "args": {"share": {"low": 0.1, "high": 1}}}, {"loss": "ce"}]
    launched, _ = search(bench, grid=grid, search={"trials": 4, "sampler": "random", "seed": 2})
    diverged = [row for row in rows(bench) if row["state"] == "diverged"]
    assert diverged
    assert all(row["dice"] is None and not row["front"] and "nan" in row["reason"] for row in diverged)
    assert "diverged" in launched.manifest.states().values()


def test_checkpoints_are_kept_for_nobody(bench: Bench) -> None:
    launched, _ = search(bench)
    assert not {owner(blob.key) for blob in bench.home.blobs.list(CHECKPOINTS)} & launched.manifest.states().keys()


def test_the_report_is_rendered_again_from_what_is_tracked(bench: Bench, tmp_path: Path) -> None:
    search(bench)
    kept = rows(bench)
    pages = bench.pages()
    assert "search-1-front.csv" in pages
    assert b"search-1-pareto" in pages["report.html"]
    for path in bench.home.sweep("tiny").glob("*.parquet"):
        path.unlink()
    _, tables = gather("tiny", bench.home, lambda: bench.tracker)
    assert tables.search.to_pylist() == kept
