"""What training and evaluation ask of data, whatever its source."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from segsweep.data.geometry import Geometry
from segsweep.losses.label_statistics import LabelStatistics


class Batch(NamedTuple):
    """What one step is taken on.

    Args:
        images: (B, channels, *size), float32.
        targets: (B, 1, *size) in binary tasks, else one-hot (B, labels, *size), background first; or soft labels.
        ignore: (B, 1, *size), bool: voxels that count nowhere; None = all count.
    """

    images: torch.Tensor
    targets: torch.Tensor
    ignore: torch.Tensor | None = None


@dataclass(frozen=True)
class EvaluationCase:
    """A case to be judged on its native grid.

    Args:
        image: (channels, *size), float32, on the training grid.
        truth: (*native), label values; `IGNORED` where a voxel counts nowhere.
        raters: rater to label values, where several raters labelled the case.
        cut_off: share of each label's voxels that pad/crop lost, background first.
        window: size of the windows that the network sees it through; None = it sees the whole image at once.
    """

    id: str
    group: str
    split: str
    image: NDArray[np.float32]
    truth: NDArray[np.uint8]
    geometry: Geometry
    cut_off: tuple[float, ...]
    meta: dict[str, str]
    raters: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)
    window: tuple[int, ...] | None = None


class Batches(Protocol):
    """The data of one fold and repeat; the same for all losses that train on it."""

    labels: tuple[str, ...]
    channels: int
    size: tuple[int, ...]
    statistics: LabelStatistics

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        ...

    def epoch(self, phase: str, number: int) -> Iterator[Batch]:
        """The training batches of an epoch of a phase, counted from 1; the same whenever they are asked for."""
        ...

    def selection(self) -> Iterator[Batch]:
        """The fixed batches that choose the checkpoint."""
        ...

    def evaluation(self) -> Sequence["EvaluationCase"]:
        """All cases that become rows of the cases table."""
        ...

    def inner(self) -> Sequence["EvaluationCase"]:
        """The cases that choose the checkpoint, to be judged as in an evaluation: what a search may look at."""
        ...


def encode(values: torch.Tensor, labels: int) -> torch.Tensor:
    """Label values (B, 1, *size) to targets: the foreground itself in binary tasks, one-hot channels else."""
    if labels == 2:
        return (values > 0).float()
    classes = torch.arange(labels, device=values.device).view(1, -1, *[1] * (values.ndim - 2))
    return (values == classes).float()
