"""Whether the lanes of a cohort train faster in turn or stacked: measured on their own shapes, on this machine."""

import copy
import json
import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

import torch

from segsweep.data.batches import Batch, Batches
from segsweep.store.blobs import Blobs
from segsweep.store.keys import execution_key
from segsweep.training.execution import Execution, Named
from segsweep.training.fused import Fused
from segsweep.training.lane import Lane
from segsweep.training.sequential import Sequential

ROUNDS = 5
"""Steps of each kind that are timed, in turns, after one that only warms up; the fastest counts."""
WORTH_IT = 0.95
"""Stacked lanes are chosen where a step takes less than this share of the time: in turn, results are exact."""
EXECUTIONS: dict[str, Callable[[], Execution]] = {"sequential": Sequential, "fused": Fused}


@dataclass(frozen=True)
class Choice:
    """How the lanes of a cohort take their batches.

    Args:
        execution: `sequential` or `fused`.
        seconds: of a step of all lanes, by execution that was measured.
        obstacle: why the lanes cannot be stacked, in one line.
    """

    execution: str
    seconds: dict[str, float]
    obstacle: str | None = None


def choose_execution(wanted: str, cohort: str, lanes: Named, batches: Batches, blobs: Blobs) -> Choice:
    """How lanes take their batches, which is measured for a cohort once and then kept.

    Args:
        wanted: `sequential`, `fused` (where the network allows it) or `auto`.
        cohort: id of the cohort.
        lanes: of the cohort that are to be trained, on their device; they stay as they are.
        batches: that they take.
        blobs: store that the choice of a cohort is kept in, for its other slices and for a resumed launch.
    """
    if wanted == "sequential" or not lanes:
        return Choice("sequential", {})
    batch = next(iter(batches.epoch("measured", 1)))
    if wanted == "fused":
        measured = measure(lanes, batch)
        return Choice("sequential" if measured.obstacle else "fused", measured.seconds, measured.obstacle)
    key = execution_key(cohort)
    kept = blobs.get(key)
    if kept is None:
        blobs.create(key, json.dumps(asdict(measure(lanes, batch))).encode())
        kept = blobs.get(key)  # another worker may have been first
    return Choice(**json.loads(kept or b""))


def measure(lanes: Named, batch: Batch) -> Choice:
    """Time some steps of copies of these lanes; nothing that a result depends on is touched.

    Args:
        lanes: at least one, on their device.
        batch: of training, on their device.
    """
    device = batch.images.device
    fastest: dict[str, float] = {}
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        try:
            copies = {name: copy.deepcopy(list(lanes)) for name in EXECUTIONS}
            for turn in range(1 + ROUNDS):
                for name, build in EXECUTIONS.items():
                    start = _now(device)
                    build().step(copies[name], batch, _each, seed=turn)
                    taken = _now(device) - start
                    fastest[name] = min(taken, fastest.get(name, taken)) if turn else math.inf
        except Exception as error:  # what cannot be copied or stacked says so in its own way; memory too
            return Choice("sequential", {}, f"{type(error).__name__}: {str(error).partition(chr(10))[0]}")
    fused = len(lanes) > 1 and fastest["fused"] < WORTH_IT * fastest["sequential"]
    return Choice("fused" if fused else "sequential", fastest)


def _each(lanes: Named, work: Callable[[str, Lane], Any]) -> None:
    for name, lane in lanes:
        with suppress(Exception):  # a loss that raises will end its lane when that is trained
            work(name, lane)


def _now(device: torch.device) -> float:
    """Seconds; on a CPU those of this thread, so that what else the machine does decides nothing."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        return time.perf_counter()
    return time.thread_time()
