"""Launches in which something goes wrong, or that somebody stops."""

import threading
from dataclasses import replace

import pytest
from grids import PHANTOM
from launching import Bench, Switch, losses_of, runs_of, states_of
from tiny_datasets import write_pictures

from segsweep import api
from segsweep.errors import InputError, LaunchEnded
from segsweep.orchestration.executor import SliceEvent
from segsweep.orchestration.garbage import find_garbage
from segsweep.orchestration.holding import ask_cancel, cancel, sweep_claim
from segsweep.orchestration.home import Home
from segsweep.orchestration.in_process import InProcessExecutor
from segsweep.store.claims import Claims
from segsweep.store.keys import CHECKPOINTS, WARM_STARTS, checkpoint_folder
from segsweep.tracking.memory import MemoryTracker
from segsweep.tracking.protocol import Ending

MEMORY = {"grid": [{"loss": ["own_losses:no_memory", "dice"]}]}


@pytest.mark.parametrize("retry", [0, 2])
def test_what_may_go_well_another_time_is_tried_again(
    bench: Bench, memory_tracker: MemoryTracker, own_losses: Switch, retry: int
) -> None:
    launched = bench.launch(retry=retry, **MEMORY)
    assert states_of(launched) == {"own_losses:no_memory": "interrupted", "dice": "finished"}
    assert losses_of(runs_of(memory_tracker, "trial")).count("own_losses:no_memory") == 1 + retry
    assert launched.manifest.entries[0].reason == "MemoryError: nothing left"
    # the next launch tries again
    assert bench.launch(retry=0, **MEMORY).started == 1


def test_another_attempt_may_go_well(bench: Bench, memory_tracker: MemoryTracker, own_losses: Switch) -> None:
    own_losses(True)
    launched = bench.launch(grid=[{"loss": ["own_losses:no_memory_if_switched_on", "dice"]}])
    assert [entry.state for entry in launched.manifest.entries] == ["finished", "finished"]
    assert [run.description.fence for run in runs_of(memory_tracker, "trial")] == [1, 1, 2]


def test_the_first_failure_can_end_a_launch(bench: Bench, memory_tracker: MemoryTracker, own_losses: Switch) -> None:
    blocks = [{"loss": "own_losses:raises"}, {"loss": "dice", "batch_size": 3}]
    with pytest.raises(LaunchEnded, match=r"^stopped at the first failure: own_losses:raises: ValueError: no \[/such"):
        bench.launch(grid=blocks, fail_fast=True)
    assert losses_of(runs_of(memory_tracker, "trial")) == ["own_losses:raises"]
    launched = bench.launch(grid=blocks)
    assert launched.started == 1
    assert [entry.state for entry in launched.manifest.entries] == ["failed", "finished"]


def test_a_cancelled_launch_stops_and_another_goes_on(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segsweep.orchestration.watching._CANCEL_SECONDS", 0.0)
    changes = {"folds": {"k": 2, "run": [0, 1]}}

    def ask(event: SliceEvent) -> None:
        if event.phase == "ended":
            ask_cancel("tiny", bench.home.blobs)

    bench.react = ask
    with pytest.raises(LaunchEnded, match=r"^tiny: cancelled; the same command goes on where it was left$"):
        bench.launch(**changes)
    bench.react = lambda event: None
    assert bench.launch(**changes).started == 2


def test_an_error_of_who_is_told_is_no_failure_of_a_trial(bench: Bench, memory_tracker: MemoryTracker) -> None:
    def stop(event: SliceEvent) -> None:
        if event.phase == "training":
            raise LaunchEnded("enough")

    bench.react = stop
    with pytest.raises(LaunchEnded, match="enough"):
        bench.launch()
    assert {run.state for run in runs_of(memory_tracker, "trial")} == {"finished"}


def test_cancelling_returns_when_the_launch_has_ended(bench: Bench) -> None:
    blobs = bench.home.blobs
    with pytest.raises(InputError, match=r"^tiny: nobody launches it now, as far as \S+/store knows$"):
        cancel("tiny", blobs)
    with Claims(blobs) as launcher:
        claim = launcher.take(sweep_claim("tiny"))
        assert claim is not None
        asked = threading.Thread(target=cancel, args=("tiny", blobs))
        asked.start()
        while blobs.get("cancel/tiny") is None:
            pass
        assert asked.is_alive()
        launcher.release(claim, "interrupted")
        asked.join(30)
        assert not asked.is_alive()


def test_a_dataset_that_cannot_be_used_fails_its_own_trials(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, memory_tracker: MemoryTracker
) -> None:
    monkeypatch.setattr(api, "open_tracker", lambda home: memory_tracker)
    folder = write_pictures(bench.folder / "pictures")
    (folder / "images" / "case-03.png").write_bytes(b"no picture")
    grid = bench.grid(datasets=[{"phantom": PHANTOM, "name": "phantoms"}, {"folder": str(folder)}])
    launched = api.launch(grid, home=bench.home, executor=InProcessExecutor())
    assert [entry.state for entry in launched.manifest.entries] == ["finished", "finished", "failed", "failed"]
    (row,) = [row for row in bench.tables().trials.to_pylist() if row["trial"] == launched.manifest.entries[2].trial]
    assert row["reason_class"] == "data"
    assert "case case-03: " in row["reason"]
    assert "cannot be read" in row["reason"]
    with pytest.raises(InputError, match="case-03"):
        api.launch(grid, home=bench.home, executor=InProcessExecutor(), again=True)


def test_a_warm_start_that_failed_is_tried_again_by_retry_only(bench: Bench, memory_tracker: MemoryTracker) -> None:
    changes = {"warm_start": {"epochs": 1, "lr": 1e38}}
    bench.launch(**changes)
    bench.launch(**changes, grid=[{"loss": ["ce", "dice", "jaccard"]}])
    assert len(runs_of(memory_tracker, "warm start")) == 1
    bench.launch(**changes, again=True)
    assert len(runs_of(memory_tracker, "warm start")) == 2


class TestSharedStores:
    """Two homes, one tracking store, one store of checkpoints."""

    def other(self, bench: Bench) -> Bench:
        store = str(bench.home.blobs)
        folder = bench.folder / "other"
        folder.mkdir()
        bench.home = replace(bench.home, store=store)
        return Bench(folder, Home(folder / "home", store=store), bench.tracker)

    def test_overlapping_grids_at_once_run_each_trial_once_and_both_reports_are_complete(
        self, bench: Bench, memory_tracker: MemoryTracker
    ) -> None:
        other = self.other(bench)
        mine, theirs = ["ce", "dice", "jaccard"], ["dice", "jaccard", "lovasz"]
        launches = {}

        def launch(who: Bench, name: str, names: list[str]) -> None:
            launches[name] = who.launch(name=name, grid=[{"loss": names}], folds={"k": 2, "run": [0, 1]})

        threads = [
            threading.Thread(target=launch, args=(bench, "mine", mine)),
            threading.Thread(target=launch, args=(other, "theirs", theirs)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for launched in launches.values():
            assert [entry.state for entry in launched.manifest.entries] == ["finished"] * 6
        finished = [run.description.tags["segsweep.trial"] for run in runs_of(memory_tracker, "trial")]
        assert len(finished) == len(set(finished)) == 8
        assert sum(launched.started for launched in launches.values()) == 8
        assert len(runs_of(memory_tracker, "warm start")) == 2

    def test_one_that_is_held_elsewhere_is_waited_for(self, bench: Bench, memory_tracker: MemoryTracker) -> None:
        other = self.other(bench)
        (trial, _) = bench.trials()
        holder = Claims(other.home.blobs)
        assert holder.take(trial.id) is not None
        launch = threading.Thread(target=bench.launch)
        launch.start()
        while len(runs_of(memory_tracker, "trial")) == 0 or runs_of(memory_tracker, "trial")[0].state == "running":
            pass
        assert launch.is_alive()
        holder.__exit__()  # lets go of it unfinished
        launch.join(60)
        assert sorted(losses_of(runs_of(memory_tracker, "trial"))) == ["ce", "dice"]
        assert {run.state for run in runs_of(memory_tracker, "trial")} == {"finished"}


class TestGarbage:
    def test_nothing_of_a_finished_sweep_may_go_and_its_checkpoints_are_gone(self, bench: Bench) -> None:
        bench.launch()
        assert bench.home.blobs.list(CHECKPOINTS) == []
        assert len(bench.home.blobs.list(WARM_STARTS)) == 1
        assert find_garbage(bench.home, bench.tracker) == []

    def test_what_no_sweep_names_may_go(self, bench: Bench) -> None:
        (trial, _) = bench.trials()
        bench.launch()
        blobs = bench.home.blobs
        blobs.put(f"{checkpoint_folder('0123456789abcdef')}000001-000001.pt", b"12345")
        blobs.put("warm-starts/fedcba9876543210.pt", b"123")
        blobs.put(f"{checkpoint_folder(trial.id)}000001-000001.pt", b"1")
        found = find_garbage(bench.home, bench.tracker)
        assert {(item.name.split("/")[1][:16], item.size, item.why) for item in found} == {
            ("0123456789abcdef", 5, "no tracked sweep names it"),
            ("fedcba9876543210", 3, "no tracked sweep names it"),
            (trial.id, 1, "what it led to is there"),
        }
        assert len(blobs.list("")) > 3
        for item in found:
            item.delete()
        assert find_garbage(bench.home, bench.tracker) == []
        assert len(blobs.list(WARM_STARTS)) == 1

    def test_what_an_interrupted_sweep_goes_on_from_stays(self, bench: Bench, own_losses: Switch) -> None:
        bench.launch(retry=0, **MEMORY)
        (trial, _) = bench.trials(**MEMORY)
        key = f"{checkpoint_folder(trial.id)}000001-000001.pt"
        bench.home.blobs.put(key, b"1")
        assert find_garbage(bench.home, bench.tracker) == []

    def test_what_a_living_process_holds_stays(self, bench: Bench) -> None:
        bench.launch()
        bench.home.blobs.put(f"{checkpoint_folder('0123456789abcdef')}000001-000001.pt", b"1")
        with Claims(bench.home.blobs) as holder:
            holder.take("0123456789abcdef")
            assert find_garbage(bench.home, bench.tracker) == []
        assert len(find_garbage(bench.home, bench.tracker)) == 1


def test_the_reason_of_a_lost_worker_is_told_where_no_run_tells_it(bench: Bench) -> None:
    """Its run may never have been opened."""

    class Loses(InProcessExecutor):
        def run(self, slices, errand, resources, on_event, may_start) -> None:  # type: ignore[no-untyped-def]
            for number, piece in enumerate(slices):
                assert may_start(piece)
                on_event(SliceEvent(number, "lost", 0.0, {}, Ending("interrupted", "killed by the moon", "killed")))

    launched = bench.launch(executor=Loses())
    assert {(entry.state, entry.reason) for entry in launched.manifest.entries} == {
        ("interrupted", "killed by the moon")
    }
