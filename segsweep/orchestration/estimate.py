"""A sweep's costs before it is run: the forecast of its slices, and what comes before, beside and after them."""

from dataclasses import dataclass
from statistics import fmean

from segsweep.data.decode_dataset import is_decoded
from segsweep.orchestration.forecast import (
    AROUND_SECONDS,
    Forecast,
    epoch_seconds,
    evaluation_seconds,
    may_stop_early,
)
from segsweep.orchestration.outlook import Outlook, worker_bytes
from segsweep.orchestration.planning import Planned
from segsweep.orchestration.slices import Slice
from segsweep.spec.datasets import FileDataset
from segsweep.spec.trials import Trial
from segsweep.training.measured import loss_kind
from segsweep.training.workload import by_shape, evaluation_cases, shape

CHECKPOINT_COPIES = 4
"""What a checkpoint holds of a network's weights: themselves, two moments of Adam, the best so far."""
TABLE_COPIES = 2
"""The store keeps each run's tables, the sweep's folder all of them together."""


@dataclass(frozen=True)
class Disk:
    """Bytes that a sweep leaves on disk, or needs there while it runs.

    Args:
        tables: of cases and pictures.
        warm_starts: kept for later launches.
        checkpoints: of the trials that run at once, at most.
    """

    tables: int
    warm_starts: int
    checkpoints: int


@dataclass(frozen=True)
class SettingCost:
    """What the trials of one setting will cost, each; seconds.

    Args:
        named: dataset, network and loss setting.
        trials: how many there are.
        step: of the optimizer.
        epoch: its steps, and a look at the cases that choose the checkpoint.
        evaluation: of all cases.
        trial: all of it, and an equal part of what its slice shares.
    """

    named: tuple[str, str, str]
    trials: int
    step: float
    epoch: float
    evaluation: float
    trial: float


@dataclass(frozen=True)
class Estimate:
    """What a sweep will cost.

    Args:
        settings: each, on the average over folds and seeds.
        outlook: what was measured, and on how many workers.
        slices: in the order in which they are handed out.
        forecast: of them.
        startup: seconds until the first slice starts, decoding apart.
        decoding: seconds to decode what this node has not decoded yet.
        wall: seconds from the command to the report.
        at_most: whether early stopping may make it shorter.
        memory: bytes of a worker, at most; on a GPU, of the GPU.
        disk: bytes.
    """

    settings: tuple[SettingCost, ...]
    outlook: Outlook
    slices: tuple[Slice, ...]
    forecast: Forecast
    startup: float
    decoding: float
    wall: float
    at_most: bool
    memory: int
    disk: Disk

    @property
    def gpu_memory(self) -> int:
        """Bytes of the smallest GPU that was measured; 0 on CPUs."""
        return min(probed.measured.device_memory for probed in self.outlook.probed.values())

    @property
    def device_seconds(self) -> float:
        """Of GPUs, or of CPU cores where there are none: what workers take, while they are busy."""
        resources = self.outlook.resources
        if self.gpu_memory == 0:
            return self.forecast.busy * resources.cpus
        return self.forecast.busy * (1.0 if resources.gpus == "auto" else resources.gpus)


def estimate_of(planned: Planned, outlook: Outlook) -> Estimate:
    """Add up what a whole sweep will cost, as if nothing of it had been run.

    Args:
        planned: the sweep.
        outlook: in which all of its shapes were measured.
    """
    trials = planned.plan.trials
    arranged = outlook.arrange(trials)
    assert arranged.forecast is not None
    startup = max(probed.startup for probed in outlook.probed.values())
    decoding = _decoding(planned, outlook)
    return Estimate(
        settings=_settings(planned, outlook, arranged.forecast),
        outlook=outlook,
        slices=arranged.slices,
        forecast=arranged.forecast,
        startup=startup,
        decoding=decoding,
        wall=startup + decoding + arranged.forecast.training + AROUND_SECONDS,
        at_most=may_stop_early(trials),
        memory=max(worker_bytes(outlook.probed[name].measured, group) for name, group in by_shape(trials).items()),
        disk=_disk(planned, outlook, arranged.slices),
    )


def _settings(planned: Planned, outlook: Outlook, forecast: Forecast) -> tuple[SettingCost, ...]:
    found: dict[tuple[str, str, str], list[Trial]] = {}
    for trial in planned.plan.trials:
        found.setdefault((trial.dataset.name, trial.network.name, trial.setting), []).append(trial)
    return tuple(_setting(named, trials, outlook, forecast) for named, trials in found.items())


def _setting(named: tuple[str, str, str], trials: list[Trial], outlook: Outlook, forecast: Forecast) -> SettingCost:
    first = trials[0]
    measured = outlook.probed[shape(first)].measured
    return SettingCost(
        named=named,
        trials=len(trials),
        step=measured.losses[loss_kind(first.loss)].step,
        epoch=fmean(epoch_seconds(trial, measured) for trial in trials),
        evaluation=fmean(evaluation_seconds(trial, measured) for trial in trials),
        trial=fmean(forecast.trials[trial.id] for trial in trials),
    )


def _decoding(planned: Planned, outlook: Outlook) -> float:
    """The launch decodes on one process, each dataset once."""
    seconds = {
        trial.dataset.name: evaluation_cases(trial) * outlook.probed[shape(trial)].measured.decoding
        for trial in planned.plan.trials
        if isinstance(trial.dataset, FileDataset) and not is_decoded(trial.dataset, trial.facts)
    }
    return sum(seconds.values())


def _disk(planned: Planned, outlook: Outlook, slices: tuple[Slice, ...]) -> Disk:
    measured = {trial.id: outlook.probed[shape(trial)].measured for trial in planned.plan.trials}
    tables = sum(
        evaluation_cases(trial) * measured[trial.id].case_rows + measured[trial.id].picture_rows
        for trial in planned.plan.trials
    )
    warm_starts = {trial.warm_start_id: measured[trial.id].weights for trial in planned.plan.trials}
    warm_starts.pop(None, None)
    lanes = sorted((sum(measured[trial.id].weights for trial in piece) for piece in slices), reverse=True)
    return Disk(
        tables=round(TABLE_COPIES * tables),
        warm_starts=sum(warm_starts.values()),
        checkpoints=CHECKPOINT_COPIES * sum(lanes[: outlook.workers]),
    )
