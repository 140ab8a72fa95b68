"""Cases decoded and brought to the training grid once, then read by every worker through the page cache."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from segsweep.data.array_files import ARRAYS, EqualArrays, RaggedArrays
from segsweep.data.cache import forget_unused, touch
from segsweep.data.case_voxels import CaseVoxels, decode_case
from segsweep.data.cases import Case, CaseSet
from segsweep.data.geometry import Geometry
from segsweep.data.ragged import Ragged
from segsweep.spec.canonical import digest
from segsweep.spec.preprocess import Preprocess
from segsweep.spec.trials import PROTOCOL

_DECODING = ".decoding-"


class CaseArrays(Protocol):
    """One array per case; a NumPy array whose first axis is the cases is one."""

    def __getitem__(self, position: Any, /) -> NDArray[Any]:
        """Of one case."""
        ...


Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class DecodedCase:
    """What is kept of a case beside its voxels.

    Args:
        voxels: voxels of each label on the training grid, background first.
        cut_off: share of each label's voxels that pad/crop lost, background first.
        offset: where its native label starts in the flat array of all of them.
        raters: names, where several raters labelled it.
        first_rater: position of its first rater's label among those of all cases.
        rater_voxels: `voxels` of each rater's label.
    """

    id: str
    group: str
    meta: dict[str, str]
    geometry: Geometry
    voxels: tuple[int, ...]
    cut_off: tuple[float, ...]
    offset: int
    raters: tuple[str, ...]
    first_rater: int
    rater_voxels: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Decoded:
    """A dataset on its training grid; arrays are memory-mapped and read-only.

    Args:
        labels: names, background first.
        ignores: whether a label value means that a voxel counts nowhere.
        cases: in the order of their ids.
        images: (cases, channels, *size), float32. Where a network is trained on patches, each case has its own size.
        targets: (cases, *size), uint8 label values; `IGNORED` where a voxel counts nowhere.
        native: all native labels, flat, uint8; after each case's own label come those of its raters.
        raters: (raters of all cases, *size), uint8 label values.
        patch: size of the patches; None where a network is trained on whole images.
    """

    labels: tuple[str, ...]
    ignores: bool
    cases: tuple[DecodedCase, ...]
    images: CaseArrays
    targets: CaseArrays
    native: NDArray[np.uint8]
    raters: CaseArrays
    patch: tuple[int, ...] | None = None

    @property
    def channels(self) -> int:
        """Of every image."""
        return int(self.images[0].shape[0])

    @property
    def size(self) -> tuple[int, ...]:
        """What a network is trained on: the shape of all images, or of a patch."""
        return self.patch or tuple(int(length) for length in self.images[0].shape[1:])

    def native_labels(self, position: int) -> NDArray[np.uint8]:
        """Label values of one case on its native grid, shape (1 + raters, *native): its own label comes first."""
        case = self.cases[position]
        count = 1 + len(case.raters)
        end = case.offset + count * prod(case.geometry.native)
        return self.native[case.offset : end].reshape(count, *case.geometry.native)

    def rater_labels(self, position: int) -> NDArray[np.uint8]:
        """Label values of each rater on the training grid, shape (raters, *size)."""
        case = self.cases[position]
        return np.array([self.raters[case.first_rater + number] for number in range(len(case.raters))])


def decode(
    found: CaseSet,
    fingerprint: str,
    preprocess: Preprocess,
    folder: Path,
    progress: Progress,
) -> Decoded:
    """Decode a dataset, or open what was decoded before; safe between processes.

    What else was decoded, and not used for long, makes room for a new one.

    Args:
        found: the cases.
        fingerprint: of the cases' files.
        preprocess: from native image to training grid.
        folder: of all decoded datasets on this node.
        progress: called with (cases done, cases in all).

    Raises:
        DataError: a case cannot be used; names the case and the file. Nothing is left behind then.
    """
    target = folder / decoded_name(fingerprint, preprocess, found.ignore)
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{target}.lock"):
        new = not target.exists()
        if new:
            temporary = Path(tempfile.mkdtemp(dir=folder, prefix=_DECODING))
            try:
                _write(found, preprocess, temporary, progress)
                os.replace(temporary, target)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        touch(target)
        opened = _open(target, {case.id: case.meta for case in found.cases})
    if new:
        forget_unused(folder)
    return opened


def decoded_name(fingerprint: str, preprocess: Preprocess, ignore: int | None) -> str:
    """Of the folder that holds a dataset on its training grid."""
    made_by = {"preprocess": preprocess.identity(), "ignore": ignore, "protocol": PROTOCOL["preprocess"]}
    return digest({"fingerprint": fingerprint, **made_by})


def unfinished_decodings(folder: Path) -> list[Path]:
    """Folders that are being decoded to, or were when their process was killed."""
    return sorted(folder.glob(f"{_DECODING}*"))


def _open(folder: Path, meta: Mapping[str, Mapping[str, str]]) -> Decoded:
    """Further columns of meta.csv may have changed since: they are no part of what was decoded."""
    index = json.loads((folder / "index.json").read_text())
    patch = index.get("patch")
    arrays: dict[str, CaseArrays] = {
        name: Ragged(folder / name) if patch else np.load(folder / f"{name}.npy", mmap_mode="r") for name in ARRAYS
    }
    return Decoded(
        labels=tuple(index["labels"]),
        ignores=index["ignore"] is not None,
        cases=tuple(_case({**entry, "meta": dict(meta[entry["id"]])}) for entry in index["cases"]),
        native=np.load(folder / "native.npy", mmap_mode="r"),
        patch=tuple(patch) if patch else None,
        **arrays,
    )


def _case(entry: dict[str, Any]) -> DecodedCase:
    values: dict[str, Any] = {key: _tuples(value) for key, value in entry.items()}
    return DecodedCase(**{**values, "geometry": Geometry(**values["geometry"])})


def _tuples(value: Any) -> Any:
    """JSON knows lists only."""
    if isinstance(value, dict):
        return {key: _tuples(entry) for key, entry in value.items()}
    return tuple(_tuples(entry) for entry in value) if isinstance(value, list) else value


def _write(found: CaseSet, preprocess: Preprocess, folder: Path, progress: Progress) -> None:
    """Decode case by case straight into the files, so that memory holds one case at a time."""
    index: list[DecodedCase] = []
    raters_before = 0
    arrays = RaggedArrays(folder) if preprocess.patch else EqualArrays(folder, found.cases)
    with (folder / "native.bin").open("wb") as native:
        for position, case in enumerate(found.cases):
            voxels = decode_case(case, found.labels, preprocess, found.ignore)
            arrays.append(case, voxels)
            index.append(_described(case, voxels, len(found.labels), native.tell(), raters_before))
            raters_before += len(case.raters)
            native.write(voxels.native_labels.tobytes())
            progress(position + 1, len(found.cases))
    arrays.close()
    np.save(folder / "native.npy", np.fromfile(folder / "native.bin", dtype=np.uint8))
    (folder / "native.bin").unlink()
    described: dict[str, Any] = {"labels": found.labels, "ignore": found.ignore}
    described["patch"] = preprocess.patch.size if preprocess.patch else None
    (folder / "index.json").write_text(json.dumps({**described, "cases": [asdict(case) for case in index]}))


def _described(case: Case, voxels: CaseVoxels, labels: int, offset: int, first_rater: int) -> DecodedCase:
    counts = [_counts(label, labels) for label in voxels.labels]
    return DecodedCase(
        id=case.id,
        group=case.group,
        meta=dict(case.meta),
        geometry=voxels.geometry,
        voxels=counts[0],
        cut_off=voxels.cut_off,
        offset=offset,
        raters=tuple(sorted(case.raters)),
        first_rater=first_rater,
        rater_voxels=tuple(counts[1:]),
    )


def _counts(label: NDArray[np.uint8], labels: int) -> tuple[int, ...]:
    return tuple(int(count) for count in np.bincount(label.ravel(), minlength=labels)[:labels])
