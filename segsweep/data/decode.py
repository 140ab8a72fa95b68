"""Cases decoded and brought to the training grid once, then read by every worker through the page cache."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from segsweep.data.array_files import EqualArrays, RaggedArrays
from segsweep.data.cache import forget_unused, touch
from segsweep.data.case_voxels import CaseVoxels, decode_case
from segsweep.data.cases import Case, CaseSet
from segsweep.data.decoded import Decoded, DecodedCase, open_decoded
from segsweep.spec.canonical import digest
from segsweep.spec.preprocess import Preprocess
from segsweep.spec.trials import PROTOCOL

_DECODING = ".decoding-"
Progress = Callable[[int, int], None]


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
        opened = open_decoded(target, {case.id: case.meta for case in found.cases})
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
