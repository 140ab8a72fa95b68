"""What a message offers in place of a wrong value is itself right."""

import re
from collections.abc import Iterator

import pytest
from grids import files_sweep

from segsweep.spec.datasets import HeldOut
from segsweep.spec.grid import parse_sweep
from segsweep.spec.labels import LabelPolicy
from segsweep.spec.preprocess import Normalise, Patch
from segsweep.spec.report_settings import ReportSettings
from segsweep.spec.search import Search
from segsweep.spec.settings import Augment, Folds, Network, Resources, Selection, Train, WarmStart
from segsweep.spec.yaml_text import read_yaml

TOP_LEVEL = {
    "labels": LabelPolicy,
    "folds": Folds,
    "split": Selection,
    "network": Network,
    "warm_start": WarmStart,
    "train": Train,
    "augment": Augment,
    "resources": Resources,
    "search": Search,
    "report": ReportSettings,
}
OF_A_DATASET = {"normalise": Normalise, "patch": Patch, "test": HeldOut}


def examples(form: str) -> Iterator[str]:
    """The words in backticks, the lists and the mappings of a sentence."""
    yield from re.findall(r"`(\w+)`", form)
    depth = start = 0
    for place, letter in enumerate(form):
        if letter in "[{":
            start = place if depth == 0 else start
            depth += 1
        elif letter in "]}":
            depth -= 1
            if depth == 0:
                yield form[start : place + 1]


@pytest.mark.parametrize(
    ("key", "example"), [(key, example) for key, model in TOP_LEVEL.items() for example in examples(model.form)]
)
def test_of_a_key(key: str, example: str) -> None:
    parse_sweep(files_sweep(**{key: read_yaml(example)}))


@pytest.mark.parametrize(
    ("key", "example"), [(key, example) for key, model in OF_A_DATASET.items() for example in examples(model.form)]
)
def test_of_a_key_of_a_dataset(key: str, example: str) -> None:
    parse_sweep(files_sweep(datasets={"msd": "a", key: read_yaml(example)}))


@pytest.mark.parametrize("model", [*TOP_LEVEL.values(), *OF_A_DATASET.values()])
def test_each_has_an_example(model: type[Folds]) -> None:
    assert any(example[0] in "[{" for example in examples(model.form))
