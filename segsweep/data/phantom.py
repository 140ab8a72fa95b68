"""An endless stream of phantoms with a known amount of label uncertainty.

The image shows a band: a certain core and an uncertain area beside it. The label holds the core and, block by block,
the uncertain area with probability p, whatever the image shows. What each loss should then predict for the area, and
the volume bias that follows, is known exactly (`segsweep.theory`).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from segsweep.data.batches import Batch, EvaluationCase
from segsweep.data.geometry import Geometry
from segsweep.losses.label_statistics import LabelStatistics
from segsweep.losses.rater_labels import smooth_labels
from segsweep.spec.canonical import derive_seed
from segsweep.spec.phantom_dataset import BAND_HEIGHT, PhantomDataset
from segsweep.spec.trials import Trial

CORE, UNCERTAIN = 2.0, 1.0
"""Intensities; the background is 0."""


class Phantoms(NamedTuple):
    """Some phantoms.

    Args:
        images: (count, 1, size, size).
        labels: (count, size, size), label values as drawn.
        expected: (count, size, size), probability of each pixel's label: the mean of endlessly many raters.
    """

    images: NDArray[np.float32]
    labels: NDArray[np.uint8]
    expected: NDArray[np.float32]


def draw_phantoms(settings: PhantomDataset, count: int, *, rng: np.random.Generator) -> Phantoms:
    """Draw phantoms."""
    layout = settings.layout()
    width, size = layout.core + layout.uncertain, settings.size
    intensity = np.full((BAND_HEIGHT, width), UNCERTAIN, dtype=np.float32)
    intensity[:, : layout.core] = CORE
    blocks = rng.random((count, layout.down, layout.across)) < settings.p
    tall, wide = BAND_HEIGHT // layout.down, layout.uncertain // layout.across
    label = np.ones((count, BAND_HEIGHT, width), dtype=np.uint8)
    label[:, :, layout.core :] = blocks.repeat(tall, axis=1).repeat(wide, axis=2)
    images = rng.normal(0, settings.noise, (count, 1, size, size)).astype(np.float32)
    labels = np.zeros((count, size, size), dtype=np.uint8)
    expected = np.zeros((count, size, size), dtype=np.float32)
    turns = rng.integers(0, 4, count)
    rows, columns = rng.integers(0, size - BAND_HEIGHT + 1, count), rng.integers(0, size - width + 1, count)
    for index in range(count):
        box = (slice(rows[index], rows[index] + BAND_HEIGHT), slice(columns[index], columns[index] + width))
        images[index, 0][box] += intensity
        labels[index][box] = label[index]
        expected[index][box] = np.where(intensity == CORE, 1.0, settings.p)
        for drawn in (images[index, 0], labels[index], expected[index]):
            drawn[:] = np.rot90(drawn, turns[index]).copy()
    return Phantoms(images, labels, expected)


class PhantomBatches:
    """Phantoms addressed by (seed, fold, step): the network never sees one twice, so it cannot learn one by heart."""

    def __init__(self, settings: PhantomDataset, trial: Trial, device: torch.device) -> None:
        self.labels = trial.facts.labels
        self.channels = 1
        self.size: tuple[int, ...] = (settings.size, settings.size)
        self.statistics = _expected_statistics(settings)
        self._settings = settings
        self._batch_size = trial.train.batch_size
        self._device = device
        self._policy = trial.labels
        self._seed = trial.stream_seed("batches")

    @property
    def steps(self) -> int:
        """As many as the grid says."""
        return self._settings.steps

    def epoch(self, phase: str, number: int) -> Iterator[Batch]:
        """`steps` batches that no other epoch has."""
        for step in range(self._settings.steps):
            yield self._batch(self._draw(self._batch_size, phase, number, step), slice(None))

    def selection(self) -> Iterator[Batch]:
        """The fixed validation phantoms."""
        drawn = self._draw(self._settings.validation, "validation")
        for start in range(0, len(drawn.images), self._batch_size):
            yield self._batch(drawn, slice(start, start + self._batch_size))

    def evaluation(self) -> Sequence[EvaluationCase]:
        """The fixed evaluation phantoms."""
        return self._cases(self._settings.evaluation, "evaluation", "val")

    def inner(self) -> Sequence[EvaluationCase]:
        """The fixed validation phantoms."""
        return self._cases(self._settings.validation, "validation", "inner")

    def _cases(self, count: int, purpose: str, split: str) -> Sequence[EvaluationCase]:
        images, labels, _ = self._draw(count, purpose)
        geometry = Geometry(self.size, self.size, self.size, spacing=None)
        names = [f"phantom-{index:04d}" for index in range(count)]
        return [
            EvaluationCase(name, name, split, image, label, geometry, (0.0, 0.0), {})
            for name, image, label in zip(names, images, labels, strict=True)
        ]

    def _draw(self, count: int, *address: int | str) -> Phantoms:
        return draw_phantoms(self._settings, count, rng=np.random.default_rng(derive_seed(self._seed, *address)))

    def _batch(self, drawn: Phantoms, part: slice) -> Batch:
        labels = drawn.expected if self._policy.raters == "mean" else drawn.labels.astype(np.float32)
        values = torch.from_numpy(labels[part, None]).to(self._device)
        targets = smooth_labels(values, self._policy.smooth)
        return Batch(torch.from_numpy(drawn.images[part]).to(self._device), targets)


def _expected_statistics(settings: PhantomDataset) -> LabelStatistics:
    layout = settings.layout()
    foreground = BAND_HEIGHT * (layout.core + settings.p * layout.uncertain)
    whole = settings.size**2
    volumes = (whole - foreground, foreground)
    return LabelStatistics((volumes[0] / whole, volumes[1] / whole), volumes, volumes)
