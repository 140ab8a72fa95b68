"""A grid made small: few cases on a small training grid, few epochs, few values of every axis; to see that it runs."""

from collections.abc import Mapping
from typing import Any

import yaml

from segsweep.spec.grid import load_grid, parse_sweep

CASES, SIDE = 12, 16
LARGER = 24
"""Side of an image that is trained on in patches."""
_PHANTOM = {"steps": 2, "validation": 4, "evaluation": 8}
_WARM_UP = {"epochs": 1}
_TRAIN = {"epochs": 2}
_CANDIDATES = 4


def made_tiny(text: str) -> str:
    """The text of a grid file, made small; its name gets `-tiny`.

    Every loss and every label policy stays; of other lists the first and the last entry do, of phantoms the last.

    Args:
        text: of the grid.

    Raises:
        GridError: it is no grid.
    """
    parse_sweep(text)  # whatever is wrong is said of the file as it was written
    grid = dict(load_grid(text))
    grid["name"] = f"{grid['name']}-tiny"
    grid["datasets"] = [_dataset(dict(block)) for block in _listed(grid["datasets"])]
    grid["folds"] = {"k": 2, "run": [0]}
    grid["seeds"] = _listed(grid.get("seeds", 0))[:1]
    grid["network"] = _ends(grid.get("network", "unet-s"))
    grid["warm_start"] = [_warm_start(entry) for entry in _listed(grid.get("warm_start", {}))][:1]
    grid["train"] = [{**entry, **_TRAIN} for entry in _listed(grid.get("train", {}))][:1]
    grid["augment"] = _ends(grid.get("augment", "none"))
    grid["grid"] = [_block(block) for block in _listed(grid["grid"])]
    if "trials" in grid.get("search", ()):
        grid["search"] = {**grid["search"], "trials": _CANDIDATES}
    grid["report"] = {**grid.get("report", {}), "resamples": 200}
    return yaml.safe_dump(grid, sort_keys=False)


def as_written(text: str) -> str:
    """The text itself."""
    return text


def _dataset(block: dict[str, Any]) -> dict[str, Any]:
    if "phantom" in block:
        last = {key: _listed(value)[-1] for key, value in block["phantom"].items()}
        return {**block, "phantom": {**last, **_PHANTOM}}
    patch = block.pop("patch", None)
    whole = patch.get("size") if isinstance(patch, Mapping) else patch
    axes = next((len(block[key]) for key in ("size", "resize", "spacing") if key in block), len(whole or ()))
    for key in ("size", "resize", "spacing", "splits"):
        block.pop(key, None)
    if axes:
        block["resize"] = [SIDE if patch is None else LARGER] * axes
    if patch is not None:
        block["patch"] = [SIDE] * axes
    return {**block, "cases": min(CASES, block.get("cases", CASES))}


def _warm_start(entry: Any) -> Any:
    return {**entry, **_WARM_UP} if isinstance(entry, Mapping) else entry


def _block(block: Mapping[str, Any]) -> dict[str, Any]:
    few = {key: value if key == "loss" else _ends(value) for key, value in block.items()}
    if "epochs" in few:
        few["epochs"] = _TRAIN["epochs"]
    if "warm_start" in few:
        few["warm_start"] = [_warm_start(entry) for entry in _listed(few["warm_start"])]
    return few


def _ends(value: Any) -> Any:
    """The first and the last entry of a list; what is none, as it is."""
    return [value[0], value[-1]] if isinstance(value, list) and len(value) > 2 else value


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
