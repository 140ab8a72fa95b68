"""The examples in docstrings and in docs/statistics.md do what they say."""

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import segsweep.statistics

MODULES = [found.name for found in pkgutil.iter_modules(segsweep.statistics.__path__, "segsweep.statistics.")]
GUIDE = Path(__file__).parents[2] / "docs" / "statistics.md"


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_examples_in_the_guide():
    found = doctest.testfile(str(GUIDE), module_relative=False, encoding="utf-8")
    assert found.attempted > 0
    assert found.failed == 0


def test_every_module_is_named_in_the_guide():
    text = GUIDE.read_text(encoding="utf-8")
    assert [name for name in MODULES if f"`{name.rpartition('.')[2]}`" not in text] == []
