"""Slices and candidates as Ray Tune trials, on reused workers with fractional CPUs and GPUs."""

import json
import logging
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ray import tune
from ray.tune.execution import class_cache
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from segsweep.errors import ClusterError
from segsweep.orchestration.executor import CandidateEvent, Errand, SliceEvent
from segsweep.orchestration.halving import Halving
from segsweep.orchestration.outcome import Outcome
from segsweep.orchestration.queue import Queue
from segsweep.orchestration.ray_worker import train, try_one
from segsweep.orchestration.slices import Slice
from segsweep.orchestration.study import Study
from segsweep.store.process import Process
from segsweep.tracking.protocol import Ending

if TYPE_CHECKING:
    from segsweep.orchestration.candidates import Candidates

# a lost worker is told in one line, by the launch; Tune tells it again with a traceback of its own inside
for name in ("ray.tune.execution.tune_controller", "ray.tune.tune"):
    logging.getLogger(name).setLevel(logging.CRITICAL)


def take_ready_workers() -> None:
    """Let Tune's actors be the processes that Ray has started.

    Tune asks for workers with a variable for PyTorch Lightning, and those that are ready have none. Where it hands on
    variables for S3, it starts others.
    """
    getattr(class_cache, "DEFAULT_ENV_VARS", {}).pop("PL_DISABLE_FORK", None)


@dataclass(frozen=True)
class Tuning:
    """An errand for Tune's workers.

    Args:
        errand: what they are sent with.
        workers: how many there is room for at a time; asked anew whenever Tune is started.
        cpus: of each.
        gpus: of each.
        head: Ray's own processes that a local cluster cannot do without.
    """

    errand: Errand
    workers: Callable[[], int]
    cpus: float
    gpus: float
    head: tuple[Process, ...]

    def run(
        self,
        slices: Sequence[Slice],
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
                    searcher=_NextSlice(queue),
                    count=queue.waiting,
                    epochs=epochs,
                    events=_SliceEvents(hear, self.head),
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
        on_event: Callable[[CandidateEvent], None],
        may_start: Callable[[Slice], bool],
    ) -> None:
        """Try as many candidates as there are left; each is one Tune trial, drawn by Tune's Optuna searcher."""
        from segsweep.orchestration.candidate_search import CandidateSearch  # noqa: PLC0415 (Optuna, for searches)

        study = candidates.study
        self._tune(
            try_one,
            {"study": study},
            searcher=CandidateSearch(candidates, may_start),
            count=candidates.left(),
            epochs=study.epochs,
            events=_CandidateEvents(on_event, study, self.head),
        )

    def _tune(
        self,
        function: Callable[..., None],
        parameters: dict[str, Any],
        *,
        searcher: Searcher,
        count: int,
        epochs: int,
        events: tune.Callback,
    ) -> None:
        """Let Tune run a function in workers, as often and with what a searcher says."""
        workers = self.workers()
        take_ready_workers()
        asha = self.errand.asha
        scheduler: TrialScheduler = FIFOScheduler() if asha is None else Halving(asha, epochs)
        verdicts = scheduler.verdicts if isinstance(scheduler, Halving) else None
        threads = max(1, int(self.cpus))
        shared = {"errand": self.errand, "threads": threads, "gpu": self.gpus > 0, "verdicts": verdicts}
        trainable = tune.with_resources(
            tune.with_parameters(function, **parameters, **shared), {"cpu": self.cpus, "gpu": self.gpus}
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
                    max_concurrent_trials=workers,
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
