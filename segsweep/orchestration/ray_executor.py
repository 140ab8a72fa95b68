"""A Ray cluster, local or running, as the place where slices are run."""

import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

# nothing phones home, and Tune writes no loggers of its own: what is tracked is tracked by the trials
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
# Ctrl-C stops a launch at once, not after Tune has saved an experiment that is never restored
os.environ.setdefault("TUNE_DISABLE_SIGINT_HANDLER", "1")
os.environ.setdefault("TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S", "0")
# only the last report of a candidate has its objectives, and only that after an epoch what halving goes by
os.environ.setdefault("TUNE_DISABLE_STRICT_METRIC_CHECKING", "1")

import ray

from segsweep.errors import GridError, InputError
from segsweep.orchestration.executor import CandidateEvent, Errand, Measurements, SliceEvent
from segsweep.orchestration.ray_probe import probe_on_ray
from segsweep.orchestration.site import Node, room
from segsweep.orchestration.slices import Slice
from segsweep.spec.settings import Resources
from segsweep.store.process import Process, children_named

if TYPE_CHECKING:
    from segsweep.orchestration.candidates import Candidates
    from segsweep.orchestration.tuning import Tuning

_HEAD = ("gcs_server", "raylet")
"""Names of the processes that a local Ray cannot do without."""

_FEW_CORES = 32
"""Ray starts a process per core; on machines with more of them most would import torch for nothing."""

_KEPT_READY = 60_000
"""Milliseconds that Ray keeps a process that has nothing to do and no core, from its start on; 1 s of its own accord.

A launch asks for its workers within these. One that no worker is made of holds 0.4 GB so long.
"""


class RayExecutor:
    """Ray Tune on a local or a running cluster.

    Args:
        address: of a running cluster; None starts a local one that ends with this executor.
    """

    def __init__(self, address: str | None = None) -> None:
        self._address = address
        self._start = 0.0
        self._head: tuple[Process, ...] = ()

    def __enter__(self) -> "RayExecutor":
        entered = time.monotonic()
        if self._address is None:
            # a local head that has ended will not come back; Ray gives up on it, and ends this process, after a minute
            os.environ.setdefault("RAY_gcs_rpc_server_reconnect_timeout_s", "5")
        try:
            ray.init(
                address=self._address or "local",
                include_dashboard=False,
                _system_config=_at_start() if self._address is None else None,
                log_to_driver=False,
                logging_level=logging.ERROR,
                configure_logging=True,
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise InputError(f"no Ray cluster at {self._address or 'this machine'}: {error}") from error
        self._head = children_named(*_HEAD) if self._address is None else ()
        self._start = time.monotonic() - entered
        return self

    def __exit__(self, *_: object) -> None:
        ray.shutdown()

    def nodes(self) -> Sequence[Node]:
        """Every machine of the cluster."""
        found = [(node["NodeManagerHostname"], node["Resources"]) for node in ray.nodes() if node["Alive"]]
        return [Node(name, has.get("CPU", 0.0), has.get("GPU", 0.0)) for name, has in found]

    def workers(self, resources: Resources) -> int:
        """As many as the cluster holds, or fewer where the grid says so."""
        fitting = room(self.nodes(), cpus=resources.cpus, gpus=self._gpus(resources))
        return max(1, fitting if resources.workers is None else min(resources.workers, fitting))

    def run(
        self,
        slices: Sequence[Slice],
        errand: Errand,
        resources: Resources,
        on_event: Callable[[SliceEvent], None],
        may_start: Callable[[Slice], bool],
    ) -> None:
        """Run all slices; a dead worker costs its slice alone."""
        self._tuning(errand, resources).run(slices, on_event, may_start)

    def search(
        self,
        candidates: "Candidates",
        errand: Errand,
        resources: Resources,
        on_event: Callable[[CandidateEvent], None],
        may_start: Callable[[Slice], bool],
    ) -> None:
        """Try as many candidates as there are left."""
        self._tuning(errand, resources).search(candidates, on_event, may_start)

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
        asked = time.monotonic()
        ready, found = probe_on_ray(
            shapes, modules, workers=workers, cpus=resources.cpus, gpus=gpus, on_probed=on_measured
        )
        return Measurements(self._start + ready - asked, found)

    def _tuning(self, errand: Errand, resources: Resources) -> "Tuning":
        # Tune brings pandas and Ray Data: Ray's workers import meanwhile
        from segsweep.orchestration.tuning import Tuning  # noqa: PLC0415

        gpus = self._gpus(resources)

        def workers() -> int:
            self._refuse_what_is_not_there({"CPU": resources.cpus, "GPU": gpus})
            return self.workers(resources)

        return Tuning(errand, workers, resources.cpus, gpus, self._head)

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


def _at_start() -> dict[str, Any]:
    """Settings of Ray: the processes that it starts at once get ready for work while the launch prepares its store."""
    if (os.cpu_count() or 1) > _FEW_CORES:
        return {}
    return {
        "preload_python_modules": ["segsweep.orchestration.ready"],
        # Tune takes the cores a moment before it asks for workers; Ray would end those that have no core left
        "idle_worker_killing_time_threshold_ms": _KEPT_READY,
    }
