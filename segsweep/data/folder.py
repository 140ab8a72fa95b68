"""Two folders, images/ and masks/, matched by stem; 2D images or NIfTI. Several raters' labels lie in raters/."""

from collections.abc import Collection
from pathlib import Path

from segsweep.data.cases import BINARY, Case, CaseSet
from segsweep.data.description import label_names, read_description
from segsweep.data.image_files import by_stem
from segsweep.data.meta import META_FILE, groups_of, read_meta
from segsweep.data.several import and_others
from segsweep.errors import DataError

LAYOUT = "a `folder:` dataset has images/ and masks/"


def scan_folder(folder: Path, group: str) -> CaseSet:
    """List the cases of a folder; without a dataset.json its one label is called `foreground`.

    Raises:
        DataError: a folder is missing or empty, an image has no mask or a mask no image, two files share a stem.
    """
    images, masks = by_stem(folder / "images", LAYOUT), by_stem(folder / "masks", LAYOUT)
    if lonely := sorted(set(images) - set(masks)):
        raise DataError(
            f"case {lonely[0]}: {images[lonely[0]]} has no mask of this name in {folder / 'masks'}{and_others(lonely)}"
        )
    if lonely := sorted(set(masks) - set(images)):
        raise DataError(
            f"case {lonely[0]}: {masks[lonely[0]]} has no image of this name in {folder / 'images'}{and_others(lonely)}"
        )
    meta, raters = read_meta(folder / META_FILE), _raters(folder / "raters", images)
    described = folder / "dataset.json"
    labels = label_names(read_description(described), described) if described.exists() else BINARY
    groups = groups_of(sorted(images), group, meta, folder / META_FILE)
    cases = (
        Case(
            case,
            groups[case],
            (images[case],),
            masks[case],
            meta.get(case, {}),
            raters.get(case, {}),
        )
        for case in sorted(images)
    )
    return CaseSet(tuple(cases), labels)


def _raters(folder: Path, cases: Collection[str]) -> dict[str, dict[str, Path]]:
    """Case to rater to file, from files named CASE__RATER; empty where there is no such folder."""
    if not folder.is_dir():
        return {}
    found: dict[str, dict[str, Path]] = {}
    for name, path in by_stem(folder, LAYOUT).items():
        case, separator, rater = name.partition("__")
        if not separator or not rater or case not in cases:
            raise DataError(f"{path}: a rater's label is named CASE__RATER after a case in images/")
        found.setdefault(case, {})[rater] = path
    if without := sorted(set(cases) - set(found)):
        others = and_others(without)
        raise DataError(f"case {without[0]}: no rater's label in {folder}, though other cases have some{others}")
    return found
