"""Image files by their names: which suffixes are read, and what a name is without its suffix."""

from pathlib import Path

from segsweep.errors import DataError

SUFFIXES = (".nii.gz", ".nii", ".png", ".jpg", ".jpeg", ".tif", ".tiff")


def is_image(path: Path) -> bool:
    """Whether a file's name says that it is an image; hidden files are none."""
    return path.name.lower().endswith(SUFFIXES) and not path.name.startswith(".")


def stem(path: Path) -> str:
    """A file's name without its image suffix; `.nii.gz` is one suffix."""
    for suffix in SUFFIXES:
        if path.name.lower().endswith(suffix):
            return path.name[: -len(suffix)]
    return path.stem


def by_stem(folder: Path, expected: str) -> dict[str, Path]:
    """The images of a folder by the stems of their names.

    Args:
        folder: to list.
        expected: said where it is not there: what the dataset's layout wants.

    Raises:
        DataError: the folder is missing or holds no image, or two of them share a stem.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; {expected}")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if not is_image(path):
            continue
        if stem(path) in found:
            raise DataError(f"case {stem(path)}: both {found[stem(path)]} and {path}")
        found[stem(path)] = path
    if not found:
        raise DataError(f"{folder}: no image in it; known: {', '.join(SUFFIXES)}")
    return found
