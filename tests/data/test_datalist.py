"""MONAI's datalist, held to what MONAI itself reads from it."""

import json
from pathlib import Path

import numpy as np
import pytest
from monai.data import load_decathlon_datalist
from tiny_datasets import write_decathlon, write_picture

from segsweep.data.datalist import scan_datalist
from segsweep.errors import DataError

BLANK = np.zeros((4, 4), dtype=np.uint8)


def write_list(folder: Path, entries: object, **further: object) -> Path:
    path = folder / "list.json"
    path.write_text(json.dumps({"training": entries, **further}))
    return path


def pictures(folder: Path, *names: str) -> None:
    for name in names:
        write_picture(folder / name, BLANK)


def complaint(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        scan_datalist(path, "auto")
    return str(caught.value)


def test_it_finds_the_files_that_monai_finds(tmp_path: Path) -> None:
    path = write_decathlon(tmp_path, 4) / "dataset.json"
    found = scan_datalist(path, "auto")
    listed = load_decathlon_datalist(path)
    assert [(case.images[0].resolve(), case.label.resolve()) for case in found.cases] == [
        (Path(entry["image"]).resolve(), Path(entry["label"]).resolve()) for entry in listed
    ]
    assert found.labels == ("background", "anterior", "posterior")


def test_several_images_are_the_channels_of_a_case(tmp_path: Path) -> None:
    pictures(tmp_path, "t1/a.png", "t2/a.png", "label/a.png")
    path = write_list(tmp_path, [{"image": ["t1/a.png", "t2/a.png"], "label": "label/a.png", "fold": 2}])
    found = scan_datalist(path, "auto")
    (case,) = found.cases
    assert case.images == (tmp_path / "t1" / "a.png", tmp_path / "t2" / "a.png")
    assert (case.id, case.meta, found.labels) == ("a", {"fold": "2"}, ("background", "foreground"))


def test_images_of_one_name_are_told_by_their_paths(tmp_path: Path) -> None:
    pictures(tmp_path, *(f"{patient}/{kind}.png" for patient in ("p1", "p2") for kind in ("image", "label")))
    entries = [{"image": f"./{patient}/image.png", "label": f"{patient}/label.png"} for patient in ("p2", "p1")]
    assert [case.id for case in scan_datalist(write_list(tmp_path, entries), "auto").cases] == ["p1/image", "p2/image"]


def test_further_keys_may_name_case_and_group(tmp_path: Path) -> None:
    pictures(tmp_path, "a.png", "b.png", "l.png")
    entries = [
        {"image": f"{name}.png", "label": "l.png", "id": f"scan {name}", "patient": "p", "spacing": [1, 1]}
        for name in ("b", "a")
    ]
    found = scan_datalist(write_list(tmp_path, entries), "patient")
    assert [(case.id, case.group, case.meta) for case in found.cases] == [
        ("scan a", "p", {"patient": "p"}),
        ("scan b", "p", {"patient": "p"}),
    ]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], "`training` lists no case"),
        (["a.png"], "training[0]: an entry needs `image` and `label`, got 'a.png'"),
        ([{"image": [], "label": "a.png"}], "training[0].image: a path or a list of paths, got []"),
        ([{"image": 3, "label": "a.png"}], "training[0].image: a path or a list of paths, got 3"),
        ([{"image": "a.mha", "label": "a.png"}], "training[0].image: a.mha cannot be read; known: .nii.gz, .nii, .png"),
        ([{"image": "a.png", "label": ["a.png", "a.png"]}], "training[0].label: one file of label values, got 2"),
        ([{"image": "a.png", "label": "a.png", "id": 1}] * 2, "case '1' is listed twice"),
    ],
)
def test_what_is_no_datalist(tmp_path: Path, entries: object, expected: str) -> None:
    pictures(tmp_path, "a.png")
    path = write_list(tmp_path, entries)
    said = complaint(path)
    assert said.startswith(f"{path}: {expected}")


def test_all_cases_of_which_a_file_is_missing_are_named(tmp_path: Path) -> None:
    pictures(tmp_path, "a.png", "labels/a.png")
    path = write_list(tmp_path, [{"image": f"{name}.png", "label": f"labels/{name}.png"} for name in "abc"])
    assert complaint(path) == f"case b: {tmp_path}/b.png is missing, though {path} lists it; also c"


def test_a_missing_file_is_named_with_its_case(tmp_path: Path) -> None:
    pictures(tmp_path, "a.png")
    path = write_list(tmp_path, [{"image": "a.png", "label": "labels/a.png"}])
    assert complaint(path) == f"case a: {tmp_path}/labels/a.png is missing, though {path} lists it"
