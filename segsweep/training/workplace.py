"""Where a slice of a cohort is run, and what it says while it runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch

from segsweep.tracking.protocol import Tracker


@dataclass(frozen=True)
class Progress:
    """Where a slice stands.

    Args:
        phase: `data`, `warm start`, `training` or, when a trial has been judged, `evaluation`.
        done: share of the phase, 0 to 1, of `evaluation` the share of trials that have ended; early stopping may end a
            phase sooner.
        states: trial id to state, for the trials that have ended.
    """

    phase: str
    done: float
    states: Mapping[str, str]


@dataclass(frozen=True)
class Workplace:
    """Where a slice is run.

    Args:
        parent: run that the trials' runs are children of.
        tracker: store that they are written to.
        warm_starts: folder of warm-start weights, shared by all workers.
        device: to train on.
        report: called as the slice goes on.
        forecast: trial id to the seconds that it is expected to take, where that is known.
    """

    parent: str
    tracker: Tracker
    warm_starts: Path
    device: torch.device
    report: Callable[[Progress], None]
    forecast: Mapping[str, float] = field(default_factory=dict)

    def machine(self) -> dict[str, str]:
        """The columns of the trials table that say what trained it."""
        on_gpu = self.device.type == "cuda"
        device = torch.cuda.get_device_name(self.device) if on_gpu else self.device.type
        return {"device": device, "torch_version": torch.__version__}
