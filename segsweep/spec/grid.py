"""The grid file, parsed once into a frozen sweep."""

import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from segsweep.errors import GridError
from segsweep.spec.blocks import LossCell, expand_blocks
from segsweep.spec.datasets import Dataset, FileDataset, parse_datasets
from segsweep.spec.labels import LabelPolicy
from segsweep.spec.phantom_dataset import PhantomDataset
from segsweep.spec.problems import first_problem
from segsweep.spec.report_settings import ReportSettings
from segsweep.spec.search import Search
from segsweep.spec.search_space import SearchSpace
from segsweep.spec.settings import Augment, Folds, Network, Resources, Selection, Train, WarmStart

Model = TypeVar("Model", bound=BaseModel)


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
    retry: int
    text: str


KEYS = (
    *("name", "datasets", "labels", "folds", "split", "seeds", "network", "warm_start", "train", "augment", "grid"),
    *("resources", "search", "report", "retry"),
)


def read_sweep(path: Path, rewrite: Callable[[str], str] = str) -> Sweep:
    """Parse a grid file.

    Args:
        path: of the file.
        rewrite: what is made of its text first, see `segsweep.spec.tiny`.

    Raises:
        GridError: in one line: the file, the key, what is wrong and what is allowed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise GridError(f"{path}: cannot be read: {error}") from error
    try:
        return parse_sweep(rewrite(text))
    except GridError as error:
        raise GridError(f"{path}: {error}") from error.__cause__


def parse_sweep(text: str) -> Sweep:
    """Parse the text of a grid file.

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
        datasets=_datasets(_axis("datasets", values["datasets"])),
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
        retry=_count("retry", values.get("retry", 1)),
        text=text,
    )


class _UniqueKeys(yaml.SafeLoader):
    """YAML without its silent rule that the last of two equal keys wins, and with 1e-3 read as a number."""


def _mapping(loader: _UniqueKeys, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise yaml.MarkedYAMLError(problem=f"a key is a word, got {key!r}", problem_mark=key_node.start_mark)
        if key in seen:
            raise yaml.MarkedYAMLError(problem=f"key {key!r} appears twice", problem_mark=key_node.start_mark)
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


def _number(loader: _UniqueKeys, node: yaml.ScalarNode) -> float:
    return float(loader.construct_scalar(node))


_UniqueKeys.add_constructor("tag:yaml.org,2002:map", _mapping)
# YAML 1.1 reads 1e-3 as text, since it has no dot; a person means a number
_UniqueKeys.add_constructor("!exponent", _number)
_UniqueKeys.add_implicit_resolver("!exponent", re.compile(r"^[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789"))


def load_grid(text: str) -> Mapping[str, Any]:
    """The top-level keys of a grid, each known, with their values as YAML reads them.

    Raises:
        GridError: the text is no YAML, or a key is unknown or there twice.
    """
    try:
        values = yaml.load(text, Loader=_UniqueKeys)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise GridError(f"{line}{error.problem}") from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: the 31st of February
        raise GridError(f"not YAML: {str(error).splitlines()[0]}") from error
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
    return value


def _datasets(blocks: list[Any]) -> tuple[Dataset, ...]:
    found: list[Dataset] = []
    for number, block in enumerate(blocks):
        key = f"datasets[{number}]"
        try:
            found += parse_datasets(block)
        except ValidationError as error:
            model = FileDataset if error.title == FileDataset.__name__ else PhantomDataset
            raise GridError(first_problem(key, error, model)) from error
        except ValueError as error:
            raise GridError(f"{key}: {error}") from error
    names = [dataset.name for dataset in found]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise GridError(f"datasets: two are named {sorted(repeated)[0]!r}; give them a `name`")
    return tuple(found)


def _count(key: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise GridError(f"{key}: whole numbers from 0 up, got {value!r}")
    return value


def _warm_starts(value: Any) -> tuple[WarmStart | None, ...]:
    return tuple(
        None if entry == "none" else _one(where, WarmStart, entry) for where, entry in _entries("warm_start", value)
    )
