"""The labels of decoded cases as a network is trained on them."""

from collections.abc import Sequence
from statistics import fmean

import numpy as np
import torch
from numpy.typing import NDArray

from segsweep.data.batches import encode
from segsweep.data.decoded import Decoded
from segsweep.data.patches import Box
from segsweep.data.volumes import IGNORED
from segsweep.losses.label_statistics import LabelStatistics, label_statistics
from segsweep.losses.rater_labels import majority_of_raters, mean_of_raters, random_rater, smooth_labels
from segsweep.spec.canonical import derive_seed
from segsweep.spec.labels import LabelPolicy


class TrainingLabels:
    """A label policy applied to decoded cases.

    Args:
        decoded: the cases.
        policy: which label they are trained on.
        seed: of the random rater.
    """

    def __init__(self, decoded: Decoded, policy: LabelPolicy, *, seed: int) -> None:
        self._decoded = decoded
        self._policy = policy
        self._seed = seed

    def load(self, positions: Sequence[int], epoch: int | str, boxes: Sequence[Box] | None = None) -> torch.Tensor:
        """Labels that may still be augmented by nearest-neighbour sampling.

        Args:
            positions: of the cases.
            epoch: address of the random rater's draw.
            boxes: part of each case, all of one size; None = whole cases.

        Returns:
            Label values (B, 1, *size), or for a mean of raters the foreground shares (B, labels − 1, *size).
        """
        parts: Sequence[Box] = boxes or [()] * len(positions)
        if self._policy.raters is None:
            chosen = zip(positions, parts, strict=True)
            values = np.stack([self._without_removed(position, part) for position, part in chosen])
            return torch.from_numpy(values[:, None].astype(np.float32))
        return torch.stack(
            [self._of_raters(position, epoch, part) for position, part in zip(positions, parts, strict=True)]
        )

    def encode(self, loaded: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """What the loss takes.

        Args:
            loaded: as `load` gives it, augmented or not.

        Returns:
            Targets: the foreground in binary tasks, one channel per label else, smoothed if the policy says so. And
            the voxels to ignore, (B, 1, *size), or None where the dataset has no such voxels.
        """
        labels = len(self._decoded.labels)
        ignore = None
        if self._decoded.ignores:
            ignore = loaded == IGNORED
            loaded = loaded.masked_fill(ignore, 0)
        if self._policy.raters != "mean":
            target = encode(loaded, labels)
        elif labels == 2:
            target = loaded
        else:
            target = torch.cat([1 - loaded.sum(dim=1, keepdim=True), loaded], dim=1)
        return (smooth_labels(target, self._policy.smooth) if self._policy.smooth else target), ignore

    def statistics(self, positions: Sequence[int]) -> LabelStatistics:
        """Statistics of these cases' labels on the training grid; of a random rater, those of all raters."""
        return label_statistics(np.array([self._voxels(position) for position in positions], dtype=np.float64))

    def removed(self, position: int) -> list[int]:
        """The label values that a case loses."""
        case = self._decoded.cases[position]
        names = enumerate(self._decoded.labels[1:], start=1)
        return [value for value, name in names if self._policy.removes(name, case.id, case.meta)]

    def _without_removed(self, position: int, part: Box) -> NDArray[np.uint8]:
        values, removed = self._decoded.targets[position][part], self.removed(position)
        return np.where(np.isin(values, removed), np.uint8(0), values) if removed else values

    def _of_raters(self, position: int, epoch: int | str, part: Box = ()) -> torch.Tensor:
        labels = self._decoded.rater_labels(position)[(slice(None), *part)]
        raters = torch.from_numpy(np.array(labels, dtype=np.float32))[:, None]
        if self._policy.raters == "random":
            generator = torch.Generator().manual_seed(derive_seed(self._seed, "rater", epoch, position))
            return random_rater(raters, generator=generator)
        one_hot = encode(raters, len(self._decoded.labels))
        if self._policy.raters == "mean":
            share = mean_of_raters(one_hot)
            return share if len(self._decoded.labels) == 2 else share[1:]
        majority = majority_of_raters(one_hot)
        return majority if len(self._decoded.labels) == 2 else majority.argmax(dim=0, keepdim=True).float()

    def _voxels(self, position: int) -> list[float]:
        case = self._decoded.cases[position]
        if self._policy.raters is None:
            removed = self.removed(position)
            kept = [0 if value in removed else count for value, count in enumerate(case.voxels)]
            return [kept[0] + sum(case.voxels[value] for value in removed), *kept[1:]]
        if self._policy.raters == "majority":
            values = self._of_raters(position, 0).long().flatten()
            return torch.bincount(values, minlength=len(self._decoded.labels)).tolist()
        return [fmean(counts) for counts in zip(*case.rater_voxels, strict=True)]
