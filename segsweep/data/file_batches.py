"""Batches of one fold from decoded cases."""

from collections.abc import Iterator, Sequence

import torch

from segsweep.data.augmentation import build_augmentation
from segsweep.data.batches import Batch, EvaluationCase
from segsweep.data.decoded import Decoded
from segsweep.data.training_cases import kept_for_training, oversampled
from segsweep.data.training_labels import TrainingLabels
from segsweep.spec.canonical import derive_seed
from segsweep.spec.trials import Trial


class FileBatches:
    """Shuffled, augmented batches; each is addressed by (seed, fold, epoch, step), never by what came before it."""

    def __init__(self, decoded: Decoded, trial: Trial, device: torch.device) -> None:
        self.labels = decoded.labels
        self.channels = int(decoded.images.shape[1])
        self.size: tuple[int, ...] = tuple(int(length) for length in decoded.images.shape[2:])
        self._decoded = decoded
        self._device = device
        self._batch_size = trial.train.batch_size
        self._augment = build_augmentation(trial.augment)
        self._seed = trial.stream_seed("batches")
        places = {case.id: position for position, case in enumerate(decoded.cases)}
        split = trial.split
        self._splits = {
            name: [places[case] for case in cases]
            for name, cases in (("train", split.train), ("inner", split.inner), ("val", split.val))
        }
        self._splits["train"] = kept_for_training(decoded, self._splits["train"], trial.labels)
        self._shown = oversampled(decoded, self._splits["train"], trial.labels)
        self._training_labels = TrainingLabels(decoded, trial.labels, seed=self._seed)
        self.statistics = self._training_labels.statistics(self._splits["train"])

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
            images, labels = self._load(positions[start : start + size], f"{phase} {number}")
            images, labels = self._augment(images, labels, generator)
            yield Batch(images, *self._training_labels.encode(labels))

    def selection(self) -> Iterator[Batch]:
        """The cases that choose the checkpoint, unchanged, in a fixed order."""
        positions = self._splits["inner"] or self._splits["val"]
        for start in range(0, len(positions), self._batch_size):
            images, labels = self._load(positions[start : start + self._batch_size], "selection")
            yield Batch(images, *self._training_labels.encode(labels))

    def evaluation(self) -> Sequence[EvaluationCase]:
        """Every case of the fold but those that the label policy keeps from training."""
        return [self._case(position, split) for split in ("val", "inner", "train") for position in self._splits[split]]

    def inner(self) -> Sequence[EvaluationCase]:
        """The inner cases of the fold."""
        return [self._case(position, "inner") for position in self._splits["inner"]]

    def _load(self, positions: list[int], epoch: str) -> tuple[torch.Tensor, torch.Tensor]:
        images = torch.from_numpy(self._decoded.images[positions])
        labels = self._training_labels.load(positions, epoch)
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
            raters=dict(zip(case.raters, raters, strict=True)),
        )
