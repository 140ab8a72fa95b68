"""What a dataset is before anything is decoded: cases, their groups, the names of its labels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

BINARY = ("background", "foreground")
"""Label names of a dataset that names none."""


@dataclass(frozen=True)
class Case:
    """One image with its label, both still in their files.

    Args:
        id: unique within the dataset.
        group: patient or series; folds never split a group.
        images: one file per modality, or a single file that holds all channels.
        label: file of label values.
        meta: further columns of meta.csv.
        raters: rater to file, where several raters labelled the case.
        test: whether it belongs to the test set, which is kept from all folds.
    """

    id: str
    group: str
    images: tuple[Path, ...]
    label: Path
    meta: Mapping[str, str]
    raters: Mapping[str, Path] = field(default_factory=dict)
    test: bool = False


@dataclass(frozen=True)
class CaseSet:
    """The cases of a dataset in the order of their ids.

    Args:
        cases: at least one.
        labels: names, background first.
        ignore: label value of voxels that count nowhere; None = there is none.
    """

    cases: tuple[Case, ...]
    labels: tuple[str, ...]
    ignore: int | None = None
