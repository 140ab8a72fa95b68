"""Batches of patches of one fold, from images too large to be trained on whole."""

import numpy as np
import torch

from segsweep.data.decoded import Decoded
from segsweep.data.file_batches import FileBatches
from segsweep.data.patches import Box, Foreground, draw_box, foreground
from segsweep.data.volumes import IGNORED
from segsweep.losses.label_statistics import LabelStatistics, label_statistics
from segsweep.spec.canonical import derive_seed
from segsweep.spec.preprocess import Patch
from segsweep.spec.trials import Trial

_SELECTION_PATCHES = 4
"""Patches of each case that choose the checkpoint."""
_STATISTICS_PATCHES = 8
"""Patches of each training case that label statistics are measured on."""


class PatchBatches(FileBatches):
    """To the loss a patch is the image: Φ, ε and label statistics speak of patches.

    A patch is addressed by (seed, fold, epoch, step, place in the batch), never by what came before it.
    """

    def __init__(self, decoded: Decoded, trial: Trial, patch: Patch, device: torch.device) -> None:
        self._patch = patch
        self._foregrounds: dict[int, Foreground] = {}
        super().__init__(decoded, trial, device)
        self._shown = [position for position in self._shown for _ in range(patch.per_case)]
        # every case once, then every case again: a batch holds patches of several cases, as in training
        self._selected *= _SELECTION_PATCHES

    def _boxes(self, positions: list[int], epoch: str, step: int) -> list[Box] | None:
        return [
            self._box(position, derive_seed(self._seed, "patch", epoch, step, place))
            for place, position in enumerate(positions)
        ]

    def _statistics(self) -> LabelStatistics:
        """Of patches drawn as in training, the same ones whatever the seed."""
        labels = len(self._decoded.labels)
        volumes = []
        for position in self._splits["train"]:
            case = self._decoded.cases[position].id
            boxes = [self._box(position, derive_seed("patch statistics", case, n)) for n in range(_STATISTICS_PATCHES)]
            loaded = self._training_labels.load([position] * len(boxes), "statistics", boxes)
            targets, _ = self._training_labels.encode(loaded)
            if labels == 2:
                targets = torch.cat([1 - targets, targets], dim=1)
            volumes.append(targets.flatten(2).sum(dim=2).double().numpy())
        return label_statistics(np.concatenate(volumes))

    def _box(self, position: int, seed: int) -> Box:
        if position not in self._foregrounds:
            values = self._decoded.targets[position]
            lost = [0, IGNORED, *self._training_labels.removed(position)]
            self._foregrounds[position] = foreground(~np.isin(values, lost))
        return draw_box(self._foregrounds[position], self._patch, rng=np.random.default_rng(seed))
