"""BIDS with labels among its derivatives: sub-*/[ses-*/]anat/, derivatives/PIPELINE/sub-*/[ses-*/]anat/.

A file's name is its subject and session, then the rest by which files of one kind are told: `T1w.nii.gz`,
`acq-mprage_T1w.nii.gz`; of labels `label-lesion_mask.nii.gz`, `desc-manual_dseg.nii.gz`.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from segsweep.data.cases import BINARY, Case, CaseSet
from segsweep.data.image_files import SUFFIXES, stem
from segsweep.data.meta import groups_of, read_meta
from segsweep.errors import DataError
from segsweep.spec.datasets import BidsFiles

_NIFTI = SUFFIXES[:2]
_LABELS = ("mask", "dseg")
_NAME = re.compile(r"(?P<subject>sub-[^_]+)(_(?P<session>ses-[^_]+))?_(?P<rest>.+)")

Files = dict[str, dict[str, Path]]
"""Case to the rest of a file's name to the file."""


def scan_bids(folder: Path, group: str, wanted: BidsFiles) -> CaseSet:
    """List the cases that have a label; `group: auto` is the subject.

    Args:
        folder: of the raw dataset, with derivatives/ in it.
        group: column of participants.tsv, `auto` or `none`.
        wanted: which files are the images and the labels; what is left out must be there in one kind only.

    Raises:
        DataError: there are no labels, several kinds of file and none is asked for, or a case lacks an image.
    """
    pipeline = _pipeline(folder / "derivatives", wanted.pipeline)
    labels = {case: files for case, files in _files(pipeline).items() if _label_kinds([files])}
    if not labels:
        raise DataError(f"{pipeline}: no file there ends in _mask or _dseg, as BIDS names labels")
    label = _one_of("label", _label_kinds(labels.values()), wanted.label, pipeline)
    labelled = {case: files[label] for case, files in sorted(labels.items()) if label in files}
    raw = {case: files for case, files in _files(folder).items() if case in labelled}
    kinds = sorted({kind for files in raw.values() for kind in files})
    images = wanted.images or (_one_of("images", kinds, None, folder),)
    participants = folder / "participants.tsv"
    known = read_meta(participants, key="participant_id", delimiter="\t")
    meta = {case: {**known.get(_subject(case), {}), "subject": _subject(case)} for case in labelled}
    groups = groups_of(labelled, "subject" if group == "auto" else group, meta, participants)
    cases = (
        Case(
            case,
            groups[case],
            tuple(_image(case, raw.get(case, {}), image, folder) for image in images),
            path,
            meta[case],
        )
        for case, path in labelled.items()
    )
    return CaseSet(tuple(cases), _label_names(pipeline, label))


def _pipeline(derivatives: Path, wanted: str | None) -> Path:
    found = sorted(path.name for path in derivatives.iterdir() if path.is_dir()) if derivatives.is_dir() else []
    if not found:
        raise DataError(f"{derivatives}: no such folder with labels; a `bids:` dataset has derivatives/PIPELINE/sub-*/")
    return derivatives / _one_of("pipeline", found, wanted, derivatives)


def _files(root: Path) -> Files:
    """The NIfTI files in anat/ of every subject and session."""
    found: Files = {}
    for path in sorted([*root.glob("sub-*/anat/*"), *root.glob("sub-*/ses-*/anat/*")]):
        parts = _NAME.fullmatch(stem(path))
        if path.name.lower().endswith(_NIFTI) and parts is not None:
            case = "_".join(part for part in (parts["subject"], parts["session"]) if part)
            found.setdefault(case, {})[parts["rest"]] = path
    return found


def _label_kinds(files: Iterable[dict[str, Path]]) -> list[str]:
    return sorted({kind for kinds in files for kind in kinds if kind.split("_")[-1] in _LABELS})


def _one_of(key: str, found: list[str], wanted: str | None, where: Path) -> str:
    """The kind that is asked for, or the only one there is."""
    if wanted is None and len(found) == 1:
        return found[0]
    if wanted not in found:
        several = f"`{key}` says which one" if wanted is None else f"`{key}: {wanted}` is none of them"
        raise DataError(f"{where}: there are {', '.join(found) or 'none'}; {several}")
    return wanted


def _image(case: str, files: dict[str, Path], kind: str, folder: Path) -> Path:
    if kind not in files:
        raise DataError(f"case {case}: no {kind} in {folder}; it has {', '.join(sorted(files)) or 'no image'}")
    return files[kind]


def _subject(case: str) -> str:
    return case.partition("_")[0]


def _label_names(pipeline: Path, label: str) -> tuple[str, ...]:
    """From the look-up table beside the labels (columns index and name); a mask's one label is named by its entity.

    Raises:
        DataError: the indices are not 0, 1, 2, …
    """
    named = next((path for path in (pipeline / f"{label}.tsv", pipeline / "dseg.tsv") if path.exists()), None)
    if label.rsplit("_", maxsplit=1)[-1] == "mask" or named is None:
        entity = re.search(r"(?:^|_)label-([^_]+)", label)
        return ("background", entity[1]) if entity else BINARY
    names = {row: values.get("name", row) for row, values in read_meta(named, "index", "\t").items()}
    names.setdefault("0", "background")
    if set(names) != {str(value) for value in range(len(names))}:
        raise DataError(f"{named}: label values must be 0, 1, …; found {', '.join(sorted(names))}")
    return tuple(names[str(value)] for value in range(len(names)))
