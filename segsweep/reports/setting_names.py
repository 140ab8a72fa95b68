"""A name for every trial's setting that is distinct wherever the settings are."""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

_CELL = ("dataset", "labels", "network", "fold", "seed")
"""Two finished trials that agree in these and in their name would stand in one place of a table."""


def setting_names(trials: pa.Table) -> tuple[str, ...]:
    """The column `setting`, with whatever else differs added where the column alone is ambiguous.

    A grid may run one loss at two batch sizes or for two numbers of epochs; then `dice Φ=batch` alone would name two
    settings, and `dice Φ=batch, batch_size=4` is printed.
    """
    rows = trials.select(["setting", *_CELL, "spec"]).to_pylist()
    by_cell: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        by_cell[(row["setting"], *(row[name] for name in _CELL))].append(index)
    ambiguous: dict[str, set[str]] = defaultdict(set)
    leaves: dict[int, dict[str, str]] = {}
    for (setting, *_), members in by_cell.items():
        if len(members) > 1:
            leaves.update((index, dict(_leaves(_parsed(rows[index]["spec"])))) for index in members)
            ambiguous[str(setting)] |= _differing([leaves[index] for index in members])
    return tuple(
        _qualified(row["setting"], ambiguous.get(row["setting"], set()), leaves.get(index), row["spec"])
        for index, row in enumerate(rows)
    )


def _qualified(setting: str, paths: set[str], leaves: dict[str, str] | None, spec: str) -> str:
    if not paths:
        return setting
    values = leaves if leaves is not None else dict(_leaves(_parsed(spec)))
    extras = [f"{path.rpartition('.')[2]}={values[path]}" for path in sorted(paths) if path in values]
    return ", ".join([setting, *extras])


def _differing(specs: list[dict[str, str]]) -> set[str]:
    paths = set().union(*specs)
    return {path for path in paths if len({spec.get(path) for spec in specs}) > 1}


def _parsed(spec: str) -> Any:
    try:
        return json.loads(spec)
    except json.JSONDecodeError:
        return spec


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Dotted path and value of every leaf of a JSON document."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else str(key))
    else:
        yield path, json.dumps(value, ensure_ascii=False).strip('"')
