"""Two folders, images/ and masks/, matched by stem; 2D images or NIfTI. Several raters' labels lie in raters/."""

from collections.abc import Collection
from pathlib import Path

from segsweep.data.cases import Case, CaseSet
from segsweep.data.meta import group_of, read_meta
from segsweep.data.msd import SUFFIXES, label_names, read_description, stem
from segsweep.errors import DataError


def scan_folder(folder: Path, group: str) -> CaseSet:
    """List the cases of a folder; without a dataset.json its one label is called `foreground`.

    Raises:
        DataError: a folder is missing or empty, an image has no mask or a mask no image, two files share a stem.
    """
    images, masks = _by_stem(folder / "images"), _by_stem(folder / "masks")
    if lonely := sorted(set(images) - set(masks)):
        raise DataError(
            f"case {lonely[0]}: {images[lonely[0]]} has no mask of this name in {folder / 'masks'}"
            + (f" ({len(lonely)} such images)" if len(lonely) > 1 else "")
        )
    if lonely := sorted(set(masks) - set(images)):
        raise DataError(
            f"case {lonely[0]}: {masks[lonely[0]]} has no image of this name in {folder / 'images'}"
            + (f" ({len(lonely)} such masks)" if len(lonely) > 1 else "")
        )
    meta, raters = read_meta(folder), _raters(folder / "raters", images)
    description = folder / "dataset.json"
    labels = (
        label_names(read_description(folder), description) if description.exists() else ("background", "foreground")
    )
    cases = (
        Case(
            case,
            group_of(case, group, meta, folder),
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
    for name, path in _by_stem(folder).items():
        case, separator, rater = name.partition("__")
        if not separator or not rater or case not in cases:
            raise DataError(f"{path}: a rater's label is named CASE__RATER after a case in images/")
        found.setdefault(case, {})[rater] = path
    if without := sorted(set(cases) - set(found)):
        raise DataError(f"case {without[0]}: no rater's label in {folder}, though other cases have some")
    return found


def _by_stem(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; a `folder:` dataset has images/ and masks/")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if not path.name.lower().endswith(SUFFIXES) or path.name.startswith("."):
            continue
        if stem(path) in found:
            raise DataError(f"case {stem(path)}: both {found[stem(path)]} and {path}")
        found[stem(path)] = path
    if not found:
        raise DataError(f"{folder}: no image in it; known: {', '.join(SUFFIXES)}")
    return found
