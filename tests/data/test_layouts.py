"""The two layouts on disk: what is found, and what stops a sweep."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from tiny_datasets import write_decathlon, write_nnunet, write_picture, write_pictures

from segsweep.data.description import label_names
from segsweep.data.facts import scan
from segsweep.data.folder import scan_folder
from segsweep.data.image_files import stem
from segsweep.data.msd import scan_msd
from segsweep.errors import DataError
from segsweep.spec.datasets import FileDataset

BLANK = np.zeros((4, 4), dtype=np.uint8)


def complaint(scan_it, folder: Path, group: str = "auto") -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(DataError) as caught:
        scan_it(folder, group)
    return str(caught.value)


class TestFolder:
    def test_images_and_masks_meet_by_stem(self, tmp_path: Path) -> None:
        write_picture(tmp_path / "images" / "b.jpg", BLANK)
        write_picture(tmp_path / "masks" / "b.png", BLANK)
        write_picture(tmp_path / "images" / "a.TIF", BLANK)
        write_picture(tmp_path / "masks" / "a.png", BLANK)
        (tmp_path / "images" / "Thumbs.db").write_bytes(b"")
        found = scan_folder(tmp_path, "auto")
        assert [(case.id, case.group, case.images[0].name, case.label.name) for case in found.cases] == [
            ("a", "a", "a.TIF", "a.png"),
            ("b", "b", "b.jpg", "b.png"),
        ]
        assert found.labels == ("background", "foreground")

    def test_label_names_of_a_dataset_json(self, tmp_path: Path) -> None:
        write_pictures(tmp_path, 1)
        (tmp_path / "dataset.json").write_text('{"labels": {"background": 0, "polyp": 1}}')
        assert scan_folder(tmp_path, "auto").labels == ("background", "polyp")

    def test_an_image_without_a_mask(self, tmp_path: Path) -> None:
        write_pictures(tmp_path, 2)
        (tmp_path / "masks" / "case-01.png").unlink()
        assert complaint(scan_folder, tmp_path) == (
            f"case case-01: {tmp_path}/images/case-01.png has no mask of this name in {tmp_path}/masks"
        )

    def test_masks_without_images_are_all_named(self, tmp_path: Path) -> None:
        write_pictures(tmp_path, 3)
        (tmp_path / "images" / "case-00.png").unlink()
        (tmp_path / "images" / "case-02.png").unlink()
        assert complaint(scan_folder, tmp_path) == (
            f"case case-00: {tmp_path}/masks/case-00.png has no image of this name in {tmp_path}/images; also case-02"
        )

    def test_two_files_of_one_stem(self, tmp_path: Path) -> None:
        write_pictures(tmp_path, 1)
        write_picture(tmp_path / "images" / "case-00.jpg", BLANK)
        images = tmp_path / "images"
        assert complaint(scan_folder, tmp_path) == f"case case-00: both {images}/case-00.jpg and {images}/case-00.png"

    def test_no_masks_folder(self, tmp_path: Path) -> None:
        write_pictures(tmp_path, 1)
        shutil.rmtree(tmp_path / "masks")
        assert complaint(scan_folder, tmp_path) == (
            f"{tmp_path}/masks: no such folder; a `folder:` dataset has images/ and masks/"
        )

    def test_an_empty_folder(self, tmp_path: Path) -> None:
        (tmp_path / "images").mkdir()
        assert complaint(scan_folder, tmp_path) == (
            f"{tmp_path}/images: no image in it; known: .nii.gz, .nii, .png, .jpg, .jpeg, .tif, .tiff"
        )


class TestDecathlon:
    def test_cases_are_in_the_order_of_their_ids(self, tmp_path: Path) -> None:
        write_decathlon(tmp_path, 3)
        description = json.loads((tmp_path / "dataset.json").read_text())
        description["training"].reverse()
        (tmp_path / "dataset.json").write_text(json.dumps(description))
        found = scan_msd(tmp_path, "auto")
        assert [case.id for case in found.cases] == ["case_000", "case_001", "case_002"]
        assert found.labels == ("background", "anterior", "posterior")

    def test_all_cases_of_which_a_file_is_missing_are_named(self, tmp_path: Path) -> None:
        write_decathlon(tmp_path, 30)
        for file in ("labelsTr/case_001", "imagesTr/case_001", "imagesTr/case_003"):
            (tmp_path / f"{file}.nii.gz").unlink()
        listed = f"is missing, though {tmp_path}/dataset.json lists it"
        assert complaint(scan_msd, tmp_path) == (
            f"case case_001: {tmp_path}/imagesTr/case_001.nii.gz {listed}; also case_003"
        )
        for number in range(30):
            (tmp_path / f"labelsTr/case_{number:03d}.nii.gz").unlink(missing_ok=True)
        assert complaint(scan_msd, tmp_path).endswith("case_018, case_019, case_020 and 9 more")

    def test_a_listed_file_is_missing(self, tmp_path: Path) -> None:
        write_decathlon(tmp_path, 2)
        (tmp_path / "labelsTr" / "case_001.nii.gz").unlink()
        assert complaint(scan_msd, tmp_path) == (
            f"case case_001: {tmp_path}/labelsTr/case_001.nii.gz is missing, though {tmp_path}/dataset.json lists it"
        )

    def test_no_dataset_json(self, tmp_path: Path) -> None:
        assert complaint(scan_msd, tmp_path) == f"{tmp_path}/dataset.json: no such file"

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("{", "cannot be read: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
            ("[]", "not a JSON object"),
            ('{"training": []}', "`training` lists no case"),
            ('{"training": ["a"]}', "a training entry needs `image` and `label`, got 'a'"),
        ],
    )
    def test_a_dataset_json_of_another_kind(self, tmp_path: Path, text: str, expected: str) -> None:
        (tmp_path / "dataset.json").write_text(text)
        assert complaint(scan_msd, tmp_path) == f"{tmp_path}/dataset.json: {expected}"

    @pytest.mark.parametrize("key", ["channel_names", "file_ending"])
    def test_the_dataset_json_of_nnunet(self, tmp_path: Path, key: str) -> None:
        (tmp_path / "dataset.json").write_text(json.dumps({key: "x", "numTraining": 5}))
        assert complaint(scan_msd, tmp_path) == (
            f"{tmp_path}/dataset.json: `training` lists no case; it looks like nnU-Net's, which `nnunet:` reads"
        )

    def test_a_case_that_is_listed_twice(self, tmp_path: Path) -> None:
        write_decathlon(tmp_path, 1)
        description = json.loads((tmp_path / "dataset.json").read_text())
        description["training"] *= 2
        (tmp_path / "dataset.json").write_text(json.dumps(description))
        assert complaint(scan_msd, tmp_path) == f"{tmp_path}/dataset.json: case 'case_000' is listed twice"

    @pytest.mark.parametrize("name", ["a.nii.gz", "a.nii", "a.NII.GZ", "a.png", "a.jpeg"])
    def test_stems(self, name: str) -> None:
        assert stem(Path("x.y") / name) == "a"


class TestLabelNames:
    PATH = Path("dataset.json")

    @pytest.mark.parametrize(
        "entries", [{"0": "background", "1": "liver", "2": "tumour"}, {"background": 0, "tumour": 2, "liver": 1}]
    )
    def test_by_value_or_by_name(self, entries: dict[str, object]) -> None:
        assert label_names({"labels": entries}, self.PATH) == ("background", "liver", "tumour")

    def test_more_than_ten(self) -> None:
        entries = {str(value): f"organ {value}" for value in range(12)}
        assert label_names({"labels": entries}, self.PATH)[10:] == ("organ 10", "organ 11")

    @pytest.mark.parametrize(
        ("entries", "found"),
        [
            ({"0": "background", "2": "tumour"}, "0, 2"),
            ({"0": "background"}, "0"),
            ({"background": 0, "liver": 1, "tumour": 1}, "0, 1, 1"),
            ({}, "none"),
        ],
    )
    def test_values_that_do_not_count_from_0(self, entries: dict[str, object], found: str) -> None:
        with pytest.raises(DataError) as caught:
            label_names({"labels": entries}, self.PATH)
        assert str(caught.value) == f"dataset.json: label values must be 0, 1, …; found {found}"

    def test_no_labels_at_all(self) -> None:
        with pytest.raises(DataError, match=r"^dataset.json: `labels` must map label values to names$"):
            label_names({}, self.PATH)


class TestMeta:
    def test_groups_and_further_columns(self, tmp_path: Path) -> None:
        write_pictures(tmp_path, 3, groups=["x", "y", "x"])
        found = scan_folder(tmp_path, "auto")
        assert [case.group for case in found.cases] == ["x", "y", "x"]
        assert found.cases[1].meta == {"group": "y", "age": "1"}

    def test_group_may_be_any_column(self, tmp_path: Path) -> None:
        write_pictures(tmp_path, 3, groups=["x", "y", "x"])
        assert [case.group for case in scan_folder(tmp_path, "age").cases] == ["0", "1", "2"]

    def test_group_none_makes_every_case_its_own(self, tmp_path: Path) -> None:
        write_pictures(tmp_path, 3, groups=["x", "y", "x"])
        assert [case.group for case in scan_folder(tmp_path, "none").cases] == ["case-00", "case-01", "case-02"]

    def test_a_byte_order_mark_is_no_part_of_the_first_name(self, tmp_path: Path) -> None:
        write_pictures(tmp_path, 1)
        (tmp_path / "meta.csv").write_text("id,group\ncase-00,x\n", encoding="utf-8-sig")
        assert [case.group for case in scan_folder(tmp_path, "auto").cases] == ["x"]

    def test_it_serves_decathlon_folders_too(self, tmp_path: Path) -> None:
        write_decathlon(tmp_path, 2)
        (tmp_path / "meta.csv").write_text("id,group\ncase_000,x\ncase_001,x\n")
        assert [case.group for case in scan_msd(tmp_path, "auto").cases] == ["x", "x"]

    @pytest.mark.parametrize(
        ("text", "group", "expected"),
        [
            ("case,group\n", "auto", "needs a column `id`; it has case, group"),
            ("", "auto", "needs a column `id`; it has none"),
            ("id,group\ncase-00,x\ncase-00,y\n", "auto", "line 3: case 'case-00' appears twice"),
            ("id,site\ncase-00,x\n", "patient", "no column 'patient' for `group`; columns: site"),
            ("id,patient\n", "patient", "no row for case 'case-00', which `group: patient` needs"),
            (
                "id,patient\ncase-00.png,x\n",
                "patient",
                "no row for case 'case-00', which `group: patient` needs; its ids look like 'case-00.png'",
            ),
            ("id,group\ncase-00,\n", "auto", "case 'case-00' has no 'group', which `group` needs"),
        ],
    )
    def test_what_is_wrong_with_it(self, tmp_path: Path, text: str, group: str, expected: str) -> None:
        write_pictures(tmp_path, 1)
        (tmp_path / "meta.csv").write_text(text)
        assert complaint(scan_folder, tmp_path, group) == f"{tmp_path}/meta.csv: {expected}"

    def test_a_case_without_a_row_where_others_have_groups(self, tmp_path: Path) -> None:
        write_pictures(tmp_path, 3)
        (tmp_path / "meta.csv").write_text("id,group\ncase-00,x\n")
        assert complaint(scan_folder, tmp_path) == (
            f"{tmp_path}/meta.csv: no row for case 'case-01', which `group: auto` needs; "
            "its ids look like 'case-00'; also case-02"
        )

    def test_all_cases_without_a_group_are_named(self, tmp_path: Path) -> None:
        write_pictures(tmp_path, 3)
        (tmp_path / "meta.csv").write_text("id,group\ncase-00,\ncase-01,x\ncase-02,\n")
        assert complaint(scan_folder, tmp_path) == (
            f"{tmp_path}/meta.csv: case 'case-00' has no 'group', which `group` needs; also case-02"
        )

    def test_a_group_without_the_file_that_has_it(self, tmp_path: Path) -> None:
        write_pictures(tmp_path, 1)
        expected = f"{tmp_path}/meta.csv: no such file, which `group: patient` needs"
        assert complaint(scan_folder, tmp_path, "patient") == expected

    @pytest.mark.parametrize(
        ("source", "write"), [("folder", write_pictures), ("msd", write_decathlon), ("nnunet", write_nnunet)]
    )
    def test_ids_that_are_no_cases(
        self, tmp_path: Path, source: Literal["folder", "msd", "nnunet"], write: Callable[[Path, int], Path]
    ) -> None:
        dataset = FileDataset(source=source, path=write(tmp_path, 2), name="a")
        first, second = (case.id for case in scan(dataset).cases)
        (tmp_path / "meta.csv").write_text(f"id,cls\n{first}.nii.gz,benign\n{second}.nii.gz,malignant\n")
        with pytest.raises(DataError) as caught:
            scan(dataset)
        assert str(caught.value) == (
            f"{tmp_path}/meta.csv: no row is a case: its ids look like '{first}.nii.gz', cases are called '{first}'"
        )

    @pytest.mark.parametrize("text", ["id,cls\n", "id\ncase-01\n", "id,cls\ncase-01,benign\nother,malignant\n"])
    def test_a_table_of_some_of_the_cases_is_no_strange_one(self, tmp_path: Path, text: str) -> None:
        dataset = FileDataset(source="folder", path=write_pictures(tmp_path, 2), name="a")
        (tmp_path / "meta.csv").write_text(text)
        assert len(scan(dataset).cases) == 2


class TestDatasetBlock:
    def test_a_missing_folder(self, tmp_path: Path) -> None:
        with pytest.raises(DataError) as caught:
            scan(FileDataset(source="msd", path=tmp_path / "none", name="a"))
        assert str(caught.value) == f"datasets: msd: {tmp_path}/none: no such folder"

    def test_a_missing_folder_is_said_with_the_place_where_it_was_looked_for(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(DataError) as caught:
            scan(FileDataset(source="folder", path=Path("lesions"), name="a"))
        assert str(caught.value) == f"datasets: folder: {tmp_path}/lesions: no such folder"

    def test_classes_replace_the_names_of_the_labels(self, tmp_path: Path) -> None:
        dataset = FileDataset(source="folder", path=write_pictures(tmp_path, 2), name="a", classes=("polyp",))
        assert scan(dataset).labels == ("background", "polyp")

    def test_some_cases_only(self, tmp_path: Path) -> None:
        dataset = FileDataset(source="folder", path=write_pictures(tmp_path, 5), name="a", cases=3)
        assert len(scan(dataset).cases) == 3
