"""What is said of a dataset before anything is trained on it."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from tiny_datasets import (
    move_to_test_part,
    write_bids,
    write_decathlon,
    write_nifti,
    write_nnunet,
    write_picture,
    write_pictures,
)

from segsweep.data.check import Checked, check
from segsweep.data.decode_dataset import decode_dataset
from segsweep.data.detect import detect
from segsweep.errors import DataError
from segsweep.spec.datasets import FileDataset, HeldOut, parse_datasets


def checked(folder: Path) -> Checked:
    return check(detect(folder))


class TestDetect:
    def test_every_layout_is_known_by_its_folders(self, tmp_path: Path) -> None:
        written = {
            "folder": write_pictures(tmp_path / "folder", 2),
            "msd": write_decathlon(tmp_path / "msd", 2),
            "nnunet": write_nnunet(tmp_path / "nnunet", 2),
            "bids": write_bids(tmp_path / "bids", 1),
            "datalist": write_decathlon(tmp_path / "listed", 2) / "dataset.json",
        }
        assert {source: detect(path).source for source, path in written.items()} == {name: name for name in written}

    def test_nnunet_version_1_is_known_by_its_numbered_images(self, tmp_path: Path) -> None:
        write_nnunet(tmp_path, 2)
        (tmp_path / "dataset.json").write_text('{"modality": {"0": "T1", "1": "T2"}, "labels": {"0": "a", "1": "b"}}')
        assert detect(tmp_path).source == "nnunet"

    def test_a_folder_of_another_kind(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=f"^{tmp_path}: no layout that is known"):
            detect(tmp_path)


def test_a_sound_dataset_has_no_problems(tmp_path: Path) -> None:
    found = checked(write_decathlon(tmp_path / "msd", 4))
    assert (found.problems, found.notices, found.orphans) == ([], [], [])
    first = found.cases[0]
    assert (first.shape, first.spacing, first.channels) == ((10, 8, 6), (1.0, 1.0, 1.0), 1)
    assert first.volumes == (10 * 8 * 6 - 2 * 2 * 4 * 6, 2 * 4 * 6, 2 * 4 * 6)
    assert sum(first.shares) == 1


def spoil(folder: Path) -> dict[str, str]:
    """One case each of what goes wrong with files; case to what should be said of it."""
    images, labels = folder / "imagesTr", folder / "labelsTr"
    truncated = images / "case_000.nii.gz"
    truncated.write_bytes(truncated.read_bytes()[:-100])
    shape = (10, 8, 6)
    write_nifti(labels / "case_001.nii.gz", np.zeros((10, 8, 5), dtype=np.uint8))
    write_nifti(labels / "case_002.nii.gz", np.full(shape, 7, dtype=np.uint8))
    write_nifti(images / "case_003.nii.gz", np.full(shape, np.nan, dtype=np.float32))
    write_nifti(labels / "case_004.nii.gz", np.zeros(shape, dtype=np.uint8), np.diag([2.0, 2.0, 2.0, 1.0]))
    write_nifti(images / "case_005.nii.gz", np.zeros((*shape, 2), dtype=np.float32))
    return {
        "case_000": "cannot be read",
        "case_001": "the image has [10, 8, 6] voxels, its label [10, 8, 5]",
        "case_002": "label value 7 is not declared; declared: 0 background, 1 anterior, 2 posterior",
        "case_003": "the image holds NaN or infinity",
        "case_004": "their affines differ",
        "case_005": "2 channels and 3 axes, most others have 1 and 3",
    }


def test_every_problem_is_said_not_only_the_first(tmp_path: Path) -> None:
    expected = spoil(write_decathlon(tmp_path, 9))
    found = checked(tmp_path)
    assert len(found.problems) == len(expected)
    for case, problem in expected.items():
        (said,) = (line for line in found.problems if line.startswith(f"case {case}: "))
        assert problem in said
    assert [case.id for case in found.cases if case.channels == 1] == ["case_006", "case_007", "case_008"]


def test_what_stops_a_sweep_stops_decoding_too(tmp_path: Path) -> None:
    spoil(write_decathlon(tmp_path, 9))
    with pytest.raises(DataError) as caught:
        decode_dataset(detect(tmp_path), "fingerprint")
    assert str(caught.value) in checked(tmp_path).problems


class TestTestSet:
    def test_it_is_part_of_what_is_read_and_proposed(self, tmp_path: Path) -> None:
        folder = write_pictures(tmp_path, 12, groups=[f"p{number // 2}" for number in range(12)])
        (dataset,) = parse_datasets({"folder": str(folder), "test": {"group": ["p1", "p4"]}}, {})
        assert isinstance(dataset, FileDataset)
        found = check(dataset)
        assert [case.id for case in found.found.cases if case.test] == ["case-02", "case-03", "case-08", "case-09"]
        assert len(found.cases) == 12
        assert found.notices == ["4 groups are too few for 5 folds; `group: none` deals cases whatever their group"]
        (proposed,) = parse_datasets({**yaml.safe_load(str(found.block))[0], "group": "auto"}, {})
        assert isinstance(proposed, FileDataset)
        assert proposed.test == dataset.test

    def test_a_labelled_test_part_that_is_not_used_is_noticed(self, tmp_path: Path) -> None:
        folder = move_to_test_part(write_nnunet(tmp_path, 6), ("case_002",))
        (notice,) = checked(folder).notices
        assert notice == (
            f"test cases with labels in {folder}/labelsTs: `test: own` keeps them from all folds and judges every trial"
            " by them"
        )
        found = check(checked(folder).dataset.model_copy(update={"test": HeldOut(own=True)}))
        assert (len(found.cases), found.notices) == (6, [])
        assert yaml.safe_load(str(found.block))[0]["test"] == "own"


def test_files_that_no_case_uses(tmp_path: Path) -> None:
    write_decathlon(tmp_path, 2)
    extra = write_nifti(tmp_path / "imagesTr" / "case_999.nii.gz", np.zeros((4, 4, 4), dtype=np.uint8))
    assert checked(tmp_path).orphans == [extra]


def test_notes(tmp_path: Path) -> None:
    write_pictures(tmp_path, 4)
    (tmp_path / "dataset.json").write_text('{"labels": {"background": 0, "polyp": 1, "vessel": 2}}')
    for number, value in enumerate((0, 1, 1, 1)):
        mask = np.full((16, 16), value, dtype=np.uint8)
        mask[0, :8] = 0
        write_picture(tmp_path / "masks" / f"case-{number:02d}.png", mask)
    write_picture(tmp_path / "masks" / "case-01.png", np.ones((16, 16), dtype=np.uint8))
    write_picture(tmp_path / "masks" / "case-02.png", np.pad(np.ones((1, 3), dtype=np.uint8), ((0, 15), (0, 13))))
    write_picture(tmp_path / "images" / "case-03.png", np.full((16, 16, 3), 9, dtype=np.uint8))
    found = checked(tmp_path)
    assert found.notices == [
        "label 'vessel' occurs in no case",
        "images without any contrast: case-03",
        "labels without any background: case-01",
        "labels of fewer than 10 voxels: case-02",
    ]
    assert found.problems == []


def test_groups_that_are_too_few_for_folds(tmp_path: Path) -> None:
    found = checked(write_pictures(tmp_path, 6, groups=list("aabbcc")))
    assert found.notices == ["3 groups are too few for 5 folds; `group: none` deals cases whatever their group"]
    assert yaml.safe_load(str(found.block))[0]["group"] == "none"


class TestDuplicates:
    def test_the_same_picture_in_two_groups(self, tmp_path: Path) -> None:
        write_pictures(tmp_path, 12, size=(32, 32))
        picture = np.asarray(Image.open(tmp_path / "images" / "case-03.png"))
        brighter = np.clip(picture.astype(int) * 1.1 + 5, 0, 255).astype(np.uint8)
        write_picture(tmp_path / "images" / "case-09.png", brighter)
        (pair,) = checked(tmp_path).duplicates
        assert (pair.first, pair.second) == ("case-03", "case-09")
        assert 0.99 < pair.correlation <= 1

    def test_in_one_group_it_does_no_harm(self, tmp_path: Path) -> None:
        write_pictures(tmp_path, 6, size=(32, 32), groups=list("abccde"))
        picture = np.asarray(Image.open(tmp_path / "images" / "case-02.png"))
        write_picture(tmp_path / "images" / "case-03.png", picture)
        assert checked(tmp_path).duplicates == []


class TestProposal:
    def test_it_keeps_what_was_asked_for(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write_pictures(tmp_path / "pictures", 12, groups=[f"p{number // 2}" for number in range(12)])
        asked = {"group": "age", "classes": ["lesion"], "cases": 10, "ignore": 9, "splits": "age", "channels": [0]}
        monkeypatch.chdir(tmp_path)
        (dataset,) = parse_datasets({"folder": "pictures", **asked}, {})
        assert isinstance(dataset, FileDataset)
        (block,) = yaml.safe_load(str(check(dataset).block))
        assert {key: block[key] for key in asked} == asked
        assert block["folder"] == str(tmp_path / "pictures")

    def test_it_is_a_block_that_reads_the_same_cases(self, tmp_path: Path) -> None:
        for folder in (write_decathlon(tmp_path / "msd", 6), write_pictures(tmp_path / "folder", 6, size=(20, 30))):
            found = checked(folder)
            (dataset,) = parse_datasets(yaml.safe_load(str(found.block))[0], {})
            decoded = decode_dataset(dataset, folder.name)  # type: ignore[arg-type]
            assert [case.id for case in decoded.cases] == [case.id for case in found.cases]
            assert all(side % 8 == 0 for side in decoded.images.shape[2:])
            assert not any(any(case.cut_off) for case in decoded.cases)

    def test_large_volumes_are_trained_in_patches(self, tmp_path: Path) -> None:
        (tmp_path / "images").mkdir(parents=True)
        shape = (120, 100, 90)
        write_nifti(tmp_path / "images" / "a.nii.gz", np.arange(np.prod(shape), dtype=np.float32).reshape(shape))
        write_nifti(tmp_path / "masks" / "a.nii.gz", np.zeros(shape, dtype=np.uint8))
        assert yaml.safe_load(str(checked(tmp_path).block))[0]["patch"] == [96, 96, 96]

    def test_ct_is_known_by_its_air(self, tmp_path: Path) -> None:
        image = np.full((8, 8, 8), -1000.0, dtype=np.float32)
        image[2:6] = 40
        write_nifti(tmp_path / "images" / "a.nii.gz", image)
        write_nifti(tmp_path / "masks" / "a.nii.gz", np.zeros((8, 8, 8), dtype=np.uint8))
        assert yaml.safe_load(str(checked(tmp_path).block))[0]["normalise"] == {"percentile": [1, 99]}


@pytest.mark.parametrize("name", ["busi", "bubil-raters", "Task04_Hippocampus"])
def test_real_datasets_are_sound(real_data: Path, name: str) -> None:
    found = checked(real_data / name)
    assert found.problems == []
    assert len(found.cases) == len(found.found.cases)
