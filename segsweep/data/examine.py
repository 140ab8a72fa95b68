"""What one case holds, on its native grid."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segsweep.data.case_voxels import read_case
from segsweep.data.cases import Case, CaseSet
from segsweep.data.resample import resample
from segsweep.data.volumes import IGNORED

THUMBNAIL = {2: (16, 16), 3: (8, 8, 8)}
"""Voxels that stand for an image when images are compared, by its number of axes."""


@dataclass(frozen=True)
class CaseFacts:
    """What was found in the files of one case.

    Args:
        shape: voxels per axis.
        spacing: mm per voxel and axis; None in pictures.
        channels: of the image.
        low: smallest intensity.
        high: largest intensity.
        zeros: share of voxels that are 0 in all channels.
        volumes: voxels of each label, background first.
        ignored: voxels that count nowhere.
        thumbnail: the image at a few voxels, mean 0 and variance 1; all 0 where it has no contrast.
    """

    id: str
    group: str
    shape: tuple[int, ...]
    spacing: tuple[float, ...] | None
    channels: int
    low: float
    high: float
    zeros: float
    volumes: tuple[int, ...]
    ignored: int
    thumbnail: NDArray[np.float32]

    @property
    def shares(self) -> tuple[float, ...]:
        """Each label's share of the image, background first."""
        return tuple(volume / int(np.prod(self.shape)) for volume in self.volumes)


def examine(case: Case, found: CaseSet) -> CaseFacts:
    """Read a case and take its measures.

    Raises:
        DataError: a file cannot be read or does not fit the others; names the case and the file.
    """
    image, labels = read_case(case, found.labels, found.ignore)
    counts = np.bincount(labels[0].ravel(), minlength=IGNORED + 1)
    return CaseFacts(
        id=case.id,
        group=case.group,
        shape=tuple(int(length) for length in image.array.shape[1:]),
        spacing=image.spacing,
        channels=len(image.array),
        low=float(image.array.min()),
        high=float(image.array.max()),
        zeros=float((image.array == 0).all(axis=0).mean()),
        volumes=tuple(int(count) for count in counts[: len(found.labels)]),
        ignored=int(counts[IGNORED]),
        thumbnail=_thumbnail(image.array),
    )


def _thumbnail(image: NDArray[np.generic]) -> NDArray[np.float32]:
    grey = image.mean(axis=0, keepdims=True, dtype=np.float32)
    small = resample(grey, THUMBNAIL[grey.ndim - 1]).ravel()
    deviation = small.std()
    return (small - small.mean()) / deviation if deviation > 0 else np.zeros_like(small)
