"""Batches of one fold from decoded cases."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict

import numpy as np
import torch

from segsweep.data.augmentation import build_augmentation
from segsweep.data.batches import Batch, EvaluationCase
from segsweep.data.decoded import Decoded
from segsweep.data.folds import shuffled
from segsweep.data.patches import Box
from segsweep.data.training_cases import kept_for_training, oversampled
from segsweep.data.training_labels import TrainingLabels
from segsweep.losses.label_statistics import LabelStatistics
from segsweep.spec.canonical import derive_seed
from segsweep.spec.trials import Trial


class FileBatches:
    """Shuffled, augmented batches; each is addressed by (seed, fold, epoch, step), never by what came before it."""

    def __init__(self, decoded: Decoded, trial: Trial, device: torch.device) -> None:
        self.labels = decoded.labels
        self.channels = decoded.channels
        self.size: tuple[int, ...] = decoded.size
        self._decoded = decoded
        self._device = device
        self._batch_size = trial.train.batch_size
        self._augment = build_augmentation(trial.augment)
        self._seed = trial.stream_seed("batches")
        places = {case.id: position for position, case in enumerate(decoded.cases)}
        split = trial.split
        self._splits = {name: [places[case] for case in cases] for name, cases in asdict(split).items()}
        self._splits["train"] = kept_for_training(decoded, self._splits["train"], trial.labels)
        self._shown = oversampled(decoded, self._splits["train"], trial.labels)
        # By name all cases without a lesion may follow each other, and a loss over the batch would be asked about
        # batches that training never sees.
        judged = shuffled(split.inner or split.val, "selection")
        self._selected = [places[case] for case in judged]
        self._training_labels = TrainingLabels(decoded, trial.labels, seed=self._seed)
        self.statistics = self._statistics()

    @property
    def steps(self) -> int:
        """Whole batches that the training cases give."""
        return len(self._shown) // min(self._batch_size, len(self._shown))

    def epoch(self, phase: str, number: int) -> Iterator[Batch]:
        """The training batches of an epoch; the last incomplete one is left out, so that Φ always spans B images."""
        generator = torch.Generator().manual_seed(derive_seed(self._seed, phase, "order", number))
        order = torch.randperm(len(self._shown), generator=generator).tolist()
        positions = [self._shown[index] for index in order]
        size = min(self._batch_size, len(positions))
        for step, start in enumerate(range(0, len(positions) - size + 1, size)):
            generator.manual_seed(derive_seed(self._seed, phase, "augment", number, step))
            images, labels = self._load(positions[start : start + size], f"{phase} {number}", step)
            images, labels = self._augment(images, labels, generator)
            yield Batch(images, *self._training_labels.encode(labels))

    def selection(self) -> Iterator[Batch]:
        """The cases that choose the checkpoint, unchanged, in a fixed order that their names do not tell."""
        positions = self._selected
        for start in range(0, len(positions), self._batch_size):
            images, labels = self._load(positions[start : start + self._batch_size], "selection", start)
            yield Batch(images, *self._training_labels.encode(labels))

    def evaluation(self) -> Sequence[EvaluationCase]:
        """Every case of the fold but those that the label policy keeps from training, and the test set."""
        judged = ("val", "test", "inner", "train")
        return [self._case(position, split) for split in judged for position in self._splits[split]]

    def inner(self) -> Sequence[EvaluationCase]:
        """The inner cases of the fold."""
        return [self._case(position, "inner") for position in self._splits["inner"]]

    def _boxes(self, positions: list[int], epoch: str, step: int) -> list[Box] | None:
        """The parts of the cases that a step sees; None = whole cases."""
        return None

    def _statistics(self) -> LabelStatistics:
        return self._training_labels.statistics(self._splits["train"])

    def _load(self, positions: list[int], epoch: str, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        boxes = self._boxes(positions, epoch, step)
        labels = self._training_labels.load(positions, epoch, boxes)
        chosen = zip(positions, boxes or [()] * len(positions), strict=True)
        cut = [self._decoded.images[position][(slice(None), *box)] for position, box in chosen]
        images = torch.from_numpy(np.stack(cut))
        return images.to(self._device, non_blocking=True), labels.to(self._device, non_blocking=True)

    def _case(self, position: int, split: str) -> EvaluationCase:
        case = self._decoded.cases[position]
        truth, *raters = self._decoded.native_labels(position)
        return EvaluationCase(
            id=case.id,
            group=case.group,
            split=split,
            image=self._decoded.images[position],
            truth=truth,
            geometry=case.geometry,
            cut_off=case.cut_off,
            meta=case.meta,
            window=self._decoded.patch,
            raters=dict(zip(case.raters, raters, strict=True)),
        )
