"""The grid file, parsed once into a frozen sweep."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from segsweep.errors import GridError
from segsweep.spec.blocks import LossCell, expand_blocks
from segsweep.spec.datasets import MOST_DATASETS, Dataset, FileDataset, parse_datasets
from segsweep.spec.labels import LabelPolicy
from segsweep.spec.phantom_dataset import PhantomDataset
from segsweep.spec.problems import first_problem
from segsweep.spec.report_settings import ReportSettings
from segsweep.spec.search import Search
from segsweep.spec.search_space import SearchSpace
from segsweep.spec.settings import Augment, Folds, Network, Resources, Selection, Train, WarmStart
from segsweep.spec.values import Frozen
from segsweep.spec.yaml_text import read_yaml

Model = TypeVar("Model", bound=Frozen)


@dataclass(frozen=True)
class Sweep:
    """One grid file. Every tuple is an axis; `cells` are its loss settings with their overrides.

    Where a sampler searches a `space` of settings, the cells are its corners: what there may be to train.
    """

    name: str
    datasets: tuple[Dataset, ...]
    labels: tuple[LabelPolicy, ...]
    folds: Folds
    split: Selection
    seeds: tuple[int, ...]
    networks: tuple[Network, ...]
    warm_starts: tuple[WarmStart | None, ...]
    trains: tuple[Train, ...]
    augments: tuple[Augment, ...]
    cells: tuple[LossCell, ...]
    space: SearchSpace | None
    search: Search
    resources: Resources
    report: ReportSettings
    keep_weights: bool
    retry: int
    text: str


KEYS = (
    *("name", "datasets", "labels", "folds", "split", "seeds", "network", "warm_start", "train", "augment", "grid"),
    *("resources", "search", "report", "keep", "retry"),
)

_LONGEST_NAME = 60
"""Characters; four bytes each at most, and a folder's name has 255 on most file systems."""


def read_sweep(path: Path, rewrite: Callable[[str], str] = str) -> Sweep:
    """Parse a grid file.

    Args:
        path: of the file.
        rewrite: what is made of its text first, see `segsweep.spec.tiny`.

    Raises:
        GridError: in one line: the file, the key, what is wrong and what is allowed.
    """
    text = grid_text(path)
    try:
        return parse_sweep(rewrite(text))
    except GridError as error:
        raise GridError(f"{path}: {error}") from error.__cause__


def grid_text(path: Path) -> str:
    """The text of a grid file.

    Raises:
        GridError: there is none.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise GridError(f"{path}: cannot be read: {error}") from error


def parse_sweep(text: str, variables: Mapping[str, str] = os.environ) -> Sweep:
    """Parse the text of a grid file.

    Args:
        text: of the grid.
        variables: that its paths may name as `${NAME}`.

    Raises:
        GridError: in one line: the key, what is wrong and what is allowed.
    """
    values = load_grid(text)
    for key in ("name", "datasets", "grid"):
        if key not in values:
            raise GridError(f"{key}: missing; a grid needs name, datasets and grid")
    search = _one("search", Search, values.get("search", "grid"))
    space = None if search.trials is None else SearchSpace.of(values["grid"])
    split = _one("split", Selection, values.get("split", {}))
    if space is not None and split.select != "inner":
        raise GridError("split: a search chooses on inner cases and so needs `select: inner`, got 'fold'")
    return Sweep(
        name=_name(values["name"]),
        datasets=_datasets(_axis("datasets", values["datasets"]), variables),
        labels=_many("labels", LabelPolicy, values.get("labels", "full")),
        folds=_one("folds", Folds, values.get("folds", {})),
        split=split,
        seeds=tuple(_count("seeds", entry) for entry in _axis("seeds", values.get("seeds", 0))),
        networks=_many("network", Network, values.get("network", "unet-s")),
        warm_starts=_warm_starts(values.get("warm_start", {})),
        trains=_many("train", Train, values.get("train", {})),
        augments=_many("augment", Augment, values.get("augment", "none")),
        cells=expand_blocks(values["grid"]) if space is None else space.corners(),
        space=space,
        search=search,
        resources=_one("resources", Resources, values.get("resources", {})),
        report=_one("report", ReportSettings, values.get("report", {})),
        keep_weights=_keeps_weights(values.get("keep", "none")),
        retry=_count("retry", values.get("retry", 1)),
        text=text,
    )


def load_grid(text: str) -> Mapping[str, Any]:
    """The top-level keys of a grid, each known, with their values as YAML reads them.

    Raises:
        GridError: the text is no YAML, or a key is unknown or there twice.
    """
    values = read_yaml(text)
    if not isinstance(values, Mapping):
        raise GridError("a grid file is a mapping that starts with `name:`")
    for key in values:
        if key not in KEYS:
            raise GridError(f"{key}: unknown key; known: {', '.join(KEYS)}")
    return values


def _axis(key: str, value: Any) -> list[Any]:
    if value == []:
        raise GridError(f"{key}: an empty list")
    return value if isinstance(value, list) else [value]


def _one(key: str, model: type[Model], value: Any) -> Model:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise GridError(first_problem(key, error, model)) from error


def _many(key: str, model: type[Model], value: Any) -> tuple[Model, ...]:
    return tuple(_one(where, model, entry) for where, entry in _entries(key, value))


def _entries(key: str, value: Any) -> list[tuple[str, Any]]:
    """The values of an axis, each with its place in the file."""
    entries = _axis(key, value)
    return [(f"{key}[{number}]" if isinstance(value, list) else key, entry) for number, entry in enumerate(entries)]


def _name(value: Any) -> str:
    # it names a folder: neither `..` nor a path
    if not isinstance(value, str) or not re.fullmatch(r"\w[\w.-]*", value):
        raise GridError(f"name: letters, digits and - _ . only, the first no sign, got {value!r}")
    if len(value) > _LONGEST_NAME:
        raise GridError(f"name: at most {_LONGEST_NAME} characters, got {len(value)}")
    return value


def _datasets(blocks: list[Any], variables: Mapping[str, str]) -> tuple[Dataset, ...]:
    found: list[Dataset] = []
    for number, block in enumerate(blocks):
        key = f"datasets[{number}]"
        try:
            found += parse_datasets(block, variables)
        except ValidationError as error:
            model = FileDataset if error.title == FileDataset.__name__ else PhantomDataset
            raise GridError(first_problem(key, error, model)) from error
        except ValueError as error:
            raise GridError(f"{key}: {error}") from error
        if len(found) > MOST_DATASETS:
            raise GridError(f"datasets: at most {MOST_DATASETS:,} in a grid")
    names = [dataset.name for dataset in found]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise GridError(f"datasets: two are named {sorted(repeated)[0]!r}; give them a `name`")
    return tuple(found)


def _count(key: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise GridError(f"{key}: whole numbers from 0 up, got {value!r}")
    return value


def _keeps_weights(value: Any) -> bool:
    if value not in ("none", "weights"):
        raise GridError(f"keep: `none` or `weights`, got {value!r}")
    return bool(value == "weights")


def _warm_starts(value: Any) -> tuple[WarmStart | None, ...]:
    return tuple(
        None if entry == "none" else _one(where, WarmStart, entry) for where, entry in _entries("warm_start", value)
    )
