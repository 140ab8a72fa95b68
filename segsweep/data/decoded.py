"""Cases decoded and brought to the training grid once, then read by every worker through the page cache."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from segsweep.data.cases import Case, CaseSet
from segsweep.data.geometry import Geometry, resampled_shape
from segsweep.data.normalise import normalise
from segsweep.data.resample import nearest, resample
from segsweep.data.volumes import Volume, read_label, read_volume
from segsweep.errors import DataError
from segsweep.spec.canonical import digest
from segsweep.spec.datasets import Preprocess
from segsweep.spec.trials import PROTOCOL

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class DecodedCase:
    """What is kept of a case beside its voxels.

    Args:
        voxels: voxels of each label on the training grid, background first.
        native_voxels: the same on the native grid.
        cut_off: share of each label's voxels that pad/crop lost, background first.
        offset: where its native label starts in the flat array of all of them.
    """

    id: str
    group: str
    meta: dict[str, str]
    geometry: Geometry
    voxels: tuple[int, ...]
    native_voxels: tuple[int, ...]
    cut_off: tuple[float, ...]
    offset: int


@dataclass(frozen=True)
class Decoded:
    """A dataset on its training grid; arrays are memory-mapped and read-only.

    Args:
        labels: names, background first.
        cases: in the order of their ids.
        images: (cases, channels, *size), float32.
        targets: (cases, *size), uint8 label values.
        native: all native labels, flat, uint8.
    """

    labels: tuple[str, ...]
    cases: tuple[DecodedCase, ...]
    images: NDArray[np.float32]
    targets: NDArray[np.uint8]
    native: NDArray[np.uint8]

    def native_label(self, position: int) -> NDArray[np.uint8]:
        """Label values of one case on its native grid."""
        case = self.cases[position]
        end = case.offset + sum(case.native_voxels)
        return self.native[case.offset : end].reshape(case.geometry.native)


def decode(found: CaseSet, fingerprint: str, preprocess: Preprocess, folder: Path, progress: Progress) -> Decoded:
    """Decode a dataset, or open what was decoded before; safe between processes.

    Args:
        found: the cases.
        fingerprint: of the cases' files.
        preprocess: from native image to training grid.
        folder: of all decoded datasets on this node.
        progress: called with (cases done, cases in all).

    Raises:
        DataError: a case cannot be used; names the case and the file. Nothing is left behind then.
    """
    wanted = {"fingerprint": fingerprint, "preprocess": preprocess.model_dump(), "protocol": PROTOCOL["preprocess"]}
    target = folder / digest(wanted)
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{target}.lock"):
            if not target.exists():
                temporary = Path(tempfile.mkdtemp(dir=folder, prefix=".decoding-"))
                try:
                    _write(found, preprocess, temporary, progress)
                    os.replace(temporary, target)
                finally:
                    shutil.rmtree(temporary, ignore_errors=True)
    return _open(target)


def _open(folder: Path) -> Decoded:
    index = json.loads((folder / "index.json").read_text())
    return Decoded(
        labels=tuple(index["labels"]),
        cases=tuple(_case(entry) for entry in index["cases"]),
        images=np.load(folder / "images.npy", mmap_mode="r"),
        targets=np.load(folder / "targets.npy", mmap_mode="r"),
        native=np.load(folder / "native.npy", mmap_mode="r"),
    )


def _case(entry: dict[str, Any]) -> DecodedCase:
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    shapes: dict[str, Any] = {key: tuple(value) if value else None for key, value in entry["geometry"].items()}
    return DecodedCase(**{**values, "geometry": Geometry(**shapes)})


def _write(found: CaseSet, preprocess: Preprocess, folder: Path, progress: Progress) -> None:
    """Decode case by case straight into the files, so that memory holds one case at a time."""
    index: list[DecodedCase] = []
    images = targets = None
    with (folder / "native.bin").open("wb") as native:
        for position, case in enumerate(found.cases):
            image, label, native_label, decoded = _decode_case(case, found.labels, preprocess, offset=native.tell())
            if images is None or targets is None:
                shape = (len(found.cases), *image.shape)
                images = np.lib.format.open_memmap(folder / "images.npy", mode="w+", dtype=np.float32, shape=shape)
                labels_shape = (len(found.cases), *label.shape)
                targets = np.lib.format.open_memmap(
                    folder / "targets.npy", mode="w+", dtype=np.uint8, shape=labels_shape
                )
            if image.shape != images.shape[1:]:
                _refuse_shape(case, image.shape, found.cases[0], images.shape[1:])
            images[position], targets[position] = image, label
            native.write(native_label.tobytes())
            index.append(decoded)
            progress(position + 1, len(found.cases))
    flat = np.fromfile(folder / "native.bin", dtype=np.uint8)
    np.save(folder / "native.npy", flat)
    (folder / "native.bin").unlink()
    (folder / "index.json").write_text(json.dumps({"labels": found.labels, "cases": [asdict(case) for case in index]}))


def _refuse_shape(case: Case, shape: Sequence[int], first: Case, expected: Sequence[int]) -> None:
    if shape[0] != expected[0]:
        raise DataError(
            f"case {case.id}: {shape[0]} channels, case {first.id} has {expected[0]}; `channels` picks some"
        )
    raise DataError(
        f"case {case.id}: {list(shape[1:])} voxels on the training grid, case {first.id} has {list(expected[1:])};"
        " `size` pads or crops all to one shape"
    )


def _decode_case(
    case: Case, labels: tuple[str, ...], preprocess: Preprocess, offset: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.uint8], DecodedCase]:
    image, label = _read(case, labels)
    native = image.array.shape[1:]
    try:
        resampled = resampled_shape(native, image.spacing, preprocess)
    except ValueError as error:
        raise DataError(f"case {case.id}: {error}") from error
    geometry = Geometry(native, resampled, preprocess.size or resampled, image.spacing)
    channels = _channels(case, image, preprocess)
    scaled = normalise(resample(channels, resampled), preprocess.normalise)
    native_label = label.array.astype(np.uint8)
    on_grid = nearest(native_label, resampled)
    placed = np.stack([geometry.place(channel, fill=_outside(channel, preprocess)) for channel in scaled])
    target = geometry.place(on_grid, fill=0)
    count = len(labels)
    before, after = np.bincount(on_grid.ravel(), minlength=count), np.bincount(target.ravel(), minlength=count)
    lost = np.where(before > 0, 1 - after / np.maximum(before, 1), 0.0)
    lost[0] = 0.0
    decoded = DecodedCase(
        id=case.id,
        group=case.group,
        meta=dict(case.meta),
        geometry=geometry,
        voxels=tuple(int(value) for value in after),
        native_voxels=tuple(int(value) for value in np.bincount(native_label.ravel(), minlength=count)),
        cut_off=tuple(float(value) for value in lost),
        offset=offset,
    )
    return placed, target, native_label, decoded


def _outside(channel: NDArray[np.float32], preprocess: Preprocess) -> float:
    """What padding holds: the darkest value of the image, as air is; 0 where zeros mean outside anyway."""
    return 0.0 if preprocess.normalise.method == "zscore_nonzero" else float(channel.min())


def _read(case: Case, labels: tuple[str, ...]) -> tuple[Volume, Volume]:
    parts = [read_volume(path, case.id) for path in case.images]
    image = Volume(np.concatenate([part.array for part in parts]), parts[0].spacing)
    label = read_label(case.label, case.id, labels)
    if image.array.shape[1:] != label.array.shape:
        raise DataError(
            f"case {case.id}: the image has {list(image.array.shape[1:])} voxels, its label {list(label.array.shape)}"
            f" ({case.label})"
        )
    return image, label


def _channels(case: Case, image: Volume, preprocess: Preprocess) -> NDArray[np.float32]:
    array = image.array.astype(np.float32)
    if not np.isfinite(array).all():
        raise DataError(f"case {case.id}: {case.images[0]}: the image holds NaN or infinity")
    if preprocess.channels is None:
        return array
    if max(preprocess.channels) >= len(array):
        raise DataError(f"case {case.id}: `channels` asks for {max(preprocess.channels)}; the image has {len(array)}")
    return array[list(preprocess.channels)]
