"""A sweep from grid to report in this very process; launching again goes on where it was left."""

from pathlib import Path
from typing import Any

import pytest
from grids import tiny_sweep

from segsweep.errors import GridError, TrackingError
from segsweep.orchestration.executor import SliceEvent
from segsweep.orchestration.home import Home
from segsweep.orchestration.in_process import InProcessExecutor
from segsweep.orchestration.launch import Launch, Launched, left_to_run
from segsweep.orchestration.planning import Planned, plan_sweep
from segsweep.orchestration.slices import Slice
from segsweep.orchestration.status import sweep_status
from segsweep.orchestration.sweep_report import report_again
from segsweep.records.manifest import Manifest
from segsweep.records.schemas import CASES, TRIALS
from segsweep.records.tables import read
from segsweep.tracking.memory import MemoryTracker
from segsweep.tracking.protocol import CASES_FILE, SWEEP_FILE, TRIALS_FILE

FAILS = [{"loss": ["dice", "user_losses:raises"]}]


class Sweeper:
    """One home and one store, to which grids are launched."""

    def __init__(self, home: Home, tracker: MemoryTracker, folder: Path) -> None:
        self.home, self.tracker, self.folder = home, tracker, folder
        self.events: list[tuple[Slice, SliceEvent]] = []

    def plan(self, **changes: Any) -> Planned:
        path = self.folder / "grid.yaml"
        path.write_text(tiny_sweep(**changes))
        return plan_sweep(path)

    def launch(self, *, again: bool = False, **changes: Any) -> Launched:
        planned = self.plan(**changes)
        with Launch(planned, self.tracker, self.home) as started:
            left = left_to_run(planned, self.tracker, again=again)
            return started.run(left, InProcessExecutor(), lambda _, piece, event: self.events.append((piece, event)))

    def trial_runs(self) -> int:
        return sum(run.description.kind == "trial" for run in self.tracker.runs.values())

    def page(self) -> str:
        return next((self.home.sweep("tiny")).glob("*.html")).read_text()


@pytest.fixture
def sweeper(home: Home, memory_tracker: MemoryTracker, tmp_path: Path) -> Sweeper:
    return Sweeper(home, memory_tracker, tmp_path)


def states(launched: Launched) -> list[str]:
    return [entry.state for entry in launched.manifest.entries]


class TestOnce:
    def test_every_trial_is_run_and_reported(self, sweeper: Sweeper) -> None:
        launched = sweeper.launch(folds={"k": 2})
        assert (states(launched), launched.started) == (["finished"] * 4, 4)
        folder = sweeper.home.sweep("tiny")
        trials, cases = read(folder / TRIALS_FILE, TRIALS), read(folder / CASES_FILE, CASES)
        assert trials["trial"].to_pylist() == [trial.id for trial in sweeper.plan(folds={"k": 2}).plan.trials]
        assert cases.num_rows == 4 * 6
        assert (
            launched.report.html.read_text().startswith("<!doctype html>")
            or "<html" in launched.report.html.read_text()
        )

    def test_the_parent_run_holds_grid_manifest_and_report(self, sweeper: Sweeper) -> None:
        launched = sweeper.launch()
        parent = sweeper.tracker.find_sweep("tiny")
        assert parent is not None
        run = sweeper.tracker.runs[parent]
        assert run.state == "finished"
        assert run.files["grid.yaml"].decode() == tiny_sweep()
        assert Manifest.from_json(run.files[SWEEP_FILE]) == launched.manifest
        assert {CASES_FILE, TRIALS_FILE, launched.report.html.name} <= set(run.files)

    def test_one_slice_per_cohort_and_news_of_each(self, sweeper: Sweeper) -> None:
        sweeper.launch(folds={"k": 2})
        ended = [(piece, event) for piece, event in sweeper.events if event.phase == "ended"]
        assert [len(piece) for piece, _ in ended] == [2, 2]
        assert all(event.states == {trial.id: "finished" for trial in piece} for piece, event in ended)

    def test_status(self, sweeper: Sweeper) -> None:
        launched = sweeper.launch()
        assert sweep_status("tiny", sweeper.tracker) == launched.manifest
        with pytest.raises(TrackingError, match=r"^no sweep named 'other' is tracked here$"):
            sweep_status("other", sweeper.tracker)


class TestAgain:
    def test_the_same_grid_runs_nothing_and_gives_the_same_report(self, sweeper: Sweeper) -> None:
        sweeper.launch()
        before, runs = sweeper.page(), len(sweeper.tracker.runs)
        launched = sweeper.launch()
        assert (launched.started, len(sweeper.tracker.runs)) == (0, runs)
        assert sweeper.page() == before

    def test_one_loss_more_runs_only_that(self, sweeper: Sweeper) -> None:
        sweeper.launch()
        launched = sweeper.launch(grid=[{"loss": ["ce", "dice", "jaccard"]}])
        assert (launched.started, states(launched)) == (1, ["finished"] * 3)
        warm_starts = [run for run in sweeper.tracker.runs.values() if run.description.kind == "warm start"]
        assert len(warm_starts) == 1

    def test_another_sweep_finds_the_same_trials_under_its_own_names(self, sweeper: Sweeper) -> None:
        sweeper.launch()
        block = {"phantom": {"p": 0.3, "k": 4, "r": 1, "size": 16, "steps": 2, "validation": 4, "evaluation": 6}}
        launched = sweeper.launch(name="second", datasets={**block, "name": "renamed"})
        assert (launched.started, states(launched)) == (0, ["finished"] * 2)
        folder = sweeper.home.sweep("second")
        assert set(read(folder / CASES_FILE, CASES)["dataset"].to_pylist()) == {"renamed"}
        assert set(read(folder / TRIALS_FILE, TRIALS)["dataset"].to_pylist()) == {"renamed"}

    def test_failed_trials_are_left_as_they_are(self, sweeper: Sweeper) -> None:
        first = sweeper.launch(grid=FAILS)
        assert (states(first), first.started) == (["finished", "failed"], 2)
        assert sweeper.launch(grid=FAILS).started == 0

    def test_and_run_again_when_asked_to(self, sweeper: Sweeper) -> None:
        sweeper.launch(grid=FAILS)
        launched = sweeper.launch(grid=FAILS, again=True)
        assert (launched.started, states(launched)) == (1, ["finished", "failed"])
        assert sweeper.trial_runs() == 3

    def test_failures_are_named_in_the_report(self, sweeper: Sweeper) -> None:
        sweeper.launch(grid=FAILS)
        assert "shapes [B, C] and [/B] do not fit" in sweeper.page()

    def test_a_sweep_of_failures_alone_has_a_report_too(self, sweeper: Sweeper) -> None:
        launched = sweeper.launch(grid={"loss": "user_losses:raises"})
        assert states(launched) == ["failed"]
        assert "RuntimeError" in sweeper.page()


class TestInterrupted:
    def test_a_launch_that_is_stopped_goes_on_where_it_was_left(self, sweeper: Sweeper) -> None:
        changes = {"folds": {"k": 2}}
        planned = sweeper.plan(**changes)

        def stop(_: int, piece: Slice, event: SliceEvent) -> None:
            if event.number == 1 and event.phase == "training":
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt), Launch(planned, sweeper.tracker, sweeper.home) as started:
            started.run(left_to_run(planned, sweeper.tracker), InProcessExecutor(), stop)
        manifest = sweep_status("tiny", sweeper.tracker)
        assert [entry.state for entry in manifest.entries] == ["finished"] * 2 + ["interrupted"] * 2
        launched = sweeper.launch(**changes)
        assert (launched.started, states(launched)) == (2, ["finished"] * 4)

    def test_what_a_dead_process_left_open_is_run_again(self, sweeper: Sweeper) -> None:
        launched = sweeper.launch()
        for run in sweeper.tracker.runs.values():
            if run.run_id == launched.manifest.entries[1].run_id:
                run.state = "running"
        again = sweeper.launch()
        assert (again.started, states(again)) == (1, ["finished"] * 2)

    def test_a_second_launch_at_the_same_time_is_refused(self, sweeper: Sweeper) -> None:
        planned = sweeper.plan()
        second = Launch(planned, sweeper.tracker, sweeper.home)
        with Launch(planned, sweeper.tracker, sweeper.home), pytest.raises(GridError) as caught:
            second.__enter__()
        folder = sweeper.home.sweep("tiny")
        assert str(caught.value) == f"tiny: this sweep is being launched by another process in {folder}"
        assert sweeper.launch().started == 2


class TestReportAgain:
    def test_from_the_kept_tables_and_from_the_store_it_is_the_same_page(self, sweeper: Sweeper) -> None:
        sweeper.launch(grid=FAILS)
        launched = sweeper.page()

        def no_store() -> MemoryTracker:
            raise AssertionError("the tables in the folder should do")

        report_again("tiny", sweeper.home, no_store, {})
        from_folder = sweeper.page()
        for name in (TRIALS_FILE, CASES_FILE, SWEEP_FILE):
            (sweeper.home.sweep("tiny") / name).unlink()
        report_again("tiny", sweeper.home, lambda: sweeper.tracker, {})
        assert launched == from_folder == sweeper.page()

    def test_a_report_while_trials_are_running_is_not_the_last_word(self, sweeper: Sweeper) -> None:
        launched = sweeper.launch()
        run = sweeper.tracker.runs[str(launched.manifest.entries[1].run_id)]
        (sweeper.home.sweep("tiny") / TRIALS_FILE).unlink()
        run.state = "running"
        report_again("tiny", sweeper.home, lambda: sweeper.tracker, {})
        early = sweeper.page()
        run.state = "finished"
        report_again("tiny", sweeper.home, lambda: sweeper.tracker, {})
        assert sweeper.page() != early

    def test_a_sweep_that_is_not_there(self, sweeper: Sweeper) -> None:
        with pytest.raises(TrackingError, match=r"^no sweep named 'other' in sqlite:"):
            report_again("other", sweeper.home, lambda: sweeper.tracker, {})
