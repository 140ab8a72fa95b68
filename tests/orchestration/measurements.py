"""Measurements made up of round numbers, so that a forecast can be worked out by hand."""

from collections.abc import Sequence
from typing import Any

from segsweep.orchestration.outlook import Outlook
from segsweep.orchestration.remembered import Probed
from segsweep.spec.settings import Resources
from segsweep.spec.trials import Trial
from segsweep.training.measured import LossCost, Measured, loss_kind
from segsweep.training.workload import by_shape, warm_start_kind

STEP, LOOK = 8.0, 0.5


def measured(trials: Sequence[Trial], **changes: Any) -> Measured:
    """As if every loss of these trials cost the same."""
    kinds = {loss_kind(trial.loss) for trial in trials}
    kinds |= {warm_start_kind(trial.warm_start) for trial in trials if trial.warm_start is not None}
    values: dict[str, Any] = {
        "opening": 16.0,
        "batch": 2.0,
        "loading": 0.25,
        "losses": dict.fromkeys(sorted(kinds), LossCost(STEP, LOOK)),
        "case": 4.0,
        "pictures": 32.0,
        "decoding": 0.0,
        "shown": 1.0,
        "judged": 1.0,
        "device": "cpu",
        "device_memory": 0,
        "memory": 1000,
        "weights": 10,
        "case_rows": 100.0,
        "picture_rows": 50.0,
    }
    return Measured(**{**values, **changes})


def outlook(trials: Sequence[Trial], *, workers: int = 1, **changes: Any) -> Outlook:
    """In which every shape of these trials was measured, and found to be the same."""
    probed = {name: Probed(64.0, measured(members, **changes)) for name, members in by_shape(trials).items()}
    return Outlook(Resources(), workers, probed)
