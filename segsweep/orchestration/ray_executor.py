"""Slices as Ray Tune trials, on reused workers with fractional CPUs and GPUs."""

import json
import logging
import os
import shutil
import sys
import tempfile
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
from ray import tune
from ray.tune.execution import class_cache
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from segsweep.errors import ClusterError, GridError, InputError
from segsweep.orchestration.executor import CandidateEvent, Errand, Measurements, SliceEvent
from segsweep.orchestration.halving import Halving
from segsweep.orchestration.outcome import Outcome
from segsweep.orchestration.queue import Queue
from segsweep.orchestration.ray_probe import probe_on_ray
from segsweep.orchestration.ray_worker import train, try_one
from segsweep.orchestration.site import Node, room
from segsweep.orchestration.slices import Slice
from segsweep.orchestration.study import Study
from segsweep.spec.settings import Resources
from segsweep.store.process import Process, children_named
from segsweep.tracking.protocol import Ending

if TYPE_CHECKING:
    from segsweep.orchestration.candidates import Candidates

# a lost worker is told in one line, by the launch; Tune tells it again with a traceback of its own inside
for name in ("ray.tune.execution.tune_controller", "ray.tune.tune"):
    logging.getLogger(name).setLevel(logging.CRITICAL)

_HEAD = ("gcs_server", "raylet")
"""Names of the processes that a local Ray cannot do without."""


_FEW_CORES = 32
"""Ray starts a process per core; on machines with more of them most would import torch for nothing."""


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
            # Tune asks for workers with this variable, for PyTorch Lightning; those that are ready have none. Where it
            # hands on variables for S3, it starts others
            getattr(class_cache, "DEFAULT_ENV_VARS", {}).pop("PL_DISABLE_FORK", None)
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
        """Run all slices; each is one Tune trial, so a dead worker costs its slice alone."""
        queue = Queue(slices, may_start)

        def hear(event: SliceEvent) -> None:
            queue.heard(event)
            on_event(event)

        epochs = max((trial.train.epochs for piece in slices for trial in piece), default=1)
        while queue.waiting:
            try:
                self._tune(
                    train,
                    {"slices": tuple(slices)},
                    errand,
                    resources,
                    searcher=_NextSlice(queue),
                    count=queue.waiting,
                    epochs=epochs,
                    events=_SliceEvents(hear, self._head),
                )
            except ClusterError:
                raise
            except RuntimeError as error:  # Tune gives up on everything when a worker is killed while it starts
                if not queue.running:
                    raise
                for number in queue.running:
                    hear(SliceEvent(number, "lost", 0.0, {}, _how_lost(str(error))))

    def search(
        self,
        candidates: "Candidates",
        errand: Errand,
        resources: Resources,
        on_event: Callable[[CandidateEvent], None],
        may_start: Callable[[Slice], bool],
    ) -> None:
        """Try as many candidates as there are left; each is one Tune trial, drawn by Tune's Optuna searcher."""
        from segsweep.orchestration.candidate_search import CandidateSearch  # noqa: PLC0415 (Optuna, for searches)

        study = candidates.study
        self._tune(
            try_one,
            {"study": study},
            errand,
            resources,
            searcher=CandidateSearch(candidates, may_start),
            count=candidates.left(),
            epochs=study.epochs,
            events=_CandidateEvents(on_event, study, self._head),
        )

    def _tune(
        self,
        function: Callable[..., None],
        parameters: dict[str, Any],
        errand: Errand,
        resources: Resources,
        *,
        searcher: Searcher,
        count: int,
        epochs: int,
        events: tune.Callback,
    ) -> None:
        """Let Tune run a function in workers, as often and with what a searcher says."""
        threads, gpus = max(1, int(resources.cpus)), self._gpus(resources)
        self._refuse_what_is_not_there({"CPU": resources.cpus, "GPU": gpus})
        scheduler: TrialScheduler = FIFOScheduler() if errand.asha is None else Halving(errand.asha, epochs)
        verdicts = scheduler.verdicts if isinstance(scheduler, Halving) else None
        shared = {"errand": errand, "threads": threads, "gpu": gpus > 0, "verdicts": verdicts}
        trainable = tune.with_resources(
            tune.with_parameters(function, **parameters, **shared), {"cpu": resources.cpus, "gpu": gpus}
        )
        folder = tempfile.mkdtemp(prefix="segsweep-ray-")
        try:
            tuner = tune.Tuner(
                trainable,
                tune_config=tune.TuneConfig(
                    search_alg=searcher,
                    scheduler=scheduler,
                    num_samples=count,
                    reuse_actors=True,
                    max_concurrent_trials=self.workers(resources),
                ),
                run_config=tune.RunConfig(
                    name="slices",
                    storage_path=folder,
                    verbose=0,
                    callbacks=[events],
                    log_to_file=False,
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
        asked = time.monotonic()
        ready, found = probe_on_ray(
            shapes, modules, workers=workers, cpus=resources.cpus, gpus=gpus, on_probed=on_measured
        )
        return Measurements(self._start + ready - asked, found)

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
    """What the processes that Ray starts at once import, while the launch is still getting its store ready."""
    return {"preload_python_modules": ["segsweep.orchestration.ready"]} if (os.cpu_count() or 1) <= _FEW_CORES else {}


class _NextSlice(Searcher):  # type: ignore[misc]
    """Tune asks for the next slice when a worker is free for it."""

    def __init__(self, queue: Queue) -> None:
        super().__init__()
        self._queue = queue

    def suggest(self, trial_id: str) -> dict[str, Any] | str:
        """The next slice."""
        number = self._queue.next()
        return Searcher.FINISHED if number is None else {"slice": number}

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """The queue hears of it by the events."""

    def save(self, checkpoint_path: str) -> None:
        """Sweeps are resumed from their records."""

    def restore(self, checkpoint_path: str) -> None:
        """Sweeps are resumed from their records."""


class _Lookout(tune.Callback):  # type: ignore[misc]
    """A look at Ray's own processes, without which Tune would wait for ever.

    Args:
        head: those processes.
    """

    def __init__(self, head: Sequence[Process]) -> None:
        self._head = head

    def __getstate__(self) -> dict[str, Any]:
        """Tune saves its callbacks to restore an experiment; sweeps are resumed from their records instead."""
        return {}

    def on_step_begin(self, iteration: int, trials: list[Any], **_: Any) -> None:
        """Tune looks around, several times a second."""
        for process in self._head:
            if process.is_gone():
                said = f"Ray's own {process} has ended; the same command goes on where the sweep was left"
                # without its head Ray may end this very process before the error has come to its reader
                sys.stderr.write(f"segsweep: {said}\n")
                raise ClusterError(said)


class _SliceEvents(_Lookout):
    """Tune's results as events of slices."""

    def __init__(self, on_event: Callable[[SliceEvent], None], head: Sequence[Process]) -> None:
        super().__init__(head)
        self._on_event = on_event

    def on_trial_result(self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **_: Any) -> None:
        """A worker reported where its slice stands."""
        endings = {name: Ending(**ending) for name, ending in json.loads(result["endings"]).items()}
        self._on_event(SliceEvent(trial.config["slice"], result["phase"], result["share"], endings))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        """A worker died or raised outside of its trials."""
        self._on_event(SliceEvent(trial.config["slice"], "lost", 0.0, {}, _how_lost(_told(trial.error_file))))


class _CandidateEvents(_Lookout):
    """Tune's results as events of candidates."""

    def __init__(self, on_event: Callable[[CandidateEvent], None], study: Study, head: Sequence[Process]) -> None:
        super().__init__(head)
        self._on_event = on_event
        self._study = study

    def on_trial_result(self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **_: Any) -> None:
        """A worker reported where its candidate stands."""
        outcome = Outcome.from_json(result["outcome"]) if "outcome" in result else None
        mine = self._study.trials(trial.config)
        self._on_event(CandidateEvent(mine, result["phase"], result["share"], outcome))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **_: Any) -> None:
        """A worker died or raised outside of its trials."""
        self._on_event(CandidateEvent(self._study.trials(trial.config), "lost", 0.0))


def _told(error_file: str | None) -> str:
    """What Tune keeps of an error, in a file."""
    return Path(error_file).read_text().strip() if error_file else ""


def _how_lost(text: str) -> Ending:
    """What ended a worker, in one line: what it raised, or that its process is no more."""
    lines = text.splitlines()
    if "OutOfMemoryError" in text or "running low on memory" in text:
        return Ending("interrupted", "Ray killed its worker: the node was out of memory", "memory")
    if any("ray::" in line for line in lines):
        return Ending("interrupted", lines[-1], "code")
    return Ending("interrupted", "its process died: killed, most often for want of memory, or a crash", "killed")
