"""How much there is to compute for a trial: passes of batches through its network, and their floating-point operations.

torch counts these on the network itself, without data and without computing anything: two for each multiply-add of a
convolution or matrix product. Norms, activations, losses and Adam are left out, as is usual.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from segsweep.data.batches import Batches
from segsweep.data.open import open_batches
from segsweep.spec.settings import Network, logits_per_voxel
from segsweep.spec.trials import Trial
from segsweep.training.networks import build_network
from segsweep.training.workload import by_shape, evaluation_cases, selection_cases

_META, _CPU = torch.device("meta"), torch.device("cpu")


@dataclass(frozen=True)
class Work:
    """Passes of a batch, forward alone or forward and backward, and floating-point operations of them."""

    passes: int = 0
    operations: int = 0

    def __add__(self, other: "Work") -> "Work":
        """Both, one after the other."""
        return Work(self.passes + other.passes, self.operations + other.operations)

    def __mul__(self, times: int) -> "Work":
        """The same again and again."""
        return Work(times * self.passes, times * self.operations)


@dataclass(frozen=True)
class Parts:
    """Of a trial's work.

    Args:
        steps: of one epoch.
        look: at the cases that choose the checkpoint, before the first epoch and after each.
        evaluation: of all cases in the end.
    """

    steps: Work
    look: Work
    evaluation: Work

    def phase(self, epochs: int) -> Work:
        """Of a warm start, or of a trial's own epochs."""
        return self.look + (self.steps + self.look) * epochs

    def trial(self, epochs: int) -> Work:
        """Of a trial, its warm start left out."""
        return self.phase(epochs) + self.evaluation


def parts_of(trials: Sequence[Trial]) -> dict[str, Parts]:
    """Trial id to the parts of its work.

    Raises:
        DataError: a case cannot be used.
    """
    found: dict[str, Parts] = {}
    for members in by_shape(trials).values():
        for fold in {trial.fold for trial in members}:
            same = [trial for trial in members if trial.fold == fold]
            parts = _parts(same[0], open_batches(same[0], _CPU))
            found |= {trial.id: parts for trial in same}
    return found


def total(trials: Iterable[Trial], parts: Mapping[str, Parts], *, trained: Collection[str] = ()) -> Work:
    """Of trials that do not stop early, each warm start once.

    Args:
        trials: of a plan.
        parts: trial id to the parts of its work.
        trained: ids of warm starts that are there already.
    """
    found, there = Work(), set(trained)
    for trial in trials:
        found += parts[trial.id].trial(trial.train.epochs)
        if trial.warm_start is not None and trial.warm_start_id not in there:
            there.add(str(trial.warm_start_id))
            found += parts[trial.id].phase(trial.warm_start.epochs)
    return found


def _parts(trial: Trial, batches: Batches) -> Parts:
    seen, learnt = _of_image(
        trial.network.model_dump_json(), (batches.channels, *batches.size), logits_per_voxel(batches.labels)
    )
    batch = trial.train.batch_size

    def forward(cases: int) -> Work:
        return Work(math.ceil(cases / batch), cases * seen)

    steps = Work(1, batch * learnt) * batches.steps
    return Parts(steps, forward(selection_cases(trial)), forward(evaluation_cases(trial)))


@cache
def _of_image(network: str, image: tuple[int, ...], outputs: int) -> tuple[int, int]:
    """Counting runs the network's Python: once for all trials that differ in other things."""
    settings = Network.model_validate_json(network)
    return operations(build_network(settings, axes=len(image) - 1, channels=image[0], outputs=outputs, seed=0), image)


def operations(network: nn.Module, image: tuple[int, ...]) -> tuple[int, int]:
    """Of one image of a batch: on its way through a network, and on its way there and back."""
    network.to(_META)
    with FlopCounterMode(display=False) as counter:
        logits = network(torch.zeros(1, *image, device=_META))
        forward = counter.get_total_flops()
        logits.sum().backward()
        return int(forward), int(counter.get_total_flops())
