"""The layout of the Medical Segmentation Decathlon (Antonelli 2022): dataset.json, imagesTr, labelsTr."""

from pathlib import Path
from typing import Any

from segsweep.data.cases import Case, CaseSet
from segsweep.data.description import is_nnunets, label_names, read_description
from segsweep.data.image_files import stem
from segsweep.data.meta import META_FILE, groups_of, read_meta
from segsweep.data.several import and_others
from segsweep.errors import DataError


def scan_msd(folder: Path, group: str, own_test: bool = False) -> CaseSet:
    """List the training cases of a Decathlon folder, and those of its test part if they are wanted.

    The Decathlon lists its test images without labels; one's own folder has them in labelsTs, under the same names.

    Raises:
        DataError: a listed file is missing, a case is listed twice, or dataset.json is not of this layout.
    """
    path = folder / "dataset.json"
    description = read_description(path)
    training = _listed(description, "training", path)
    test = _listed(description, "test", path) if own_test else []
    files: dict[str, tuple[Path, Path, bool]] = {}
    missing: dict[str, str] = {}
    for number, entry in enumerate(training + test):
        image, label, in_test = folder / entry["image"], folder / entry["label"], number >= len(training)
        case = stem(image)
        if case in files:
            raise DataError(f"{path}: case {case!r} is listed twice")
        files[case] = image, label, in_test
        if lost := [file for file in (image, label) if not file.is_file()]:
            wanted = "`test: own` needs it" if in_test and lost[0] == label else f"{path} lists it"
            missing[case] = f"case {case}: {lost[0]} is missing, though {wanted}"
    if missing:
        raise DataError(f"{next(iter(missing.values()))}{and_others(list(missing))}")
    meta = read_meta(folder / META_FILE)
    groups = groups_of(files, group, meta, folder / META_FILE)
    cases = (
        Case(case, groups[case], (image,), label, meta.get(case, {}), test=in_test)
        for case, (image, label, in_test) in sorted(files.items())
    )
    return CaseSet(tuple(cases), label_names(description, path))


def _listed(description: dict[str, Any], part: str, path: Path) -> list[Any]:
    listed = description.get(part)
    if not isinstance(listed, list) or not listed:
        instead = "; it looks like nnU-Net's, which `nnunet:` reads" if is_nnunets(description) else ""
        raise DataError(f"{path}: `{part}` lists no case{instead}")
    if part == "test":
        listed = [_labelled(entry) for entry in listed]
    for entry in listed:
        if not isinstance(entry, dict) or not {"image", "label"} <= set(entry):
            raise DataError(f"{path}: a {part} entry needs `image` and `label`, got {entry!r}")
    return listed


def _labelled(entry: Any) -> Any:
    """A test image with the label of its name."""
    return {"image": entry, "label": f"labelsTs/{Path(entry).name}"} if isinstance(entry, str) else entry
