"""The layout of the Medical Segmentation Decathlon (Antonelli 2022): dataset.json, imagesTr, labelsTr."""

from pathlib import Path
from typing import Any

from segsweep.data.cases import Case, CaseSet
from segsweep.data.description import is_nnunets, label_names, read_description
from segsweep.data.image_files import stem
from segsweep.data.meta import META_FILE, group_of, read_meta
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
    meta = read_meta(folder / META_FILE)
    cases: dict[str, Case] = {}
    missing: dict[str, str] = {}
    for number, entry in enumerate(training + test):
        image, label = folder / entry["image"], folder / entry["label"]
        case = stem(image)
        in_test = number >= len(training)
        for file in (image, label):
            if not file.is_file():
                wanted = "`test: own` needs it" if in_test and file == label else f"{path} lists it"
                missing.setdefault(case, f"case {case}: {file} is missing, though {wanted}")
        if case in cases:
            raise DataError(f"{path}: case {case!r} is listed twice")
        in_group = group_of(case, group, meta, folder / META_FILE)
        cases[case] = Case(case, in_group, (image,), label, meta.get(case, {}), test=in_test)
    if missing:
        raise DataError(f"{next(iter(missing.values()))}{and_others(list(missing))}")
    return CaseSet(tuple(cases[case] for case in sorted(cases)), label_names(description, path))


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
