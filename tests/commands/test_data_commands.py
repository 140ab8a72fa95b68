"""`segsweep data` as its user sees it."""

import sys
from pathlib import Path

import numpy as np
import pytest
from tiny_datasets import move_to_test_part, write_decathlon, write_nifti, write_pictures
from typer.testing import CliRunner

from segsweep.cli import app, main
from segsweep.errors import DataError, InputError

run = CliRunner()


def test_a_sound_dataset_is_described_and_proposed(tmp_path: Path) -> None:
    folder = write_decathlon(tmp_path / "Task99_Made", 6)
    done = run.invoke(app, ["data", "check", str(folder)])
    assert done.exit_code == 0
    assert "Task99_Made: msd, 6 cases in 6 groups" in done.output
    assert f"For a grid file:\n\ndatasets:\n  - msd: {folder}\n    name: Task99_Made\n" in done.output
    columns = [line.split() for line in done.output.splitlines()]
    assert ["posterior", "2", "6", "0", "(0", "%)", "10.0", "10.0", "12.5"] in columns
    assert ["voxels,", "axis", "0", "10", "10", "10"] in columns


def test_what_would_stop_a_sweep_is_exit_code_1(tmp_path: Path) -> None:
    folder = write_decathlon(tmp_path, 6)
    write_nifti(folder / "labelsTr" / "case_002.nii.gz", np.full((10, 8, 6), 7, dtype=np.uint8))
    done = run.invoke(app, ["data", "check", str(folder)])
    assert done.exit_code == 1
    assert "1 problem that would stop a sweep:\n  case case_002: " in done.output


def test_every_case_that_would_stop_a_sweep_is_printed(tmp_path: Path) -> None:
    folder = write_decathlon(tmp_path, 13)
    for number in range(12):
        write_nifti(folder / "labelsTr" / f"case_{number:03d}.nii.gz", np.full((10, 8, 6), 7, dtype=np.uint8))
    done = run.invoke(app, ["data", "check", str(folder)])
    assert done.exit_code == 1
    assert "12 problems that would stop a sweep:\n" in done.output
    said = [line for line in done.output.splitlines() if "label value 7 is not declared" in line]
    assert [line.split(":")[0] for line in said] == [f"  case case_{number:03d}" for number in range(12)]


def test_of_what_stops_nothing_ten_lines_are_printed(tmp_path: Path) -> None:
    folder = write_decathlon(tmp_path, 2)
    for number in range(12):
        write_nifti(folder / "imagesTr" / f"unused_{number:02d}.nii.gz", np.zeros((4, 4, 4), dtype=np.uint8))
    done = run.invoke(app, ["data", "check", str(folder)])
    assert done.exit_code == 0
    assert "12 image files that no case uses:\n" in done.output
    assert done.output.count("unused_") == 10
    assert "unused_09.nii.gz\n  … and 2 more\n" in done.output


def test_cases_that_cannot_be_listed_are_one_line_and_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_pictures(tmp_path, 4)
    for number in (1, 2):
        (folder / "masks" / f"case-{number:02d}.png").unlink()
    monkeypatch.setattr(sys, "argv", ["segsweep", "data", "check", str(folder)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith(f"segsweep: case case-01: {folder}/images/case-01.png has no mask of this name")
    assert err.endswith("; also case-02\n")
    assert err.count("\n") == 1


def test_the_datasets_of_a_grid_file(tmp_path: Path) -> None:
    folder = write_decathlon(tmp_path / "msd", 6)
    grid = tmp_path / "grid.yaml"
    grid.write_text(
        f"name: a\ndatasets: [{{msd: {folder}, name: mine}}, {{phantom: {{p: 0.3, k: 1, r: 1}}}}]\ngrid: [{{loss: ce}}]"
    )
    done = run.invoke(app, ["data", "check", str(grid)])
    assert done.exit_code == 0
    assert done.output.count("cases in") == 1
    assert "mine: msd, 6 cases in 6 groups" in done.output


def test_the_test_set_of_a_grid_is_counted_apart(tmp_path: Path) -> None:
    folder = move_to_test_part(write_decathlon(tmp_path / "msd", 8), ("case_001", "case_006"))
    grid = tmp_path / "grid.yaml"
    grid.write_text(f"name: a\ndatasets: {{msd: {folder}, name: mine, test: own}}\ngrid: [{{loss: ce}}]")
    done = run.invoke(app, ["data", "check", str(grid)])
    assert done.exit_code == 0
    assert "mine: msd, 8 cases in 8 groups, of which the test set: 2 cases in 2 groups\n" in done.output


def test_a_path_of_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no layout that is known"):
        run.invoke(app, ["data", "check", str(tmp_path)], catch_exceptions=False)


def test_phantoms_are_not_read(grid_file: Path) -> None:
    with pytest.raises(InputError, match="phantoms only"):
        run.invoke(app, ["data", "check", str(grid_file)], catch_exceptions=False)
