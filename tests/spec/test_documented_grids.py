"""Every piece of a grid file that the documentation shows is taken as it stands."""

import re
from pathlib import Path

import pytest
from grids import tiny_sweep

from segsweep.spec.grid import parse_sweep
from segsweep.spec.yaml_text import read_yaml

ROOT = Path(__file__).parents[2]
PIECES = [
    pytest.param(piece, id=f"{page.name}-{number}")
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    for number, piece in enumerate(re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE))
]
VARIABLES = {"nnUNet_preprocessed": "/data/nnUNet_preprocessed"}


@pytest.mark.parametrize("piece", PIECES)
def test_it_is_taken(piece: str) -> None:
    assert parse_sweep(tiny_sweep(**read_yaml(piece)), VARIABLES).cells
