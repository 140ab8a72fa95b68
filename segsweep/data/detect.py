"""Which layout a path on disk has."""

from pathlib import Path

from segsweep.data.description import is_nnunets, read_description
from segsweep.data.image_files import is_image, stem
from segsweep.errors import DataError
from segsweep.spec.datasets import FileDataset


def detect(path: Path) -> FileDataset:
    """The dataset block that a path stands for.

    Raises:
        DataError: the path is none of the layouts that can be read.
    """
    if path.suffix == ".json":
        return FileDataset(source="datalist", path=path, name=path.stem)
    if not path.is_dir():
        raise DataError(f"{path}: no such folder, and no JSON file of a datalist")
    if (path / "images").is_dir() and (path / "masks").is_dir():
        return FileDataset(source="folder", path=path, name=path.name)
    if (path / "imagesTr").is_dir():
        return FileDataset(source="nnunet" if _is_nnunet(path) else "msd", path=path, name=path.name)
    if (path / "derivatives").is_dir():
        return FileDataset(source="bids", path=path, name=path.name)
    raise DataError(
        f"{path}: no layout that is known: neither images/ and masks/, nor dataset.json with imagesTr/, nor"
        " derivatives/; a datalist is named by its JSON file"
    )


def _is_nnunet(folder: Path) -> bool:
    """Version 2 says so; version 1 numbers the channels of images whose labels have no number."""
    if is_nnunets(read_description(folder / "dataset.json")):
        return True
    images = [stem(path) for path in (folder / "imagesTr").iterdir() if is_image(path)]
    labels = {stem(path) for path in (folder / "labelsTr").glob("*") if is_image(path)}
    return bool(images) and all(name[-5:-4] == "_" and name[:-5] in labels for name in images)
