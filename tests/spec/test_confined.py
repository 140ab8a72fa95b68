"""What a grid from the network may name, and what it may not."""

from pathlib import Path

import pytest
from grids import tiny_sweep

from segsweep.errors import GridError
from segsweep.spec.confined import parse_confined

ROOT = "/data/open"
BUCKET = "s3://open/decathlon"


def refusal(**changes: object) -> str:
    with pytest.raises(GridError) as caught:
        parse_confined(tiny_sweep(**changes), (ROOT, BUCKET), {"SEGSWEEP_DATA": ROOT, "SECRET": "abc"})
    return str(caught.value)


@pytest.mark.parametrize(
    "dataset",
    [
        {"msd": f"{ROOT}/Task04"},
        {"folder": ROOT},
        {"folder": "${SEGSWEEP_DATA}/polyps", "splits": "folds.csv"},
        {"msd": f"{BUCKET}/Task04", "anonymous": True},
        {"phantom": {"p": 0.3, "k": 4, "r": 1}},
    ],
)
def test_datasets_in_the_roots_are_taken(dataset: object) -> None:
    parse_confined(tiny_sweep(datasets=dataset), (ROOT, BUCKET), {"SEGSWEEP_DATA": ROOT})


@pytest.mark.parametrize(
    "dataset",
    [
        {"msd": "/etc"},
        {"msd": "Task04"},
        {"msd": "/data/opener"},
        {"msd": f"{ROOT}/../closed"},
        {"msd": f"{ROOT}/a/../b"},
        {"msd": "~/data"},
        {"msd": f"{ROOT}/a", "splits": "../../../etc/passwd.csv"},
        {"msd": f"{ROOT}/a", "splits": "/etc/passwd.csv"},
        {"datalist": "/etc/hosts.json"},
        {"msd": "s3://open/decathlons"},
        {"msd": "s3://open/decathlon/../secret"},
        {"msd": "s3://mlflow/artifacts"},
        {"msd": f"{BUCKET}/a", "splits": "../../b.csv"},
        {"msd": "file:///data/open"},
    ],
)
def test_other_places_are_not(dataset: object) -> None:
    assert f"is not open to a grid from the network; it may lie in {ROOT}, {BUCKET}" in refusal(datasets=dataset)


def test_without_roots_there_are_phantoms_only() -> None:
    with pytest.raises(GridError, match="none is opened to it, so it has phantoms only"):
        parse_confined(tiny_sweep(datasets={"msd": "/data"}), ())


def test_variables_are_not_read() -> None:
    assert refusal(datasets={"msd": f"{ROOT}/${{SECRET}}"}) == "datasets[0]: environment variable SECRET is not set"


def test_a_link_leads_where_it_leads(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (tmp_path / "closed").mkdir()
    root.mkdir()
    (root / "out").symlink_to(tmp_path / "closed")
    (root / "in").symlink_to(root)
    parse_confined(tiny_sweep(datasets={"msd": str(root / "in" / "x")}), (str(root),))
    with pytest.raises(GridError, match="is not open"):
        parse_confined(tiny_sweep(datasets={"msd": str(root / "out" / "x")}), (str(root),))
    (tmp_path / "door").symlink_to(root)
    parse_confined(tiny_sweep(datasets={"msd": str(root / "x")}), (str(tmp_path / "door"),))


CODE = [
    ({"grid": {"loss": "os:system"}}, "grid: loss 'os:system' is a module; a grid from the network brings no code"),
    (
        {"grid": {"loss": "monai:PerceptualLoss", "args": {"pretrained_path": "/tmp/x.pt"}}},
        "grid: loss 'monai:PerceptualLoss': args: pretrained_path: from the network an argument is a number or a word,"
        " got '/tmp/x.pt'",
    ),
    (
        {"network": {"monai": "HoVerNet", "args": {"pretrained_url": "http://evil.example/x"}}},
        "network: HoVerNet: pretrained_url: from the network an argument is a number or a word,"
        " got 'http://evil.example/x'",
    ),
    (
        {"network": {"monai": "SegResNet", "args": {"norm": ["group", {"path": ["..", "x"]}]}}},
        "network: SegResNet: norm: path: from the network an argument is a number or a word, got '..'",
    ),
    (
        {"augment": {"monai": [{"SaveImage": {"output_dir": "x"}}]}},
        "augment.monai: SaveImage is no random transform; from the network only Rand… are taken",
    ),
    (
        {"augment": {"monai": [{"RandFlip": {"prob": "a/b"}}]}},
        "augment.monai.RandFlip: prob: from the network an argument is a number or a word, got 'a/b'",
    ),
]


@pytest.mark.parametrize(("changes", "expected"), CODE, ids=lambda value: str(value)[:40])
def test_no_code_and_no_way_to_files(changes: dict[str, object], expected: str) -> None:
    assert refusal(datasets={"phantom": {"p": 0.3, "k": 4, "r": 1}}, **changes) == expected


def test_plain_arguments_are_taken() -> None:
    parse_confined(
        tiny_sweep(
            datasets={"phantom": {"p": 0.3, "k": 4, "r": 1}},
            network={"monai": "SegResNet", "args": {"init_filters": 8, "norm": ["group", {"num_groups": 4}]}},
            augment={"monai": [{"RandFlip": {"prob": 0.5}}]},
            grid=[{"loss": ["ce", "monai:GeneralizedDiceLoss"]}],
        ),
        (),
    )
