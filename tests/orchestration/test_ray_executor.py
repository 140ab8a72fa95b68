"""The same sweeps on Ray Tune. One Ray serves the whole file: starting one takes seconds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from grids import tiny_sweep

from segsweep.orchestration.executor import Executor, SliceEvent
from segsweep.orchestration.home import Home
from segsweep.orchestration.in_process import InProcessExecutor
from segsweep.orchestration.launch import Launch, Launched, left_to_run
from segsweep.orchestration.planning import plan_sweep
from segsweep.orchestration.ray_executor import RayExecutor
from segsweep.records.schemas import CASES
from segsweep.records.tables import read
from segsweep.spec.settings import Resources
from segsweep.tracking.mlflow_tracker import MlflowTracker
from segsweep.tracking.protocol import CASES_FILE

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def ray_executor() -> Iterator[RayExecutor]:
    with RayExecutor() as executor:
        yield executor


def launch(folder: Path, executor: Executor, events: list[SliceEvent], **changes: Any) -> Launched:
    folder.mkdir(exist_ok=True)
    path = folder / "grid.yaml"
    path.write_text(tiny_sweep(**changes))
    planned, home = plan_sweep(path), Home(folder / "home")
    home.folder.mkdir(exist_ok=True)
    tracker = MlflowTracker(home.uri, home.artifacts)
    tracker.prepare()
    with Launch(planned, tracker, home) as started:
        left = left_to_run(planned, tracker)
        return started.run(left, executor, lambda _, __, event: events.append(event))


def cases(folder: Path) -> pa.Table:
    return read(folder / "home" / "sweeps" / "tiny" / CASES_FILE, CASES)


def test_it_gives_the_same_cases_as_one_process(tmp_path: Path, ray_executor: RayExecutor) -> None:
    events: list[SliceEvent] = []
    changes = {"folds": {"k": 2}, "network": "unet-s"}
    launched = launch(tmp_path / "ray", ray_executor, events, **changes)
    launch(tmp_path / "here", InProcessExecutor(), [], **changes)
    assert [entry.state for entry in launched.manifest.entries] == ["finished"] * 4
    assert cases(tmp_path / "ray").equals(cases(tmp_path / "here"))
    ended = {event.number: event.states for event in events if event.phase == "ended"}
    assert sorted(trial for states in ended.values() for trial in states) == sorted(
        entry.trial for entry in launched.manifest.entries
    )


def test_a_worker_that_dies_is_lost_and_the_other_slices_end(tmp_path: Path, ray_executor: RayExecutor) -> None:
    events: list[SliceEvent] = []
    grid = [{"loss": "dice"}, {"loss": "user_losses:ends_the_process", "batch_size": 3}]
    launched = launch(tmp_path, ray_executor, events, grid=grid, warm_start="none")
    assert [entry.state for entry in launched.manifest.entries] == ["finished", "interrupted"]
    (lost,) = (event for event in events if event.phase == "lost")
    assert lost.reason


def test_workers_are_as_many_as_fit_or_as_the_grid_says(ray_executor: RayExecutor) -> None:
    everything = ray_executor.workers(Resources(gpus=0))
    assert everything >= 1
    assert ray_executor.workers(Resources(gpus=0, cpus=0.5)) == 2 * everything
    assert ray_executor.workers(Resources(gpus=0, cpus=1000)) == 1
    assert ray_executor.workers(Resources(workers=3)) == 3
