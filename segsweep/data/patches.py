"""Where the patches of an image lie that a network is trained on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segsweep.spec.preprocess import Patch

_FOREGROUND_KEPT = 20_000
"""Foreground voxels of a case that a patch may be centred on; evenly taken from all, so that memory stays small."""

Box = tuple[slice, ...]


@dataclass(frozen=True)
class Foreground:
    """Voxels of an image's label.

    Args:
        voxels: positions in the flat label.
        shape: of the label.
    """

    voxels: NDArray[np.int64]
    shape: tuple[int, ...]


def foreground(mask: NDArray[np.bool_]) -> Foreground:
    """The voxels that a patch may be centred on."""
    voxels = np.flatnonzero(mask)
    if len(voxels) > _FOREGROUND_KEPT:
        voxels = voxels[np.linspace(0, len(voxels) - 1, _FOREGROUND_KEPT).astype(np.int64)]
    return Foreground(voxels, mask.shape)


def draw_box(found: Foreground, patch: Patch, *, rng: np.random.Generator) -> Box:
    """A patch of an image.

    With probability `patch.foreground` it is centred on a voxel of the label, as far as the edges of the image let it;
    else, and where there is no label, it lies anywhere.

    Args:
        found: label of the image, at least as large as the patch.
        patch: its size and how often it is centred on the label.
        rng: that the place is drawn from.
    """
    room = [length - side for length, side in zip(found.shape, patch.size, strict=True)]
    # each draw takes as many numbers, whatever comes of it
    centred, chosen, anywhere = rng.random(), rng.random(), rng.random(len(room))
    if len(found.voxels) and centred < patch.foreground:
        centre = np.unravel_index(found.voxels[int(chosen * len(found.voxels))], found.shape)
        corners = (middle - side // 2 for middle, side in zip(centre, patch.size, strict=True))
        starts = [int(np.clip(corner, 0, most)) for corner, most in zip(corners, room, strict=True)]
    else:
        starts = [int(share * (most + 1)) for share, most in zip(anywhere, room, strict=True)]
    return tuple(slice(start, start + side) for start, side in zip(starts, patch.size, strict=True))
