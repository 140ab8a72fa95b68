"""Slices as Ray Tune trials, on reused workers with fractional CPUs and GPUs."""

import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# nothing phones home, and Tune writes no loggers of its own: what is tracked is tracked by the trials
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
# Ctrl-C stops a launch at once, not after Tune has saved an experiment that is never restored
os.environ.setdefault("TUNE_DISABLE_SIGINT_HANDLER", "1")
os.environ.setdefault("TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S", "0")

import ray
from ray import tune

from segsweep.errors import GridError, InputError
from segsweep.orchestration.executor import Errand, Measurements, SliceEvent
from segsweep.orchestration.ray_probe import probe_on_ray
from segsweep.orchestration.site import Node
from segsweep.orchestration.slices import Slice
from segsweep.spec.settings import Resources

_REPORT_SECONDS = 1.0


class RayExecutor:
    """Ray Tune on a local or a running cluster.

    Args:
        address: of a running cluster; None starts a local one that ends with this executor.
    """

    def __init__(self, address: str | None = None) -> None:
        self._address = address
        self._entered = 0.0

    def __enter__(self) -> "RayExecutor":
        self._entered = time.monotonic()
        try:
            ray.init(
                address=self._address or "local",
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                configure_logging=True,
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise InputError(f"no Ray cluster at {self._address or 'this machine'}: {error}") from error
        return self

    def __exit__(self, *_: object) -> None:
        ray.shutdown()

    def nodes(self) -> Sequence[Node]:
        """Every machine of the cluster."""
        found = [(node["NodeManagerHostname"], node["Resources"]) for node in ray.nodes() if node["Alive"]]
        return [Node(name, has.get("CPU", 0.0), has.get("GPU", 0.0)) for name, has in found]

    def workers(self, resources: Resources) -> int:
        """As many as the cluster holds, or as the grid says."""
        if resources.workers is not None:
            return resources.workers
        available = ray.cluster_resources()
        count = int(available.get("CPU", 1) // resources.cpus)
        gpus = self._gpus(resources)
        if gpus:
            count = min(count, int(available.get("GPU", 0) // gpus))
        return max(1, count)

    def run(
        self, slices: Sequence[Slice], errand: Errand, resources: Resources, on_event: Callable[[SliceEvent], None]
    ) -> None:
        """Run all slices; each is one Tune trial, so a dead worker costs its slice alone."""
        threads, gpus = max(1, int(resources.cpus)), self._gpus(resources)
        self._refuse_what_is_not_there({"CPU": resources.cpus, "GPU": gpus})
        trainable = tune.with_resources(
            tune.with_parameters(_train, slices=tuple(slices), errand=errand, threads=threads, gpu=gpus > 0),
            {"cpu": resources.cpus, "gpu": gpus},
        )
        folder = tempfile.mkdtemp(prefix="segsweep-ray-")
        try:
            tuner = tune.Tuner(
                trainable,
                param_space={"slice": tune.grid_search(list(range(len(slices))))},
                tune_config=tune.TuneConfig(reuse_actors=True, max_concurrent_trials=self.workers(resources)),
                run_config=tune.RunConfig(
                    name="slices", storage_path=folder, verbose=0, callbacks=[_Events(on_event)], log_to_file=False
                ),
            )
            tuner.fit()
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def measure(
        self,
        shapes: Sequence[Slice],
        modules: Path,
        resources: Resources,
        workers: int,
        on_measured: Callable[[int], None],
    ) -> Measurements:
        """Measure each shape on all workers at once, so that they are in each other's way as they will be."""
        gpus = self._gpus(resources)
        self._refuse_what_is_not_there({"CPU": resources.cpus, "GPU": gpus})
        ready, found = probe_on_ray(
            shapes, modules, workers=workers, cpus=resources.cpus, gpus=gpus, on_probed=on_measured
        )
        return Measurements(ready - self._entered, found)

    def _refuse_what_is_not_there(self, asked: dict[str, float]) -> None:
        """A worker that fits no node would be waited for without a word and without an end."""
        largest = {kind: max(node["Resources"].get(kind, 0) for node in ray.nodes() if node["Alive"]) for kind in asked}
        for kind, amount in asked.items():
            if amount > largest[kind]:
                raise GridError(
                    f"resources: a worker asks for {amount:g} {kind}, no node of the cluster has more than"
                    f" {largest[kind]:g}"
                )

    def _gpus(self, resources: Resources) -> float:
        if resources.gpus != "auto":
            return resources.gpus
        return 1.0 if ray.cluster_resources().get("GPU", 0) else 0.0


def _train(config: dict[str, Any], slices: Sequence[Slice], errand: Errand, threads: int, gpu: bool) -> None:
    """Run in a worker: one slice, its progress reported to Tune at most once a second."""
    from segsweep.orchestration.work import work  # noqa: PLC0415 (torch and MONAI belong to the worker)
    from segsweep.training.workplace import Progress  # noqa: PLC0415

    last = 0.0

    def report(at: Progress) -> None:
        nonlocal last
        if time.monotonic() - last > _REPORT_SECONDS:
            last = time.monotonic()
            tune.report({"phase": at.phase, "share": at.done, "states": json.dumps(dict(at.states))})

    # Ray need not hide the GPUs from a worker that was given none
    states = work(slices[config["slice"]], errand, threads, report, gpu=gpu)
    tune.report({"phase": "ended", "share": 1.0, "states": json.dumps(states)})


class _Events(tune.Callback):  # type: ignore[misc]
    """Tune's results as slice events."""

    def __init__(self, on_event: Callable[[SliceEvent], None]) -> None:
        self._on_event = on_event

    def __getstate__(self) -> dict[str, Any]:
        """Tune saves its callbacks to restore an experiment; sweeps are resumed from their records instead."""
        return {}

    def on_trial_result(self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **_: Any) -> None:
        """A worker reported where its slice stands."""
        states = json.loads(result["states"])
        self._on_event(SliceEvent(trial.config["slice"], result["phase"], result["share"], states))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        """A worker died or raised outside of its trials."""
        self._on_event(SliceEvent(trial.config["slice"], "lost", 0.0, {}, _reason(trial.error_file)))


def _reason(error_file: str | None) -> str:
    """What ended a worker, in one line: what it raised, which Tune keeps in a file, or that its process is no more."""
    lines = Path(error_file).read_text().strip().splitlines() if error_file else []
    raised = any("ray::" in line for line in lines)
    return lines[-1] if raised else "its process died: killed, out of memory, or a crash"
