"""An image without a label, on the grid of a trained network."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segsweep.data.case_voxels import bring_to_grid, read_image
from segsweep.data.geometry import Geometry
from segsweep.data.image_files import stem
from segsweep.errors import DataError
from segsweep.records.trained_network import TrainedNetwork


@dataclass(frozen=True)
class NewImage:
    """What a network is shown.

    Args:
        image: (channels, *size), float32, on the training grid.
        geometry: of the native and the training grid.
        window: size of the windows that the network sees it through; None = it sees the whole image at once.
    """

    image: NDArray[np.float32]
    geometry: Geometry
    window: tuple[int, ...] | None


def read_new_image(files: Sequence[Path], network: TrainedNetwork) -> NewImage:
    """Bring an image to the grid that a network was trained on.

    Args:
        files: one per channel, or a single one that holds all of them.
        network: that is to see it.

    Raises:
        DataError: a file cannot be read, or the image is not of the kind that the network was trained on.
    """
    name, preprocess = stem(files[0]), network.preprocess
    volume = read_image(files, name)
    axes = volume.array.ndim - 1
    if axes != len(network.size):
        raise DataError(f"case {name}: {files[0]} has {axes} axes, the network was trained on {len(network.size)}")
    image, geometry = bring_to_grid(volume, name, preprocess)
    if len(image) != network.channels:
        raise DataError(f"case {name}: the image has {len(image)} channels, the network takes {network.channels}")
    if preprocess.patch is None and geometry.size != network.size:
        raise DataError(
            f"case {name}: the image has {list(geometry.size)} voxels on the training grid, the network was trained on"
            f" {list(network.size)}; its grid file has no `size` that pads or crops"
        )
    return NewImage(image, geometry, preprocess.patch.size if preprocess.patch else None)
