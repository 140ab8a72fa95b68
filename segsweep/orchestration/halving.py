"""Successive halving by Ray Tune, with lanes that end by themselves."""

from typing import Any

import ray
from ray.tune.schedulers import ASHAScheduler, TrialScheduler

from segsweep.spec.search import Asha

EPOCH, SCORE = "epoch", "select_dice"
"""What a worker reports after each epoch."""


class Halving(ASHAScheduler):  # type: ignore[misc]
    """Tune's ASHA on the Dice of the cases that choose the checkpoint.

    Tune ends a trial that it stops by ending its thread, or its process, in the middle of whatever it does. A lane has
    a record to write, so it is told to stop and does so itself.

    Args:
        asha: when, and how many.
        epochs: of the longest trial.
    """

    def __init__(self, asha: Asha, epochs: int) -> None:
        super().__init__(
            time_attr=EPOCH,
            metric=SCORE,
            mode="max",
            max_t=max(epochs, asha.grace),
            grace_period=asha.grace,
            reduction_factor=asha.factor,
            stop_last_trials=False,
        )
        self.verdicts = ray.remote(num_cpus=0)(Verdicts).remote()

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Tune asks after each report, and lets the worker go on only then: the verdict is there when it looks."""
        if super().on_trial_result(tune_controller, trial, result) == TrialScheduler.STOP:
            ray.get(self.verdicts.stop.remote(trial.trial_id))
        return str(TrialScheduler.CONTINUE)

    def save(self, checkpoint_path: str) -> None:
        """Sweeps are resumed from their records."""


class Verdicts:
    """The Tune trials that are to stop."""

    def __init__(self) -> None:
        self._stopped: set[str] = set()

    def stop(self, trial: str) -> None:
        """One is to stop."""
        self._stopped.add(trial)

    def is_stopped(self, trial: str) -> bool:
        """Whether one is to stop."""
        return trial in self._stopped
