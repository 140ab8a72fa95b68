"""A short measurement of what trials will cost: some steps of their own lanes on their own batches, some cases judged.

Nothing is tracked and no weights are kept. It is meant to run on as many workers side by side as the launch will have:
on a CPU they share caches and memory bandwidth.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import nn

from segsweep.data.batches import Batch, Batches, EvaluationCase
from segsweep.data.few_cases import open_few
from segsweep.errors import TrainingError
from segsweep.records import tables
from segsweep.records.schemas import CASES, OVERLAYS
from segsweep.spec.catalogue import LossSetting, resolve
from segsweep.spec.trials import Trial
from segsweep.training.evaluation import case_rows
from segsweep.training.examples import example_rows
from segsweep.training.inference import predict
from segsweep.training.lane import Lane, build_lane
from segsweep.training.measured import LossCost, Measured, loss_kind
from segsweep.training.memory import forget_peak, peak_memory, total_memory
from segsweep.training.workload import evaluation_cases, steps_per_epoch

Lanes = Mapping[str, Lane]
"""One for each kind of loss."""

SECONDS = 2.0
"""Steps are measured for so long, and then looks at selection cases; the first of each only warms up."""
FEWEST = 3
"""Steps that are measured however long they take."""
CASES_JUDGED = 8


def probe(trials: Sequence[Trial], device: torch.device) -> Measured:
    """Measure trials of one shape.

    Args:
        trials: that differ in loss, rate and stop rule alone; the first one's data stand for all.
        device: to train on.

    Raises:
        DataError: a case cannot be used.
        GridError: a network or a loss cannot be built.
        TrainingError: a loss cannot be trained with.
    """
    first = trials[0]
    forget_peak(device)
    start = _clock(device)
    with open_few(first, device) as (batches, held, decoding):
        opening = _clock(device) - start
        lanes = {
            kind: build_lane(first, loss, first.train, first.train.lr, batches, None, device)
            for kind, loss in _different_losses(trials).items()
        }
        batch, steps = _steps(lanes, batches, device)
        loading, looks = _looks(lanes, batches, device)
        network = next(iter(lanes.values())).network
        judged = _judge(network, batches, first, device)
        return Measured(
            opening=opening if decoding == 0 else 0.0,
            batch=batch,
            loading=loading,
            losses={kind: LossCost(*cost) for kind, *cost in zip(lanes, steps, looks, strict=True)},
            case=judged.case,
            pictures=judged.pictures,
            decoding=decoding,
            shown=batches.steps / steps_per_epoch(held),
            judged=len(batches.evaluation()) / evaluation_cases(held),
            device=torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
            device_memory=total_memory(device),
            memory=peak_memory(device),
            weights=sum(value.nbytes for value in network.state_dict().values()),
            case_rows=judged.case_rows,
            picture_rows=judged.picture_rows,
        )


def _different_losses(trials: Sequence[Trial]) -> dict[str, LossSetting]:
    """One loss of each kind, that of the warm starts among them."""
    warm = [resolve(trial.warm_start.loss, {}) for trial in trials if trial.warm_start is not None]
    return {loss_kind(loss): loss for loss in (*(trial.loss for trial in trials), *warm)}


def _clock(device: torch.device) -> float:
    """Seconds, when the device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.monotonic()


def _steps(lanes: Lanes, batches: Batches, device: torch.device) -> tuple[float, list[float]]:
    """Seconds to make a batch, and of a step on it by each lane."""
    endless = (batch for number in count(1) for batch in batches.epoch("probe", number))
    laps = [lap for lap, _ in _laps(lanes, endless, lambda lane, batch: lane.step(batch, seed=0), device)]
    batch, *steps = np.mean(laps, axis=0).tolist()
    return batch, steps


def _looks(lanes: Lanes, batches: Batches, device: torch.device) -> tuple[float, list[float]]:
    """Seconds to load a selection case, and of judging it by each lane."""
    endless = (batch for _ in count() for batch in batches.selection())
    laps = list(_laps(lanes, endless, lambda lane, batch: lane.judge(batch), device))
    loading, *looks = (np.sum([lap for lap, _ in laps], axis=0) / sum(cases for _, cases in laps)).tolist()
    return loading, looks


def _laps(
    lanes: Lanes, batches: Iterator[Batch], work: Callable[[Lane, Batch], None], device: torch.device
) -> Iterator[tuple[NDArray[np.float64], int]]:
    """Seconds of making a batch and of each lane's work on it, with the number of its images, after a first lap."""
    begun = _clock(device)
    for lap in count():
        marks = [_clock(device)]
        if lap > FEWEST and marks[0] - begun > SECONDS:
            return
        batch = next(batches)
        marks.append(_clock(device))
        for kind, lane in lanes.items():
            try:
                work(lane, batch)
            except Exception as error:  # a loss may raise whatever it likes
                name, said = kind.partition(" ")[0], str(error).partition("\n")[0]
                raise TrainingError(f"loss {name} cannot be measured: {type(error).__name__}: {said}") from error
            marks.append(_clock(device))
        if lap > 0:
            yield np.diff(marks), len(batch.images)
        else:
            begun = marks[-1]


class _Judged(NamedTuple):
    case: float
    pictures: float
    case_rows: float
    picture_rows: float


def _judge(network: nn.Module, batches: Batches, trial: Trial, device: torch.device) -> _Judged:
    """Seconds and bytes of a trial's evaluation, from a few cases.

    They are judged as if the network had learned: what an untrained one predicts has surfaces everywhere, which takes
    longer to measure than any result will.
    """
    network.eval()
    cases = batches.evaluation()
    few = [cases[place] for place in sorted(set(np.linspace(0, len(cases) - 1, CASES_JUDGED).astype(int).tolist()))]
    first = few[: trial.train.batch_size]
    predict(network, first, device)
    start = _clock(device)
    found = predict(network, first, device)
    inference = (_clock(device) - start) / len(first)
    list(case_rows(few[0], _learned(few[0], batches.labels), batches.labels, trial))  # imports, and warms up
    rows, seconds = [], 0.0
    for case in few:
        learned = _learned(case, batches.labels)
        start = _clock(device)
        case.geometry.to_native(found[0])
        rows += list(case_rows(case, learned, batches.labels, trial))
        seconds += _clock(device) - start
    # cases differ in size, and judging takes as long as a case is large
    larger = fmean(case.truth.size for case in cases) / fmean(case.truth.size for case in few)
    list(example_rows(network, batches, rows, device))
    start = _clock(device)
    pictures = list(example_rows(network, batches, rows, device))
    return _Judged(
        case=inference + larger * seconds / len(few),
        pictures=_clock(device) - start,
        case_rows=(_file_size(tables.table(rows, CASES)) - _file_size(CASES.empty_table())) / len(few),
        picture_rows=_file_size(tables.table(pictures, OVERLAYS)),
    )


def _learned(case: EvaluationCase, labels: Sequence[str]) -> NDArray[np.float32]:
    """Probabilities (foreground labels, *native) of a network that is a voxel off."""
    moved = np.roll(case.truth, 1, axis=0)
    return np.stack([np.where(moved == value, 0.9, 0.05) for value in range(1, len(labels))]).astype(np.float32)


def _file_size(rows: pa.Table) -> int:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        tables.write(rows, path)
        return path.stat().st_size
