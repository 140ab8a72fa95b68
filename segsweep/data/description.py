"""dataset.json: what a dataset says of itself in the layouts that descend from the Medical Segmentation Decathlon."""

import json
from pathlib import Path
from typing import Any

from segsweep.errors import DataError

IGNORE = "ignore"
"""The name by which nnU-Net knows the label value of voxels that count nowhere."""


def read_json(path: Path) -> Any:
    """A JSON file.

    Raises:
        DataError: it is not there or cannot be read.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error


def read_description(path: Path) -> dict[str, Any]:
    """A JSON file that describes a dataset.

    Raises:
        DataError: it is not there or is not a JSON object.
    """
    description = read_json(path)
    if not isinstance(description, dict):
        raise DataError(f"{path}: not a JSON object")
    return description


def is_nnunets(description: dict[str, Any]) -> bool:
    """Whether it has keys that only nnU-Net's own (version 2) has."""
    return bool({"channel_names", "file_ending"} & set(description))


def label_names(description: dict[str, Any], path: Path) -> tuple[str, ...]:
    """Names by label value from 0 up, from `{"0": "background"}` or `{"background": 0}`.

    Raises:
        DataError: the values are not 0, 1, 2, …
    """
    entries = description.get("labels")
    if not isinstance(entries, dict):
        raise DataError(f"{path}: `labels` must map label values to names")
    if regions := [str(name) for name, value in entries.items() if isinstance(value, list)]:
        raise DataError(
            f"{path}: label {regions[0]!r} is a region made of several label values; regions overlap and are not"
            " supported: give each label one value"
        )
    pairs = [(str(key), str(value)) for key, value in entries.items()]
    by_name = not all(key.isdigit() for key, _ in pairs)
    names = [(value, key) for key, value in pairs] if by_name else pairs
    wanted = [str(value) for value in range(len(names))]
    found = sorted(value for value, _ in names)
    if found != sorted(wanted) or len(names) < 2:
        raise DataError(f"{path}: label values must be 0, 1, …; found {', '.join(found) or 'none'}")
    by_value = dict(names)
    return tuple(by_value[value] for value in wanted)


def ignored_value(description: dict[str, Any], path: Path) -> tuple[dict[str, Any], int | None]:
    """A description without nnU-Net's `ignore` label, and the value of that label where there is one.

    Raises:
        DataError: its value is no whole number between 1 and 255.
    """
    entries = description.get("labels")
    if not isinstance(entries, dict) or IGNORE not in entries:
        return description, None
    value = entries[IGNORE]
    if not isinstance(value, int) or not 0 < value <= 255:
        raise DataError(f"{path}: the label `{IGNORE}` has a value between 1 and 255, got {value!r}")
    return {**description, "labels": {name: entry for name, entry in entries.items() if name != IGNORE}}, value
