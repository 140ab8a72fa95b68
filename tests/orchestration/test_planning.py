"""What stops a sweep before it starts."""

from pathlib import Path

import pytest
import yaml
from grids import tiny_sweep
from tiny_datasets import write_decathlon, write_pictures

from segsweep.errors import DataError, GridError, InputError
from segsweep.orchestration.planning import check_all, plan_sweep


def grid(tmp_path: Path, **changes: object) -> Path:
    path = tmp_path / "grid.yaml"
    path.write_text(tiny_sweep(**changes))
    return path


def complaint(path: Path, *, check: bool = False) -> str:
    with pytest.raises(InputError) as caught:
        check_all(plan_sweep(path), lambda *_: None) if check else plan_sweep(path)
    assert isinstance(caught.value, GridError | DataError)
    return str(caught.value)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    path = grid(tmp_path, datasets={"msd": f"{tmp_path}/none"})
    assert complaint(path) == f"datasets: msd: {tmp_path}/none: no such folder"


def test_more_folds_than_groups(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "pictures", 4, groups=["x", "x", "y", "y"])
    path = grid(tmp_path, datasets={"folder": str(folder)}, folds={"k": 3})
    assert complaint(path) == (
        f"{folder}: 3 folds need at least 3 groups; there are 2"
        " (groups are patients or series; `group: none` makes every case its own)"
    )


def test_more_cases_than_there_are(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "pictures", 4)
    path = grid(tmp_path, datasets={"folder": str(folder), "cases": 5})
    assert "`cases: 5` asks for more cases than the 4 there are" in complaint(path)


def test_a_loss_for_one_label_on_two(tmp_path: Path) -> None:
    folder = write_decathlon(tmp_path / "msd")
    path = grid(tmp_path, datasets={"msd": str(folder), "name": "hippocampi"}, grid={"loss": "lovasz_hinge"})
    assert complaint(path) == (
        f"{path}: hippocampi: loss 'lovasz_hinge' is for one foreground label; the dataset has 2"
    )


def test_a_grid_that_a_preset_cannot_halve(tmp_path: Path) -> None:
    block = {**yaml.safe_load(tiny_sweep())["datasets"]["phantom"], "size": 20}
    path = grid(tmp_path, datasets={"phantom": block, "name": "phantoms"}, network="unet-s")
    assert complaint(path) == f"{path}: phantoms: unet-s needs sides that are multiples of 8, got [20]"


def test_raters_where_there_are_none(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "pictures", 6)
    path = grid(tmp_path, datasets={"folder": str(folder), "name": "pictures"}, labels={"raters": "mean"})
    assert complaint(path).startswith(f"{path}: pictures: labels: raters' mean: the dataset has no labels of several")


class TestCheck:
    def test_a_good_grid_passes(self, tmp_path: Path) -> None:
        folder = write_decathlon(tmp_path / "msd")
        done: list[tuple[str, int, int]] = []
        path = grid(tmp_path, datasets={"msd": str(folder), "name": "a", "size": [8, 8, 8]}, network="unet-s")
        check_all(plan_sweep(path), lambda *at: done.append(at))
        assert done == [("a", number, 6) for number in range(1, 7)]

    def test_every_case_is_decoded(self, tmp_path: Path) -> None:
        folder = write_pictures(tmp_path / "pictures", 6)
        (folder / "images" / "case-05.png").write_bytes(b"damaged")
        path = grid(tmp_path, datasets={"folder": str(folder)})
        assert complaint(path, check=True).startswith(f"case case-05: {folder}/images/case-05.png cannot be read: ")

    def test_decoded_grids_must_fit_the_network(self, tmp_path: Path) -> None:
        folder = write_pictures(tmp_path / "pictures", 6, size=(12, 16))
        path = grid(tmp_path, datasets={"folder": str(folder), "name": "a"}, network="unet-s")
        assert complaint(path, check=True) == (
            "a: unet-s needs sides that are multiples of 8, got [12, 16]; `size` pads or crops"
        )

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"network": {"monai": "NoNet"}}, "network.monai: monai.networks.nets has no network 'NoNet'"),
            ({"augment": {"monai": [{"RandFlop": {}}]}}, "augment.monai: monai.transforms has no RandFlopd"),
            (
                {"grid": {"loss": "monai:NoLoss"}},
                "loss 'monai:NoLoss': monai.losses has no loss class of that name",
            ),
            (
                {"grid": {"loss": "user_losses:missing"}},
                "loss 'user_losses:missing': module 'user_losses' has no attribute 'missing'",
            ),
        ],
    )
    def test_names_are_built_once(self, tmp_path: Path, changes: dict[str, object], expected: str) -> None:
        assert complaint(grid(tmp_path, **changes), check=True) == expected
