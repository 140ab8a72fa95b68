"""nnU-Net's raw layout, as its documentation (dataset_format.md) describes it."""

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_datasets import write_nifti, write_nnunet, write_picture

from segsweep.data.decode_dataset import decode_dataset
from segsweep.data.facts import scan
from segsweep.data.nnunet import scan_nnunet
from segsweep.data.volumes import IGNORED
from segsweep.errors import DataError
from segsweep.spec.datasets import FileDataset


def complaint(folder: Path) -> str:
    with pytest.raises(DataError) as caught:
        scan_nnunet(folder, "auto")
    return str(caught.value)


def test_channels_are_files_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    found = scan_nnunet(write_nnunet(tmp_path, 3), "auto")
    assert found.labels == ("background", "lesion")
    assert [case.id for case in found.cases] == ["case_000", "case_001", "case_002"]
    assert [path.name for path in found.cases[1].images] == ["case_001_0000.nii.gz", "case_001_0001.nii.gz"]
    assert found.cases[1].label == tmp_path / "labelsTr" / "case_001.nii.gz"


def test_channels_are_decoded_in_their_order(tmp_path: Path) -> None:
    dataset = FileDataset.model_validate(
        {"source": "nnunet", "path": write_nnunet(tmp_path, 2), "name": "a", "preprocess": {"normalise": "none"}}
    )
    images = decode_dataset(dataset, "fingerprint").images
    # the writer centres the background of channel c at c, with noise of 0.1 on hundreds of voxels
    np.testing.assert_allclose(np.median(images, axis=(2, 3, 4)), [[0, 1], [0, 1]], atol=0.1)


def test_version_1_names_modalities_and_maps_values_to_names(tmp_path: Path) -> None:
    write_nnunet(tmp_path, 1)
    description = {"modality": {"0": "T1", "1": "T2"}, "labels": {"0": "background", "1": "tumour"}}
    (tmp_path / "dataset.json").write_text(json.dumps(description))
    assert scan_nnunet(tmp_path, "auto").labels == ("background", "tumour")


def test_the_ignore_label_is_no_label(tmp_path: Path) -> None:
    labels = {"background": 0, "ignore": 2, "lesion": 1}
    dataset = FileDataset(
        source="nnunet", path=write_nnunet(tmp_path, 1, description={"labels": labels}), name="a", ignore=None
    )
    found = scan(dataset)
    assert (found.labels, found.ignore) == (("background", "lesion"), 2)
    assert scan(dataset.model_copy(update={"ignore": 7})).ignore == 7


def test_ignored_voxels_reach_the_training_grid(tmp_path: Path) -> None:
    write_nnunet(tmp_path, 1, description={"labels": {"background": 0, "lesion": 1, "ignore": 2}})
    label = np.zeros((8, 8, 8), dtype=np.uint8)
    label[0] = 2
    write_nifti(tmp_path / "labelsTr" / "case_000.nii.gz", label)
    decoded = decode_dataset(FileDataset(source="nnunet", path=tmp_path, name="a"), "fingerprint")
    assert decoded.ignores
    assert (decoded.targets[0][0] == IGNORED).all()
    assert not decoded.targets[0][1:].any()


def test_a_colour_picture_is_one_file_with_three_channels(tmp_path: Path) -> None:
    write_picture(tmp_path / "imagesTr" / "a_0000.png", np.zeros((4, 4, 3), dtype=np.uint8))
    write_picture(tmp_path / "labelsTr" / "a.png", np.zeros((4, 4), dtype=np.uint8))
    description = {
        "channel_names": {"0": "R", "1": "G", "2": "B"},
        "labels": {"background": 0, "road": 1},
        "file_ending": ".png",
    }
    (tmp_path / "dataset.json").write_text(json.dumps(description))
    (case,) = scan_nnunet(tmp_path, "auto").cases
    assert [path.name for path in case.images] == ["a_0000.png"]


class TestWhatIsWrong:
    def test_a_missing_channel(self, tmp_path: Path) -> None:
        write_nnunet(tmp_path, 2)
        (tmp_path / "imagesTr" / "case_001_0000.nii.gz").unlink()
        assert complaint(tmp_path) == (
            f"case case_001: channels 0001 in {tmp_path}/imagesTr, though {tmp_path}/dataset.json names 2"
        )

    def test_a_missing_label(self, tmp_path: Path) -> None:
        write_nnunet(tmp_path, 2)
        (tmp_path / "labelsTr" / "case_001.nii.gz").unlink()
        assert complaint(tmp_path) == f"case case_001: no label of this name in {tmp_path}/labelsTr"

    def test_a_label_without_an_image(self, tmp_path: Path) -> None:
        write_nnunet(tmp_path, 2, channels=1)
        (tmp_path / "imagesTr" / "case_001_0000.nii.gz").unlink()
        assert complaint(tmp_path) == f"case case_001: no image case_001_0000 in {tmp_path}/imagesTr"

    def test_an_image_without_a_channel_number(self, tmp_path: Path) -> None:
        write_nnunet(tmp_path, 1)
        path = tmp_path / "imagesTr" / "case_000_0000.nii.gz"
        path = path.rename(tmp_path / "imagesTr" / "case_000.nii.gz")
        assert complaint(tmp_path) == f"{path}: an image is named CASE_0000, with the number of its channel"

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"file_ending": ".nrrd"}, "files that end in '.nrrd' cannot be read; known: .nii.gz, .nii, .png"),
            ({"channel_names": ["T1"]}, "`channel_names` must map channel numbers to names"),
            (
                {"labels": {"background": 0, "whole tumour": [1, 2], "core": 2}},
                "label 'whole tumour' is a region made of several label values",
            ),
            ({"labels": {"background": 0, "lesion": 1, "ignore": 300}}, "the label `ignore` has a value between 1 and"),
        ],
    )
    def test_a_description_that_cannot_be_used(self, tmp_path: Path, changes: dict[str, object], expected: str) -> None:
        write_nnunet(tmp_path, 1, description=changes)
        assert complaint(tmp_path).startswith(f"{tmp_path}/dataset.json: {expected}")
