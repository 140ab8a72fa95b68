"""BIDS with labels among its derivatives."""

import shutil
from pathlib import Path

import pytest
from tiny_datasets import write_bids

from segsweep.data.bids import scan_bids
from segsweep.data.cases import CaseSet
from segsweep.errors import DataError
from segsweep.spec.datasets import BidsFiles

BOTH = ("T1w", "acq-3d_FLAIR")


def found_in(folder: Path, group: str = "auto", **wanted: object) -> CaseSet:
    return scan_bids(folder, group, BidsFiles.model_validate({"images": BOTH, **wanted}))


def complaint(folder: Path, **wanted: object) -> str:
    with pytest.raises(DataError) as caught:
        scan_bids(folder, "auto", BidsFiles.model_validate(wanted))
    return str(caught.value)


def test_a_case_is_a_session_and_its_group_the_subject(tmp_path: Path) -> None:
    found = found_in(write_bids(tmp_path, 2))
    assert [(case.id, case.group) for case in found.cases] == [
        ("sub-01_ses-1", "sub-01"),
        ("sub-01_ses-2", "sub-01"),
        ("sub-02_ses-1", "sub-02"),
        ("sub-02_ses-2", "sub-02"),
    ]
    case = found.cases[1]
    assert [path.name for path in case.images] == [f"sub-01_ses-2_{kind}.nii.gz" for kind in BOTH]
    assert case.label.relative_to(tmp_path).as_posix() == (
        "derivatives/manual/sub-01/ses-2/anat/sub-01_ses-2_label-lesion_mask.nii.gz"
    )
    assert case.meta == {"subject": "sub-01", "age": "41", "group": "patient"}
    assert found.labels == ("background", "lesion")


def test_the_group_column_of_the_participants_is_no_group_of_folds_unless_asked_for(tmp_path: Path) -> None:
    write_bids(tmp_path, 2)
    assert {case.group for case in found_in(tmp_path).cases} == {"sub-01", "sub-02"}
    assert {case.group for case in found_in(tmp_path, "age").cases} == {"41", "42"}
    assert len({case.group for case in found_in(tmp_path, "none").cases}) == 4


def test_sessions_without_a_label_are_no_cases(tmp_path: Path) -> None:
    write_bids(tmp_path, 2)
    shutil.rmtree(tmp_path / "derivatives" / "manual" / "sub-01" / "ses-2")
    assert [case.id for case in found_in(tmp_path).cases] == ["sub-01_ses-1", "sub-02_ses-1", "sub-02_ses-2"]


def test_datasets_without_sessions(tmp_path: Path) -> None:
    write_bids(tmp_path, 2, sessions=("ses-1",))
    for anat in [*tmp_path.rglob("anat")]:
        for path in [*anat.iterdir()]:
            path.rename(path.with_name(path.name.replace("_ses-1", "")))
        anat.rename(anat.parent.parent / "anat")
    assert [case.id for case in found_in(tmp_path).cases] == ["sub-01", "sub-02"]


def test_label_names_of_a_look_up_table(tmp_path: Path) -> None:
    write_bids(tmp_path, 1)
    manual = tmp_path / "derivatives" / "manual"
    for path in [*manual.rglob("*_mask.nii.gz")]:
        path.rename(path.with_name(path.name.replace("label-lesion_mask", "desc-tissue_dseg")))
    assert found_in(tmp_path).labels == ("background", "foreground")
    (manual / "dseg.tsv").write_text("index\tname\tcolor\n1\tgrey\tred\n2\twhite\tblue\n")
    assert found_in(tmp_path).labels == ("background", "grey", "white")
    (manual / "desc-tissue_dseg.tsv").write_text("index\tname\n3\tnucleus\n")
    with pytest.raises(DataError, match=r"desc-tissue_dseg.tsv: label values must be 0, 1, …; found 0, 3$"):
        found_in(tmp_path)


class TestWhatIsWrong:
    def test_several_kinds_of_image_and_none_asked_for(self, tmp_path: Path) -> None:
        write_bids(tmp_path, 1)
        assert complaint(tmp_path) == f"{tmp_path}: there are T1w, acq-3d_FLAIR; `images` says which one"

    def test_a_label_that_is_not_there(self, tmp_path: Path) -> None:
        write_bids(tmp_path, 1)
        assert complaint(tmp_path, label="dseg") == (
            f"{tmp_path}/derivatives/manual: there are label-lesion_mask; `label: dseg` is none of them"
        )

    def test_several_pipelines(self, tmp_path: Path) -> None:
        write_bids(tmp_path, 1)
        (tmp_path / "derivatives" / "fmriprep").mkdir()
        assert complaint(tmp_path) == (f"{tmp_path}/derivatives: there are fmriprep, manual; `pipeline` says which one")
        assert len(found_in(tmp_path, pipeline="manual").cases) == 2

    def test_no_derivatives(self, tmp_path: Path) -> None:
        write_bids(tmp_path, 1)
        shutil.rmtree(tmp_path / "derivatives")
        assert complaint(tmp_path).startswith(f"{tmp_path}/derivatives: no such folder with labels")

    def test_no_labels(self, tmp_path: Path) -> None:
        write_bids(tmp_path, 1)
        shutil.rmtree(tmp_path / "derivatives" / "manual" / "sub-01")
        assert complaint(tmp_path) == (
            f"{tmp_path}/derivatives/manual: no file there ends in _mask or _dseg, as BIDS names labels"
        )

    def test_a_case_without_one_of_its_images(self, tmp_path: Path) -> None:
        write_bids(tmp_path, 1)
        (tmp_path / "sub-01" / "ses-2" / "anat" / "sub-01_ses-2_T1w.nii.gz").unlink()
        assert complaint(tmp_path, images=list(BOTH)) == (
            f"case sub-01_ses-2: no T1w in {tmp_path}; it has acq-3d_FLAIR"
        )


def test_a_dataset_needs_no_table_of_participants(tmp_path: Path) -> None:
    write_bids(tmp_path, 2)
    (tmp_path / "participants.tsv").unlink()
    assert [case.group for case in found_in(tmp_path).cases] == ["sub-01", "sub-01", "sub-02", "sub-02"]


def test_subjects_that_the_participants_leave_out_have_no_group(tmp_path: Path) -> None:
    write_bids(tmp_path, 2)
    (tmp_path / "participants.tsv").write_text("participant_id\tsite\nsub-02\tx\n")
    with pytest.raises(DataError, match=r"case 'sub-01_ses-1' has no 'site', which `group` needs; also sub-01_ses-2$"):
        found_in(tmp_path, "site")
