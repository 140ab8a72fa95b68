"""Documentation and code cannot drift apart."""

import re
from pathlib import Path

import pytest
import typer.main

from segsweep.cli import app
from segsweep.spec.blocks import OVERRIDE_KEYS
from segsweep.spec.datasets import FILE_KEYS, SOURCES
from segsweep.spec.grid import KEYS
from segsweep.spec.phantom_dataset import PhantomDataset
from segsweep.spec.report_settings import ReportSettings
from segsweep.spec.search import Asha, Search
from segsweep.spec.settings import NETWORK_PRESETS, Resources, Train, WarmStart

ROOT = Path(__file__).parent.parent
TEMPLATES = set((ROOT / "docs" / "papers" / "prose").glob("*.md"))
"""Of pages in docs/results, whose links they hold."""
GRID = (ROOT / "docs" / "grid.md").read_text()
README = (ROOT / "README.md").read_text()
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "key",
    [
        *KEYS,
        *SOURCES,
        *FILE_KEYS,
        *OVERRIDE_KEYS,
        *NETWORK_PRESETS,
        *Train.model_fields,
        *WarmStart.model_fields,
        *Resources.model_fields,
        *ReportSettings.model_fields,
        *Search.model_fields,
        *Asha.model_fields,
        *(field for field in PhantomDataset.model_fields if field != "source"),
    ],
)
def test_every_key_of_a_grid_is_documented(key: str) -> None:
    assert re.search(rf"\b{re.escape(key)}\b", GRID)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented_and_helps(name: str) -> None:
    assert re.search(rf"\b{name}\b", README)
    assert COMMANDS[name].help


@pytest.mark.parametrize(
    "document",
    [ROOT / "README.md", *sorted(set((ROOT / "docs").rglob("*.md")) - TEMPLATES)],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), target
