"""A grid made small."""

import pytest
import yaml
from grids import tiny_sweep

from segsweep.errors import GridError
from segsweep.spec.grid import parse_sweep
from segsweep.spec.tiny import made_tiny

LARGE = tiny_sweep(
    name="large",
    datasets=[
        {"folder": "/data/pictures", "cases": 400, "resize": [128, 128]},
        {"msd": "/data/volumes", "spacing": [1, 1, 1], "size": [96, 96, 96], "splits": "folds.csv"},
        {"folder": "/data/large", "spacing": [1, 1, 1], "patch": {"size": [96, 96, 96], "per_case": 4}},
        {"phantom": {"p": [0.1, 0.2, 0.3], "k": [1, 4], "r": 1}},
    ],
    labels=["full", {"smooth": 0.1}, {"smooth": 0.2}],
    folds={"k": 5},
    seeds=[3, 4, 5],
    network=["unet-s", "unet-m", "unet-l"],
    warm_start={"epochs": 60},
    train={"epochs": 60, "batch_size": 4, "lr": 1e-3},
    grid=[
        {"loss": ["ce", "dice", "jaccard"], "phi": ["image", "batch", "all"]},
        {"loss": "dice", "epsilon": [1.0, 2.0, 3.0], "warm_start": {"epochs": 9}, "epochs": [10, 20]},
        {"loss": "dice", "warm_start": "none"},
    ],
)


def test_every_axis_keeps_its_ends_and_every_loss_and_policy_stays() -> None:
    small = parse_sweep(made_tiny(LARGE))
    assert small.name == "large-tiny"
    assert small.labels == parse_sweep(LARGE).labels
    assert [network.name for network in small.networks] == ["unet-s", "unet-l"]
    assert (small.seeds, small.folds.numbers(), small.folds.k) == ((3,), (0,), 2)
    assert {cell.loss.name for cell in small.cells} == {"ce", "dice", "jaccard"}
    assert {cell.loss.arguments.get("phi") for cell in small.cells} == {None, "image", "all"}


def test_training_is_short_whatever_a_block_overrides() -> None:
    small = parse_sweep(made_tiny(LARGE))
    (train,), (warm,) = small.trains, small.warm_starts
    assert (train.epochs, train.lr, train.batch_size) == (2, 1e-3, 4)
    assert warm is not None
    assert warm.epochs == 1
    for cell in small.cells:
        assert cell.overrides.epochs in (None, 2)
        own = cell.overrides.warm_start
        assert own in (None, "none") or own.epochs == 1  # type: ignore[union-attr]


def test_datasets_are_few_cases_on_a_small_grid() -> None:
    pictures, volumes, large, *phantoms = parse_sweep(made_tiny(LARGE)).datasets
    assert (pictures.cases, pictures.preprocess.resize) == (12, (16, 16))  # type: ignore[union-attr]
    assert volumes.preprocess.resize == (16, 16, 16)  # type: ignore[union-attr]
    assert (volumes.preprocess.spacing, volumes.preprocess.size, volumes.splits) == (None, None, None)  # type: ignore[union-attr]
    assert large.preprocess.resize == (24, 24, 24)  # type: ignore[union-attr]
    assert large.preprocess.patch.size == (16, 16, 16)  # type: ignore[union-attr]
    assert [(one.p, one.k, one.steps) for one in phantoms] == [(0.3, 4, 2)]  # type: ignore[union-attr]


def test_making_it_small_twice_changes_its_name_alone() -> None:
    once = yaml.safe_load(made_tiny(LARGE))
    twice = yaml.safe_load(made_tiny(made_tiny(LARGE)))
    assert twice.pop("name") == once.pop("name") + "-tiny"
    assert twice == once


def test_what_is_wrong_is_said_of_the_grid_as_written() -> None:
    with pytest.raises(GridError, match=r"^grid\[0\].loss: .* got 3$"):
        made_tiny(tiny_sweep(grid=[{"loss": ["ce", 3, "dice"]}]))
