"""The layout of the Medical Segmentation Decathlon (Antonelli 2022): dataset.json, imagesTr, labelsTr."""

from pathlib import Path

from segsweep.data.cases import Case, CaseSet
from segsweep.data.description import label_names, read_description
from segsweep.data.image_files import stem
from segsweep.data.meta import META_FILE, group_of, read_meta
from segsweep.errors import DataError


def scan_msd(folder: Path, group: str) -> CaseSet:
    """List the training cases of a Decathlon folder.

    Raises:
        DataError: a listed file is missing, a case is listed twice, or dataset.json is not of this layout.
    """
    path = folder / "dataset.json"
    description = read_description(path)
    listed = description.get("training")
    if not isinstance(listed, list) or not listed:
        raise DataError(f"{path}: `training` lists no case")
    meta = read_meta(folder / META_FILE)
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
        in_group = group_of(case, group, meta, folder / META_FILE)
        cases[case] = Case(case, in_group, (image,), label, meta.get(case, {}))
    return CaseSet(tuple(cases[case] for case in sorted(cases)), label_names(description, path))
