"""A kept model applied to new images: a mask for each, and a table of volumes."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from segsweep.data.mask_files import mask_path, write_mask
from segsweep.data.new_image import read_new_image
from segsweep.errors import DataError, InputError
from segsweep.records.kept_model import KeptModel
from segsweep.records.trained_network import TrainedNetwork
from segsweep.statistics.recalibration import VolumeCalibration
from segsweep.tracking.protocol import NETWORK_FILE, WEIGHTS_FILE, RegisteredModel, Tracker
from segsweep.training.segment import Segmented, segment
from segsweep.training.trained import build_trained

VOLUMES_FILE = "volumes.csv"
COLUMNS = (
    *("image", "label", "volume_soft", "volume_hard", "volume_soft_recalibrated", "volume_hard_recalibrated"),
    *("unit", "mask", "model"),
)


@dataclass(frozen=True)
class Predicted:
    """What was written.

    Args:
        model: that was applied.
        volumes: the table, a row per image and label.
        masks: one per image, in the order given.
    """

    model: RegisteredModel
    volumes: Path
    masks: tuple[Path, ...]


def predict(
    address: str, images: Sequence[str], folder: Path, tracker: Tracker, on_image: Callable[[int, int], None]
) -> Predicted:
    """Apply a kept model to images.

    Args:
        address: `NAME` for the latest version of a model, or `NAME/VERSION`.
        images: files; of an image with a file per channel these, apart by commas.
        folder: to write to.
        tracker: that holds the model.
        on_image: called with (images done, images in all).

    Raises:
        InputError: there is no such model, two masks would have one name, or an image cannot be used; names the file.
        TrackingError: the model's files cannot be read.
    """
    model = find_model(address, tracker)
    kept = KeptModel.from_tags(model.tags)
    described = TrainedNetwork.from_json(tracker.read_file(model.run_id, NETWORK_FILE))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = build_trained(described, tracker.read_file(model.run_id, WEIGHTS_FILE), device)
    files = [_files(image) for image in images]
    masks = _masks(files, folder)
    rows: list[dict[str, object]] = []
    for number, (paths, mask) in enumerate(zip(files, masks, strict=True), start=1):
        image = read_new_image(paths, described)
        if image.geometry.unit != kept.unit:
            raise DataError(f"{paths[0]} is measured in {image.geometry.unit}, the model in {kept.unit}")
        found = segment(network, image, kept.threshold, device)
        write_mask(found.mask, paths[0], mask)
        said = {"image": images[number - 1], "unit": kept.unit, "mask": mask, "model": f"{model.name}/{model.version}"}
        rows += [{**said, **volumes} for volumes in _volumes(found, kept)]
        on_image(number, len(files))
    table = folder / VOLUMES_FILE
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return Predicted(model, table, tuple(masks))


def find_model(address: str, tracker: Tracker) -> RegisteredModel:
    """A registered model.

    Raises:
        InputError: there is none of this name, or it has no such version; says which there are.
    """
    name, _, version = address.partition("/")
    found = tracker.models(name)
    if not found:
        raise InputError(f"no model named {name!r} is registered here; `segsweep keep` registers trials")
    known = {str(model.version): model for model in found}
    chosen = known.get(version) if version else found[-1]
    if chosen is None:
        raise InputError(f"{address}: {name} has no such version; it has {', '.join(known)}")
    return chosen


def _files(image: str) -> list[Path]:
    return [Path(image)] if Path(image).exists() else [Path(part) for part in image.split(",")]


def _masks(files: Sequence[Sequence[Path]], folder: Path) -> list[Path]:
    """Where masks go; none in place of an image or of another mask."""
    given = {path.absolute() for paths in files for path in paths}
    masks: dict[Path, Path] = {}
    for first, *_ in files:
        mask = mask_path(first, folder)
        if mask.absolute() in given:
            raise InputError(f"--out: the mask of {first} would take the place of {mask}; name another folder")
        if mask in masks:
            raise InputError(f"the masks of {masks[mask]} and {first} would both be {mask}; predict them apart")
        masks[mask] = first
    return list(masks)


def _volumes(found: Segmented, kept: KeptModel) -> Iterator[dict[str, object]]:
    for seen, calibration in zip(found.labels, kept.calibrations, strict=True):
        volumes = seen.volumes()
        yield {
            "label": calibration.label,
            **volumes,
            "volume_soft_recalibrated": _corrected(volumes["volume_soft"], calibration.soft),
            "volume_hard_recalibrated": _corrected(volumes["volume_hard"], calibration.hard),
        }


def _corrected(volume: float, line: VolumeCalibration | None) -> float | None:
    return None if line is None else float(line.correct(np.array([volume]))[0])
