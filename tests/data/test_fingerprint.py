"""What changes the identity of a dataset: what is in its files, never where they lie."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_datasets import write_decathlon, write_picture, write_pictures

from segsweep.data.facts import scan
from segsweep.data.fingerprint import fingerprint
from segsweep.spec.datasets import FileDataset


@pytest.fixture
def remembered(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "hashes.json"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_pictures(tmp_path / "pictures", 4, groups=["x", "x", "y", "z"])


def fingerprint_of(folder: Path, remembered: Path, **settings: object) -> str:
    dataset = FileDataset.model_validate({"source": "folder", "path": folder, "name": "a", **settings})
    return fingerprint(scan(dataset), remembered)


def flip_one_voxel(folder: Path) -> None:
    path = folder / "masks" / "case-02.png"
    mask = np.array(Image.open(path))
    mask[-1, -1] = 255 - mask[-1, -1]
    write_picture(path, mask)


def brighten_one_pixel(folder: Path) -> None:
    path = folder / "images" / "case-02.png"
    image = np.array(Image.open(path))
    image[0, 0, 0] += 1
    write_picture(path, image)


def change_a_group(folder: Path) -> None:
    meta = folder / "meta.csv"
    meta.write_text(meta.read_text().replace("case-02,y", "case-02,x"))


def name_the_label(folder: Path) -> None:
    (folder / "dataset.json").write_text(json.dumps({"labels": {"0": "background", "1": "polyp"}}))


def rename_a_case(folder: Path) -> None:
    for kind in ("images", "masks"):
        (folder / kind / "case-03.png").rename(folder / kind / "case-04.png")
    meta = folder / "meta.csv"
    meta.write_text(meta.read_text().replace("case-03", "case-04"))


def drop_a_case(folder: Path) -> None:
    for kind in ("images", "masks"):
        (folder / kind / "case-03.png").unlink()


def let_two_raters_label(folder: Path) -> None:
    for number in range(4):
        mask = np.array(Image.open(folder / "masks" / f"case-{number:02d}.png"))
        for rater in ("ann", "bob"):
            write_picture(folder / "raters" / f"case-{number:02d}__{rater}.png", mask)


@pytest.mark.parametrize(
    "change",
    [
        flip_one_voxel,
        brighten_one_pixel,
        change_a_group,
        name_the_label,
        rename_a_case,
        drop_a_case,
        let_two_raters_label,
    ],
)
def test_what_changes_it(pictures: Path, remembered: Path, change: Callable[[Path], None]) -> None:
    before = fingerprint_of(pictures, remembered)
    change(pictures)
    assert fingerprint_of(pictures, remembered) != before


def touch(folder: Path) -> None:
    for path in folder.rglob("*.png"):
        os.utime(path, (1, 1))


def change_another_column(folder: Path) -> None:
    meta = folder / "meta.csv"
    meta.write_text(meta.read_text().replace("case-02,y,2", "case-02,y,99"))


def add_a_file_that_is_no_case(folder: Path) -> None:
    (folder / "README").write_text("hello")


@pytest.mark.parametrize("change", [touch, change_another_column, add_a_file_that_is_no_case])
def test_what_does_not(pictures: Path, remembered: Path, change: Callable[[Path], None]) -> None:
    before = fingerprint_of(pictures, remembered)
    change(pictures)
    assert fingerprint_of(pictures, remembered) == before


def test_moving_the_folder_does_not(pictures: Path, remembered: Path, tmp_path: Path) -> None:
    before = fingerprint_of(pictures, remembered)
    shutil.move(pictures, tmp_path / "elsewhere")
    assert fingerprint_of(tmp_path / "elsewhere", remembered) == before


def test_groups_count_only_as_the_grid_uses_them(pictures: Path, remembered: Path) -> None:
    assert fingerprint_of(pictures, remembered) != fingerprint_of(pictures, remembered, group="none")


def test_label_names_of_a_decathlon_folder_count(tmp_path: Path, remembered: Path) -> None:
    folder = write_decathlon(tmp_path / "msd", 2)
    before = fingerprint_of(folder, remembered, source="msd")
    path = folder / "dataset.json"
    path.write_text(path.read_text().replace("posterior", "caudal"))
    assert fingerprint_of(folder, remembered, source="msd") != before


class TestRememberedHashes:
    def test_an_unchanged_file_is_not_read_again(self, pictures: Path, remembered: Path) -> None:
        before = fingerprint_of(pictures, remembered)
        path = pictures / "images" / "case-00.png"
        status = path.stat()
        path.write_bytes(b"x" * status.st_size)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert fingerprint_of(pictures, remembered) == before
        remembered.unlink()
        assert fingerprint_of(pictures, remembered) != before

    def test_a_damaged_memory_is_made_anew(self, pictures: Path, remembered: Path) -> None:
        before = fingerprint_of(pictures, remembered)
        remembered.write_text("{")
        assert fingerprint_of(pictures, remembered) == before
        assert len(json.loads(remembered.read_text())) == 8
