"""Image files of a dataset that no case uses."""

from pathlib import Path

from segsweep.data.cases import CaseSet
from segsweep.data.image_files import is_image
from segsweep.spec.datasets import FileDataset

_PLACES = {
    "msd": ("imagesTr", "labelsTr"),
    "nnunet": ("imagesTr", "labelsTr"),
    "folder": ("images", "masks", "raters"),
    "datalist": (".",),
    "bids": (".",),
}
"""Where each layout keeps its training files."""


def orphans(dataset: FileDataset, found: CaseSet) -> list[Path]:
    """Image files that lie among those of the cases and belong to none of them, in order."""
    used = {path.resolve() for case in found.cases for path in (*case.images, case.label, *case.raters.values())}
    there = (path for place in _PLACES[dataset.source] for path in (dataset.folder / place).rglob("*"))
    return sorted(path for path in there if is_image(path) and path.resolve() not in used)
