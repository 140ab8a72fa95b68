"""MONAI's datalist: a JSON file whose `training` lists {image, label} with paths relative to the file.

Its `testing` (in some lists `test`) lists the test cases in the same way.
"""

from pathlib import Path
from typing import Any

from segsweep.data.cases import BINARY, Case, CaseSet
from segsweep.data.description import ignored_value, label_names, read_description
from segsweep.data.image_files import SUFFIXES, stem
from segsweep.data.meta import groups_of
from segsweep.data.several import and_others
from segsweep.errors import DataError

_FILES = ("image", "label", "id")
"""Keys of an entry that are no further knowledge about the case."""
_TEST = ("testing", "test")


def scan_datalist(path: Path, group: str, own_test: bool = False) -> CaseSet:
    """List the training cases of a datalist, and those of its test part if they are wanted.

    An entry's `id` names its case, else the name of its (first) image, or where two images have one name, their paths.
    Further keys, `fold` among them, are what is known of the case. Without `labels` the one label is `foreground`.

    Raises:
        DataError: a listed file is missing, two cases share a name, or the file is no datalist.
    """
    description, ignore = ignored_value(read_description(path), path)
    training = _entries(description, "training", path)
    test = _entries(description, next((key for key in _TEST if key in description), _TEST[0]), path) if own_test else []
    entries = training + test
    names = _names(entries, path)
    meta = {name: _known_of(entry) for name, entry in zip(names, entries, strict=True)}
    _refuse_missing(dict(zip(names, entries, strict=True)), path)
    groups = groups_of(names, group, meta, path)
    cases = (
        Case(
            name,
            groups[name],
            tuple(path.parent / file for file in _listed(entry["image"])),
            path.parent / _listed(entry["label"])[0],
            meta[name],
            test=number >= len(training),
        )
        for number, (name, entry) in enumerate(zip(names, entries, strict=True))
    )
    labels = label_names(description, path) if "labels" in description else BINARY
    return CaseSet(tuple(sorted(cases, key=lambda case: case.id)), labels, ignore)


def _entries(description: dict[str, Any], part: str, path: Path) -> list[Any]:
    entries = description.get(part)
    if not isinstance(entries, list) or not entries:
        raise DataError(f"{path}: `{part}` lists no case")
    for number, entry in enumerate(entries):
        _check_entry(entry, f"{path}: {part}[{number}]")
    return entries


def _check_entry(entry: Any, where: str) -> None:
    if not isinstance(entry, dict) or not {"image", "label"} <= set(entry):
        raise DataError(f"{where}: an entry needs `image` and `label`, got {entry!r}")
    for key in ("image", "label"):
        files = _listed(entry[key])
        if not files or not all(isinstance(file, str) for file in files):
            raise DataError(f"{where}.{key}: a path or a list of paths, got {entry[key]!r}")
        if unread := [file for file in files if not file.lower().endswith(SUFFIXES)]:
            raise DataError(f"{where}.{key}: {unread[0]} cannot be read; known: {', '.join(SUFFIXES)}")
    if len(_listed(entry["label"])) > 1:
        raise DataError(f"{where}.label: one file of label values, got {len(entry['label'])}")


def _names(entries: list[Any], path: Path) -> list[str]:
    stems = [stem(Path(_listed(entry["image"])[0])) for entry in entries]
    if len(set(stems)) < len(stems):
        stems = [_without_suffix(_listed(entry["image"])[0]) for entry in entries]
    names = [str(entry.get("id", name)) for entry, name in zip(entries, stems, strict=True)]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise DataError(f"{path}: case {repeated[0]!r} is listed twice")
    return names


def _without_suffix(file: str) -> str:
    path = Path(file)
    return (path.parent / stem(path)).as_posix()


def _known_of(entry: dict[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in entry.items() if key not in _FILES and not isinstance(value, dict | list)}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _refuse_missing(entries: dict[str, Any], path: Path) -> None:
    missing: dict[str, Path] = {}
    for case, entry in entries.items():
        files = [path.parent / file for key in ("image", "label") for file in _listed(entry[key])]
        if lost := [file for file in files if not file.is_file()]:
            missing[case] = lost[0]
    if missing:
        case, file = next(iter(missing.items()))
        raise DataError(f"case {case}: {file} is missing, though {path} lists it{and_others(list(missing))}")
