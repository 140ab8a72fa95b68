"""What lies on this machine goes to the store that it belongs in, or to another one, and nothing goes there twice."""

import os
import signal
import sys
from collections.abc import Mapping
from multiprocessing import get_context
from pathlib import Path

import pytest
from grids import tiny_sweep
from mlflow import MlflowClient
from mlflow.entities import Run

from segsweep import api, cli
from segsweep.errors import InputError
from segsweep.orchestration.holding import hold_sync
from segsweep.orchestration.home import Home
from segsweep.orchestration.in_process import InProcessExecutor
from segsweep.orchestration.status import sweep_status
from segsweep.store.claims import Claims, Observer
from segsweep.tracking.mlflow_tracker import MlflowTracker
from segsweep.tracking.protocol import Ending, RunDescription

LOST_PARENT = "f" * 32
GRID = tiny_sweep(grid=[{"loss": ["ce", "dice", "user_losses:turns_nan"]}])


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A sweep in an embedded store, for the whole file; nothing is written to it."""
    folder = tmp_path_factory.mktemp("launched")
    (folder / "grid.yaml").write_text(GRID)
    home = Home(folder / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", list(sys.path))
        api.launch(folder / "grid.yaml", home=home, executor=InProcessExecutor())
    return home


@pytest.fixture
def elsewhere(launched: Home, store: str) -> Home:
    """The same folder with another store."""
    return Home(launched.folder, store)


def runs(home: Home) -> list[Run]:
    """All runs of the store but that of the sweep."""
    client = MlflowClient(home.uri)
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    return list(client.search_runs(experiments, "tags.`segsweep.kind` != 'sweep'", order_by=["attributes.start_time"]))


def content(home: Home, run: Run) -> Mapping[str, object]:
    """All that a run consists of, apart from its id and that of its parent."""
    client = MlflowClient(home.uri)
    curves = {key: client.get_metric_history(run.info.run_id, key) for key in run.data.metrics}
    # NaN, which is no number, is not even equal to itself
    points = {key: sorted((it.step, it.timestamp, repr(it.value)) for it in curve) for key, curve in curves.items()}
    tags = {key: value for key, value in run.data.tags.items() if key.startswith("segsweep.")}
    files = {file.path: file.file_size for file in client.list_artifacts(run.info.run_id)}
    times = (run.info.start_time, run.info.end_time)
    return {
        "name": run.info.run_name,
        "parameters": run.data.params,
        "tags": tags,
        "points": points,
        "files": files,
    } | {
        "times": times,
        "status": run.info.status,
    }


def test_an_embedded_sweep_is_copied_with_all_that_it_consists_of(launched: Home, elsewhere: Home) -> None:
    (synced,) = api.sync(home=elsewhere)
    assert (synced.store, synced.delivered, synced.copied, synced.refused) == (elsewhere.uri, 0, {"tiny": 4}, ())
    copied = runs(elsewhere)
    assert len(copied) == 4
    assert [content(elsewhere, run) for run in copied] == [content(launched, run) for run in runs(launched)]


def test_a_second_time_copies_nothing(elsewhere: Home) -> None:
    api.sync(home=elsewhere)
    before = [content(elsewhere, run) for run in runs(elsewhere)]
    (synced,) = api.sync(home=elsewhere)
    assert synced.copied == {"tiny": 0}
    assert [content(elsewhere, run) for run in runs(elsewhere)] == before


def test_two_at_once_are_refused_and_after_one_has_died_the_next_may(launched: Home, elsewhere: Home) -> None:
    with Claims(Home(launched.folder).blobs) as claims:
        hold_sync(claims, Observer(claims))
        with pytest.raises(InputError, match=r"^this folder is being synchronised by process \d+ on "):
            api.sync(home=elsewhere)
    dead = get_context("spawn").Process(target=_die_in_a_sync, args=(launched,))
    dead.start()
    dead.join()
    assert dead.exitcode == -signal.SIGKILL
    (synced,) = api.sync(home=elsewhere)
    assert synced.copied == {"tiny": len(runs(launched))}


def _die_in_a_sync(home: Home) -> None:
    claims = Claims(home.blobs)
    hold_sync(claims, Observer(claims))
    os.kill(os.getpid(), signal.SIGKILL)


def test_the_copied_sweep_stands_reports_and_goes_on_as_the_one_it_was(
    launched: Home, elsewhere: Home, tmp_path: Path
) -> None:
    api.sync(home=elsewhere)
    original = sweep_status("tiny", api.find_tracker(launched))
    copied = sweep_status("tiny", api.find_tracker(elsewhere))
    assert [(entry.trial, entry.state) for entry in copied.entries] == [
        (entry.trial, entry.state) for entry in original.entries
    ]
    assert {entry.run_id for entry in copied.entries}.isdisjoint(entry.run_id for entry in original.entries)
    here = api.tables("tiny", home=launched)
    there = api.tables("tiny", home=Home(tmp_path / "reader", elsewhere.uri))
    assert there.cases.equals(here.cases)
    assert there.trials.drop(columns="run_id").equals(here.trials.drop(columns="run_id"))


def test_a_trial_that_is_finished_there_already_is_not_copied(launched: Home, elsewhere: Home, tmp_path: Path) -> None:
    (tmp_path / "grid.yaml").write_text(tiny_sweep(name="other", grid={"loss": "dice"}))
    api.launch(tmp_path / "grid.yaml", home=Home(tmp_path / "own", elsewhere.uri), executor=InProcessExecutor())
    (synced,) = api.sync(home=elsewhere)
    assert synced.copied == {"tiny": 3}
    trials = [run.data.tags["segsweep.trial"] for run in runs(elsewhere) if run.data.tags["segsweep.kind"] == "trial"]
    assert len(set(trials)) == len(trials) == 3


def write_for_a_lost_store(home: Home) -> None:
    """What a worker does whose server has gone for good, until it ends itself."""
    tracker = MlflowTracker(home.uri, home.spool, sweeps=[(LOST_PARENT, "polyps")])
    tags = {"segsweep.trial": "t", "segsweep.cohort": "c"}
    run = tracker.open_run(LOST_PARENT, RunDescription("lost", "trial", {"loss": "dice"}, tags, 3))
    run.log(1, {"train/loss": 0.5}, at=1_700_000_000)
    run.finish(Ending("finished"), {}, {}, {"note.txt": b"kept"})


def test_what_waits_for_a_lost_store_goes_to_the_one_that_is_named(tmp_path: Path, store: str) -> None:
    folder = tmp_path / "home"
    writer = get_context("spawn").Process(target=write_for_a_lost_store, args=(Home(folder, "http://127.0.0.1:9"),))
    writer.start()
    writer.join()
    home = Home(folder, store)
    assert [api.sync(home=home)[0].delivered for _ in range(2)] == [1, 0]
    (run,) = runs(home)
    tracker = api.find_tracker(home)
    assert run.data.tags["mlflow.parentRunId"] == tracker.find_sweep("polyps")
    assert (tracker.find(["c"])["t"].state, tracker.find(["c"])["t"].fence) == ("finished", 3)
    assert tracker.read_curves(run.info.run_id) == {"train/loss": ((1, 0.5),)}
    assert tracker.read_file(run.info.run_id, "note.txt") == b"kept"
    assert not home.spool.exists()


def test_the_command_says_what_it_did(
    elsewhere: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = []
    for _ in range(2):
        arguments = ["sync", "--home", str(elsewhere.folder), "--tracking", elsewhere.uri]
        monkeypatch.setattr(sys, "argv", ["segsweep", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code in (0, None)
        said.append(capsys.readouterr().out.splitlines())
    assert said[0] == ["tiny: 4 runs copied", f"{elsewhere.uri}: 0 runs delivered, 4 copied"]
    assert said[1] == ["tiny: all there", f"{elsewhere.uri}: 0 runs delivered, 0 copied"]
