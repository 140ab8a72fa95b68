"""What `segsweep plan --estimate` prints."""

from datetime import timedelta
from typing import TYPE_CHECKING

from segsweep.orchestration.forecast import AROUND_SECONDS
from segsweep.reports.numbers import count
from segsweep.terminal.console import print_columns, say

if TYPE_CHECKING:
    from segsweep.orchestration.estimate import Estimate


def print_estimate(estimate: "Estimate") -> None:
    """What a sweep will cost: each setting, then all of it."""
    header = ("dataset", "network", "loss setting", "trials", "step", "epoch", "evaluation", "a trial in all")
    print_columns(
        header,
        [
            (*cost.named, cost.trials, *map(_fine, (cost.step, cost.epoch, cost.evaluation, cost.trial)))
            for cost in estimate.settings
        ],
    )
    outlook, disk = estimate.outlook, estimate.disk
    slices = f"{count(len(estimate.slices), 'slice')} on {count(outlook.workers, 'worker')}"
    parts = (
        f"{_clock(estimate.startup)} to start",
        f"{_clock(estimate.decoding)} to decode",
        f"{_clock(estimate.forecast.training)} for {slices}",
        f"{_clock(AROUND_SECONDS)} for store and report",
    )
    say(f"time: {'at most ' if estimate.at_most else ''}{_clock(estimate.wall)}: {', '.join(parts)}")
    if estimate.at_most:
        say("at most, because `patience` may end training before its last epoch")
    if outlook.resources.lanes != "sequential":
        say(f"measured with lanes in turn: what `lanes: {outlook.resources.lanes}` gains or loses is not forecast")
    if estimate.gpu_memory:
        share = 1.0 if outlook.resources.gpus == "auto" else outlook.resources.gpus
        say(f"GPU-hours: {estimate.device_seconds / 3600:.2f}")
        say(
            f"memory: {_size(estimate.memory)} of a GPU per worker, which has {_size(estimate.gpu_memory)}:"
            f" `gpus: {share:g}` for each"
        )
    else:
        say(f"CPU-hours: {estimate.device_seconds / 3600:.2f}")
        say(f"memory: {_size(estimate.memory)} per worker")
    say(
        f"disk: {_size(disk.tables)} of tables, {_size(disk.warm_starts)} of warm starts, {_size(disk.checkpoints)} of"
        " checkpoints while it runs"
    )


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def _fine(seconds: float) -> str:
    """A duration that may be that of a single step."""
    return f"{1000 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.1f} s"


def _size(size: float) -> str:
    """Bytes, in the largest unit of which there is one."""
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.3g} {unit}"
        size = size / 1024
    return f"{size:.3g} GiB"
