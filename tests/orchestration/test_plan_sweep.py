"""Bad grids and bad data through the whole planner: one line that says where, and nothing started."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from grids import PHANTOM
from launching import Bench
from PIL import Image
from tiny_datasets import write_decathlon, write_nifti, write_picture, write_pictures

from segsweep.errors import InputError
from segsweep.orchestration.planning import check_all, plan_sweep
from segsweep.tracking.memory import MemoryTracker


def silent(*news: object) -> None:
    pass


def complaint(grid: Path) -> str:
    """What a plan refuses, without anything decoded."""
    with pytest.raises(InputError) as caught:
        plan_sweep(grid)
    return one_line(caught.value, grid)


def complaint_of_check(grid: Path) -> str:
    """What `plan --check` refuses of a grid that a plan lets pass."""
    planned = plan_sweep(grid)
    with pytest.raises(InputError) as caught:
        check_all(planned, silent, silent)
    return one_line(caught.value, grid)


def one_line(error: Exception, grid: Path) -> str:
    text = str(error)
    assert "\n" not in text
    return text.replace(str(grid.parent), "HERE")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_pictures(tmp_path / "pictures")


PictureGrid = Callable[..., Path]


@pytest.fixture
def picture_grid(bench: Bench, pictures: Path) -> PictureGrid:
    def write(dataset: dict[str, Any] | None = None, **changes: Any) -> Path:
        return bench.grid(datasets={"folder": str(pictures), **(dataset or {})}, **changes)

    return write


def test_no_grid_file(tmp_path: Path) -> None:
    assert complaint(tmp_path / "grid.yaml").startswith("HERE/grid.yaml: cannot be read: ")


def test_an_unknown_key(bench: Bench) -> None:
    assert complaint(bench.grid(colour="red")).startswith("HERE/grid.yaml: colour: unknown key; known: name, datasets")


def test_data_that_is_not_there(bench: Bench) -> None:
    assert (
        complaint(bench.grid(datasets={"msd": str(bench.folder / "Task04")}))
        == "HERE/grid.yaml: datasets: msd: HERE/Task04: no such folder"
    )


def test_an_image_without_mask(picture_grid: PictureGrid, pictures: Path) -> None:
    (pictures / "masks" / "case-04.png").unlink()
    assert complaint(picture_grid()) == (
        "HERE/grid.yaml: case case-04: HERE/pictures/images/case-04.png has no mask of this name in HERE/pictures/masks"
    )


def test_more_folds_than_groups(bench: Bench) -> None:
    folder = write_pictures(bench.folder / "pictures", 4, groups=["x", "x", "y", "y"])
    assert complaint(bench.grid(datasets={"folder": str(folder)}, folds={"k": 3})) == (
        "HERE/grid.yaml: HERE/pictures: 3 folds need at least 3 groups; there are 2"
        " (groups are patients or series; `group: none` makes every case its own)"
    )


def test_more_cases_than_there_are(picture_grid: PictureGrid) -> None:
    assert complaint(picture_grid({"cases": 11})) == (
        "HERE/grid.yaml: `cases: 11` asks for more cases than the 10 there are"
    )


def test_a_size_that_a_unet_cannot_halve(picture_grid: PictureGrid, bench: Bench) -> None:
    assert complaint(picture_grid({"size": [16, 20]}, network="unet-s")) == (
        "HERE/grid.yaml: pictures: unet-s needs sides that are multiples of 8, got [16, 20]"
    )
    phantom = {"phantom": {**PHANTOM, "size": 20}, "name": "phantoms"}
    assert complaint(bench.grid(datasets=phantom, network=["logistic", "unet-m"])) == (
        "HERE/grid.yaml: phantoms: unet-m needs sides that are multiples of 8, got [20, 20]"
    )


def test_a_size_that_a_unet_cannot_halve_and_that_only_the_files_know(bench: Bench) -> None:
    folder = write_pictures(bench.folder / "odd", size=(16, 20))
    assert complaint_of_check(bench.grid(datasets={"folder": str(folder)}, network="unet-s")) == (
        "HERE/grid.yaml: odd: unet-s needs sides that are multiples of 8, got [16, 20]; `size` pads or crops"
    )


def test_a_loss_that_does_not_fit_the_labels(bench: Bench) -> None:
    dataset = {"msd": str(write_decathlon(bench.folder / "volumes"))}
    assert complaint(bench.grid(datasets=dataset, grid=[{"loss": "wce", "weight": [[1, 2]]}])) == (
        "HERE/grid.yaml: volumes: loss 'wce': weight has 2 entries; this dataset needs 3"
    )
    assert complaint(bench.grid(datasets=dataset, grid=[{"loss": ["ce", "lovasz_hinge"]}])) == (
        "HERE/grid.yaml: volumes: loss 'lovasz_hinge' is for one foreground label; the dataset has 2"
    )


def test_raters_where_there_are_none(picture_grid: PictureGrid) -> None:
    assert complaint(picture_grid(labels={"raters": "mean"})) == (
        "HERE/grid.yaml: pictures: labels: raters' mean: the dataset has no labels of several raters (raters/)"
    )


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"remove": "polyp", "share": 0.5}, "labels: remove: no label 'polyp'; labels: foreground, or all"),
        ({"as_many_as": {"remove": "polyp", "share": 0.5}}, "labels: remove: no label 'polyp'; labels: foreground, or"),
        ({"remove": "all", "where": {"cls": "x"}}, "labels: where: meta.csv has no column 'cls'; columns: group, age"),
        ({"remove": "all", "where": {"age": 99}}, "labels: all removed where age=99: no case is like that"),
        ({"oversample": {"where": {"age": 99}, "times": 2}}, "labels: oversample: no case is where age=99"),
    ],
)
def test_label_policies_that_mean_nothing_that_is_there(
    picture_grid: PictureGrid, pictures: Path, policy: dict[str, object], expected: str
) -> None:
    write_pictures(pictures, groups=list("abcdefghij"))
    grid = picture_grid(labels=policy)
    assert complaint(grid).startswith(f"HERE/grid.yaml: pictures: {expected}")


def test_phantoms_are_not_chosen_from(bench: Bench) -> None:
    said = complaint(bench.grid(labels={"fraction": 0.5}))
    assert said == (
        "HERE/grid.yaml: phantoms: labels: 50 % of the cases: phantoms are endless, none can be left out or repeated"
    )


def test_shapes_that_differ(picture_grid: PictureGrid, pictures: Path) -> None:
    write_picture(pictures / "masks" / "case-02.png", np.zeros((16, 12), dtype=np.uint8))
    assert complaint_of_check(picture_grid()) == (
        "HERE/grid.yaml: case case-02: the image has [16, 16] voxels, its label [16, 12]"
        " (HERE/pictures/masks/case-02.png)"
    )


def test_an_undeclared_label_value(picture_grid: PictureGrid, pictures: Path) -> None:
    write_picture(pictures / "masks" / "case-02.png", np.full((16, 16), 7, dtype=np.uint8))
    assert complaint_of_check(picture_grid()).startswith(
        "HERE/grid.yaml: case case-02: HERE/pictures/masks/case-02.png: label value 7 is not declared;"
        " declared: 0 background, 1 foreground; `classes: [...]` in the grid's dataset block declares more"
    )


def test_an_unreadable_file(bench: Bench) -> None:
    folder = write_decathlon(bench.folder / "volumes")
    damaged = folder / "imagesTr" / "case_001.nii.gz"
    damaged.write_bytes(damaged.read_bytes()[:200])
    grid = bench.grid(datasets={"msd": str(folder)})
    start = "HERE/grid.yaml: case case_001: HERE/volumes/imagesTr/case_001.nii.gz cannot be read: "
    assert complaint_of_check(grid).startswith(start)


def test_images_of_different_shapes_without_a_size(bench: Bench) -> None:
    folder = write_decathlon(bench.folder / "volumes")
    write_nifti(folder / "imagesTr" / "case_003.nii.gz", np.zeros((10, 8, 7), dtype=np.float32))
    write_nifti(folder / "labelsTr" / "case_003.nii.gz", np.zeros((10, 8, 7), dtype=np.uint8))
    assert complaint_of_check(bench.grid(datasets={"msd": str(folder)})) == (
        "HERE/grid.yaml: case case_003: [10, 8, 7] voxels on the training grid, case case_000 has [10, 8, 6];"
        " `size` pads or crops all to one shape"
    )


def test_names_that_monai_does_not_have(bench: Bench) -> None:
    assert complaint_of_check(bench.grid(network={"monai": "SegRessNet"})) == (
        "HERE/grid.yaml: network.monai: monai.networks.nets has no network 'SegRessNet'"
    )
    assert complaint_of_check(bench.grid(grid=[{"loss": "monai:DyceLoss"}])) == (
        "HERE/grid.yaml: loss 'monai:DyceLoss': monai.losses has no loss class of that name"
    )
    assert complaint_of_check(bench.grid(augment={"monai": [{"RandFlop": {"prob": 0.5}}]})) == (
        "HERE/grid.yaml: augment.monai: monai.transforms has no RandFlopd"
    )


def test_arguments_that_a_monai_class_refuses(bench: Bench) -> None:
    network = {"monai": "UNet", "args": {"channels": [4, 8], "strides": [2], "colour": "red"}}
    assert complaint_of_check(bench.grid(network=network)).startswith("HERE/grid.yaml: network.monai: UNet: ")
    loss = {"loss": "monai:DiceLoss", "args": {"colour": "red"}}
    assert complaint_of_check(bench.grid(grid=[loss])).startswith("HERE/grid.yaml: loss 'monai:DiceLoss': ")


@pytest.mark.usefixtures("own_losses")
def test_an_own_loss_that_its_module_does_not_have(bench: Bench) -> None:
    assert complaint_of_check(bench.grid(grid=[{"loss": "own_losses:fain"}])) == (
        "HERE/grid.yaml: loss 'own_losses:fain': module 'own_losses' has no attribute 'fain'"
    )


def test_an_own_loss_whose_module_does_not_lie_there(bench: Bench) -> None:
    assert complaint(bench.grid(grid=[{"loss": "own_lozzes:fine"}])) == (
        "HERE/grid.yaml: loss 'own_lozzes:fine': no module own_lozzes on the Python path; run where it lies or"
        " install it"
    )


@pytest.mark.usefixtures("own_losses")
def test_an_own_loss_of_an_entry_point_is_built_before_anything_starts(bench: Bench) -> None:
    package = bench.folder / "own_losses-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: own-losses\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[segsweep.losses]\nlost = own_losses:fain\n")
    sys.path.insert(0, str(bench.folder))
    assert complaint_of_check(bench.grid(grid=[{"loss": "lost"}])) == (
        "HERE/grid.yaml: loss 'lost': module 'own_losses' has no attribute 'fain'"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"network": {"monai": "SegRessNet"}},
        {"grid": [{"loss": ["ce", "monai:DyceLoss"]}]},
        {"datasets": {"folder": "nowhere"}},
    ],
    ids=["network", "loss", "data"],
)
def test_what_a_plan_or_its_check_refuses_starts_nothing(
    bench: Bench, memory_tracker: MemoryTracker, changes: dict[str, Any]
) -> None:
    with pytest.raises(InputError):
        bench.launch(**changes)
    assert memory_tracker.runs == {}
    assert bench.events == []


def test_decoding_tells_its_progress_and_is_done_once(picture_grid: PictureGrid) -> None:
    told: list[tuple[str, int, int]] = []
    planned = plan_sweep(picture_grid())
    check_all(planned, lambda *news: told.append(news), silent)
    assert told == [("pictures", done, 10) for done in range(1, 11)]
    check_all(planned, lambda *news: told.append(news), silent)
    assert len(told) == 10


def test_a_crop_that_loses_true_voxels_is_told_of(picture_grid: PictureGrid, pictures: Path) -> None:
    masks = [np.asarray(Image.open(path)) > 0 for path in sorted(pictures.glob("masks/*.png"))]
    lost = [1 - mask[4:12, 4:12].sum() / mask.sum() for mask in masks]
    cropped, told = sum(share > 0 for share in lost), list[str]()
    check_all(plan_sweep(picture_grid({"size": [8, 8]}, network="logistic")), silent, told.append)
    assert told == [
        f"pictures: `size` crops, and cuts off true voxels of {cropped} of 10 cases, up to {max(lost):.0%} of a label; "
        "they count as missed, in every score and volume"
    ]
    assert 1 < cropped < 10


def test_padding_loses_nothing_and_is_not_told_of(picture_grid: PictureGrid) -> None:
    told = list[str]()
    check_all(plan_sweep(picture_grid({"size": [24, 24]}, network="logistic")), silent, told.append)
    assert told == []


def test_moving_the_data_changes_no_id_and_changing_a_mask_changes_all(
    bench: Bench, picture_grid: PictureGrid, pictures: Path
) -> None:
    ids = [trial.id for trial in plan_sweep(picture_grid()).plan.trials]
    moved = pictures.rename(bench.folder / "elsewhere")
    there = {"folder": str(moved), "name": "pictures"}
    assert [trial.id for trial in bench.trials(datasets=there)] == ids
    write_picture(moved / "masks" / "case-07.png", np.zeros((16, 16), dtype=np.uint8))
    assert not set(ids) & {trial.id for trial in bench.trials(datasets=there)}


def test_a_plan_writes_nothing_beside_its_grid(bench: Bench) -> None:
    grid = bench.grid()
    assert [trial.setting for trial in plan_sweep(grid).plan.trials] == ["ce", "dice"]
    assert list(bench.folder.iterdir()) == [grid]
