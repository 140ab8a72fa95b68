"""The same sweeps on Ray Tune; started twice for the whole file, since each start takes seconds."""

import json
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
import ray
from launching import Bench
from ray import tune
from ray.util import placement_group, remove_placement_group

from segsweep import api, cli
from segsweep.errors import TrainingError
from segsweep.orchestration.executor import Errand, SliceEvent
from segsweep.orchestration.home import Home
from segsweep.orchestration.planning import plan_sweep
from segsweep.orchestration.ray_executor import RayExecutor
from segsweep.orchestration.tuning import take_ready_workers
from segsweep.records.schemas import CASES
from segsweep.records.tables import read
from segsweep.spec.settings import Resources
from segsweep.store.process import this_process
from segsweep.terminal.estimates import print_estimate
from segsweep.tracking.mlflow_tracker import MlflowTracker
from segsweep.tracking.protocol import CASES_FILE, Ending

pytestmark = pytest.mark.ray


def test_the_program_runs_a_sweep_on_ray_and_gives_the_cases_of_one_process(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # one cohort: on two workers its trials train apart from each other, in one process beside each other
    changes = {"network": "unet-s", "resources": {"workers": 2}}
    home = Home(bench.folder / "ray")
    monkeypatch.setattr(sys, "argv", ["segsweep", "launch", str(bench.grid(**changes)), "--home", str(home.folder)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    lines = capsys.readouterr().out.splitlines()
    assert ended.value.code in (0, None)
    assert lines[0] == "2 trials to run"
    assert sorted(line for line in lines if line.startswith("finished")) == [
        "finished  ce  phantoms fold 0 seed 0",
        "finished  dice  phantoms fold 0 seed 0",
    ]
    assert lines[-2:] == [
        f"report: {home.folder}/sweeps/tiny/report.html",
        "tiny: 2 trials run now; 2 finished",
    ]
    bench.launch(**changes)
    cases = read(home.sweep("tiny") / CASES_FILE, CASES)
    assert cases.num_rows == 2 * 6
    assert cases.equals(bench.tables().cases)


@pytest.fixture(scope="module")
def ray_executor() -> Iterator[RayExecutor]:
    with RayExecutor() as executor:
        yield executor


@pytest.mark.usefixtures("ray_executor")
@pytest.mark.skipif((os.cpu_count() or 1) > 32, reason="of many cores most would import for nothing")
def test_a_worker_has_imported_what_it_needs_before_a_slice_comes(tmp_path: Path) -> None:
    def look(config: dict[str, object]) -> None:
        ready = {"monai", "mlflow"} <= set(sys.modules)
        tune.report({"ready": ready, "started": this_process().started})

    now = time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK")
    # Tune takes the cores before it asks for workers; Ray ends what has been idle for a second and has no core left
    cores = placement_group([{"CPU": 1}] * int(ray.cluster_resources()["CPU"]))
    try:
        assert cores.wait(60)
        time.sleep(2)
    finally:
        remove_placement_group(cores)
    take_ready_workers()
    once = tune.RunConfig(storage_path=str(tmp_path), verbose=0)
    (seen,) = tune.Tuner(tune.with_resources(look, {"cpu": 1}), run_config=once).fit()
    assert seen.metrics is not None
    assert seen.metrics["ready"]
    assert seen.metrics["started"] < now


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> MlflowTracker:
    """Workers write to a store that other processes can reach."""
    home = Home(tmp_path_factory.mktemp("ray"))
    tracker = MlflowTracker(home.uri, home.spool, home.artifacts)
    tracker.prepare()
    return tracker


@pytest.mark.usefixtures("own_losses")
def test_a_worker_that_dies_is_lost_and_the_other_slices_end(
    bench: Bench, ray_executor: RayExecutor, store: MlflowTracker
) -> None:
    bench.tracker = store
    blocks = [{"loss": "dice"}, {"loss": "own_losses:kills_its_worker", "batch_size": 3}]
    launched = bench.launch(executor=ray_executor, grid=blocks, warm_start="none", retry=0)
    assert [entry.state for entry in launched.manifest.entries] == ["finished", "interrupted"]
    ends = {event.number: event for _, _, event in bench.events if event.phase in ("ended", "lost")}
    assert (ends[0].phase, ends[0].endings) == ("ended", {launched.manifest.entries[0].trial: Ending("finished")})
    assert (ends[1].phase, ends[1].endings) == ("lost", {})
    assert ends[1].lost == Ending("interrupted", launched.manifest.entries[1].reason, "killed")
    assert str(ends[1].lost.reason).startswith("its process died")


@pytest.mark.slow
def test_a_worker_that_cannot_write_what_it_does_says_so(
    bench: Bench, ray_executor: RayExecutor, store: MlflowTracker
) -> None:
    grid = bench.grid(warm_start="none", seeds=7)
    planned = plan_sweep(grid)
    tracker = MlflowTracker(store.uri, grid / "spool")
    errand = Errand("run", tracker, bench.home.blobs, bench.home.journal, planned.folder)
    events: list[SliceEvent] = []
    ray_executor.run([planned.plan.trials], errand, Resources(gpus=0), events.append, lambda piece: True)
    assert events[-1].phase == "ended"
    reason = f"NotADirectoryError: [Errno 20] Not a directory: '{grid}/spool'"
    assert set(events[-1].endings.values()) == {Ending("interrupted", reason, "storage")}


def test_workers_are_as_many_as_fit_or_as_the_grid_says(ray_executor: RayExecutor) -> None:
    everything = ray_executor.workers(Resources(gpus=0))
    assert everything >= 1
    assert ray_executor.workers(Resources(gpus=0, cpus=0.5)) == 2 * everything
    assert ray_executor.workers(Resources(gpus=0, cpus=1000)) == 1
    assert ray_executor.workers(Resources(workers=1)) == 1
    assert ray_executor.workers(Resources(gpus=0, workers=1000)) == everything


@pytest.mark.slow
def test_workers_measure_side_by_side(
    bench: Bench, ray_executor: RayExecutor, capsys: pytest.CaptureFixture[str]
) -> None:
    resources = {"workers": 2, "cpus": 0.5}
    grid = bench.grid(folds={"k": 2}, resources=resources)
    found = api.estimate(grid, home=bench.home, executor=nullcontext(ray_executor))
    (kept,) = (json.loads(path.read_text()) for path in bench.home.measurements.iterdir())
    assert kept["workers"] == 2
    assert [node[0] for node in kept["nodes"]] == [node.name for node in ray_executor.nodes()]
    assert 0 < found.forecast.training <= found.forecast.busy <= 2 * found.forecast.training
    print_estimate(found)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:4] for line in lines[1:3]] == [["phantoms", "logistic", loss, "2"] for loss in ("ce", "dice")]
    assert re.match(r"time: \d:\d\d:\d\d: \S+ to start, 0:00:00 to decode, \S+ for 2 slices on 2 workers, ", lines[3])
    assert re.match(r"CPU-hours: 0\.0\d$", lines[4])


@pytest.mark.slow  # it starts workers once more
@pytest.mark.usefixtures("own_losses")
def test_what_a_measuring_worker_raises_is_told_as_it_is(bench: Bench, ray_executor: RayExecutor) -> None:
    grid = bench.grid(grid={"loss": "own_losses:raises"}, warm_start="none")
    with pytest.raises(
        TrainingError, match=r"^loss own_losses:raises cannot be measured: ValueError: no \[/such\] voxel$"
    ):
        api.estimate(grid, home=bench.home, executor=nullcontext(ray_executor))
