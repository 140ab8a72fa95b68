"""Where a slice of a cohort is run, and what it says while it runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import torch

from segsweep.spec.trials import Trial
from segsweep.store.blobs import Blobs
from segsweep.store.claims import Claims
from segsweep.tracking.protocol import Ending, Tracker
from segsweep.training.journal import Journal
from segsweep.training.lane import Epoch


@dataclass(frozen=True)
class Progress:
    """Where a slice stands.

    Args:
        phase: `data`, `warm start`, `training` or, when a trial has been judged, `evaluation`.
        done: share of the phase, 0 to 1, of `evaluation` the share of trials that have ended; early stopping may end a
            phase sooner.
        endings: trial id to how it ended, for those that have.
    """

    phase: str
    done: float
    endings: Mapping[str, Ending]


class Judging(Enum):
    """What a trained lane is judged on; the value is the state that its trial has then."""

    EVERY_CASE = "finished"
    INNER_CASES = "searched"
    """For a search: nothing is seen of the outer cases, and the trial may be finished later from its checkpoint."""


@dataclass(frozen=True)
class Workplace:
    """Where a slice is run.

    Args:
        parent: run that the trials' runs are children of.
        tracker: store that they are written to.
        blobs: store of warm starts and checkpoints, shared by all workers.
        claims: on the same store.
        journal: of this process.
        device: to train on.
        report: called as the slice goes on.
        forecast: trial id to the seconds that it is expected to take, where that is known.
        void: claim to its fence, where the claim is known to be void though it looks held.
        last: whether a trial that GPU memory was too small for is to be called failed.
        lanes: how the trials of a cohort are trained side by side: `sequential`, `fused` or `auto`.
        keep_weights: whether the run of a finished trial holds its weights.
        judging: what lanes are judged on.
        on_judged: called with (trial, its rows of the cases table).
        goes_on: asked with (trial, epoch) after each epoch; a trial that is not to go on is stopped.
        patience: seconds for which a slice waits at its end for a store that is away to take its records; none where
            the launch is near, which delivers what its workers leave behind.
    """

    parent: str
    tracker: Tracker
    blobs: Blobs
    claims: Claims
    journal: Journal
    device: torch.device
    report: Callable[[Progress], None]
    forecast: Mapping[str, float] = field(default_factory=dict)
    void: Mapping[str, int] = field(default_factory=dict)
    last: bool = False
    lanes: str = "sequential"
    keep_weights: bool = False
    judging: Judging = Judging.EVERY_CASE
    on_judged: Callable[[Trial, Sequence[Mapping[str, Any]]], None] = lambda trial, rows: None
    goes_on: Callable[[Trial, Epoch], bool] = lambda trial, epoch: True
    patience: float = 0.0

    def machine(self) -> dict[str, str]:
        """The columns of the trials table that say what trained it."""
        on_gpu = self.device.type == "cuda"
        device = torch.cuda.get_device_name(self.device) if on_gpu else self.device.type
        return {"device": device, "torch_version": torch.__version__}
