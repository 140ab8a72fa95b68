"""The layout of the Medical Segmentation Decathlon (Antonelli 2022): dataset.json, imagesTr, labelsTr."""

import json
from pathlib import Path
from typing import Any

from segsweep.data.cases import Case, CaseSet
from segsweep.data.meta import group_of, read_meta
from segsweep.errors import DataError

SUFFIXES = (".nii.gz", ".nii", ".png", ".jpg", ".jpeg", ".tif", ".tiff")


def stem(path: Path) -> str:
    """A file's name without its image suffix; `.nii.gz` is one suffix."""
    for suffix in SUFFIXES:
        if path.name.lower().endswith(suffix):
            return path.name[: -len(suffix)]
    return path.stem


def read_description(folder: Path) -> dict[str, Any]:
    """dataset.json as it is.

    Raises:
        DataError: it is not there or is not a JSON object.
    """
    path = folder / "dataset.json"
    try:
        description = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    if not isinstance(description, dict):
        raise DataError(f"{path}: not a JSON object")
    return description


def label_names(description: dict[str, Any], path: Path) -> tuple[str, ...]:
    """Names by label value from 0 up, from `{"0": "background"}` or `{"background": 0}`.

    Raises:
        DataError: the values are not 0, 1, 2, …
    """
    entries = description.get("labels")
    if not isinstance(entries, dict):
        raise DataError(f"{path}: `labels` must map label values to names")
    pairs = [(str(key), str(value)) for key, value in entries.items()]
    by_name = not all(key.isdigit() for key, _ in pairs)
    names = [(value, key) for key, value in pairs] if by_name else pairs
    wanted = [str(value) for value in range(len(names))]
    found = sorted(value for value, _ in names)
    if found != sorted(wanted) or len(names) < 2:
        raise DataError(f"{path}: label values must be 0, 1, …; found {', '.join(found) or 'none'}")
    by_value = dict(names)
    return tuple(by_value[value] for value in wanted)


def scan_msd(folder: Path, group: str) -> CaseSet:
    """List the training cases of a Decathlon folder.

    Raises:
        DataError: a listed file is missing, a case is listed twice, or dataset.json is not of this layout.
    """
    path = folder / "dataset.json"
    description = read_description(folder)
    listed = description.get("training")
    if not isinstance(listed, list) or not listed:
        raise DataError(f"{path}: `training` lists no case")
    meta = read_meta(folder)
    cases: dict[str, Case] = {}
    for entry in listed:
        if not isinstance(entry, dict) or not {"image", "label"} <= set(entry):
            raise DataError(f"{path}: a training entry needs `image` and `label`, got {entry!r}")
        image, label = folder / entry["image"], folder / entry["label"]
        case = stem(image)
        for file in (image, label):
            if not file.is_file():
                raise DataError(f"case {case}: {file} is missing, though {path} lists it")
        if case in cases:
            raise DataError(f"{path}: case {case!r} is listed twice")
        cases[case] = Case(case, group_of(case, group, meta, folder), (image,), label, meta.get(case, {}))
    return CaseSet(tuple(cases[case] for case in sorted(cases)), label_names(description, path))
