"""nnU-Net's raw layout, versions 1 and 2 (Isensee 2021): dataset.json, imagesTr/CASE_0000.nii.gz, labelsTr/CASE.nii.gz.

The four digits count the channels of a case, each of which lies in a file of its own; a colour picture is one file.
"""

import re
from pathlib import Path
from typing import Any

from segsweep.data.cases import Case, CaseSet
from segsweep.data.description import ignored_value, label_names, read_description
from segsweep.data.image_files import SUFFIXES, by_stem
from segsweep.data.meta import META_FILE, groups_of, read_meta
from segsweep.data.several import and_others
from segsweep.errors import DataError

LAYOUT = "an `nnunet:` dataset has dataset.json, imagesTr/ and labelsTr/, and for `test: own` imagesTs/ and labelsTs/"


def scan_nnunet(folder: Path, group: str, own_test: bool = False) -> CaseSet:
    """List the training cases of an nnU-Net raw dataset, and those of its test part if they are wanted.

    Raises:
        DataError: a channel or a label is missing, or dataset.json is not of this layout.
    """
    path = folder / "dataset.json"
    description, ignore = ignored_value(read_description(path), path)
    _check_ending(description, path)
    channels = _channel_count(description, path)
    meta = read_meta(folder / META_FILE)
    cases = []
    for part in ("Tr", "Ts") if own_test else ("Tr",):
        images, labels = _images(folder / f"images{part}"), by_stem(folder / f"labels{part}", LAYOUT)
        if lonely := sorted(set(images) - set(labels)):
            raise DataError(
                f"case {lonely[0]}: no label of this name in {folder / f'labels{part}'}{and_others(lonely)}"
            )
        if lonely := sorted(set(labels) - set(images)):
            raise DataError(
                f"case {lonely[0]}: no image {lonely[0]}_0000 in {folder / f'images{part}'}{and_others(lonely)}"
            )
        groups = groups_of(images, group, meta, folder / META_FILE)
        cases += [
            Case(
                case,
                groups[case],
                _channels(case, images[case], channels, path),
                labels[case],
                meta.get(case, {}),
                test=part == "Ts",
            )
            for case in images
        ]
    return CaseSet(tuple(sorted(cases, key=lambda case: case.id)), label_names(description, path), ignore)


def _check_ending(description: dict[str, Any], path: Path) -> None:
    ending = description.get("file_ending", SUFFIXES[0])
    if ending not in SUFFIXES:
        raise DataError(f"{path}: files that end in {ending!r} cannot be read; known: {', '.join(SUFFIXES)}")


def _channel_count(description: dict[str, Any], path: Path) -> int:
    """From `channel_names`, which version 1 called `modality`."""
    names = description.get("channel_names", description.get("modality"))
    if not isinstance(names, dict) or not names:
        raise DataError(f"{path}: `channel_names` must map channel numbers to names")
    return len(names)


def _images(folder: Path) -> dict[str, dict[int, Path]]:
    """Case to channel number to file."""
    found: dict[str, dict[int, Path]] = {}
    for name, path in by_stem(folder, LAYOUT).items():
        parts = re.fullmatch(r"(.+)_(\d{4})", name)
        if parts is None:
            raise DataError(f"{path}: an image is named CASE_0000, with the number of its channel")
        found.setdefault(parts[1], {})[int(parts[2])] = path
    return found


def _channels(case: str, files: dict[int, Path], count: int, path: Path) -> tuple[Path, ...]:
    colour = list(files) == [0] and not files[0].name.lower().endswith((".nii", ".nii.gz"))
    if sorted(files) != list(range(count)) and not colour:
        found = ", ".join(f"{number:04d}" for number in sorted(files))
        raise DataError(f"case {case}: channels {found} in {files[min(files)].parent}, though {path} names {count}")
    return tuple(files[number] for number in sorted(files))
