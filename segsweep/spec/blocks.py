"""The `grid:` key: a list of blocks, each the product of its lists."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

from pydantic import ValidationError

from segsweep.errors import GridError
from segsweep.spec.catalogue import LossSetting, accepts, resolve
from segsweep.spec.problems import first_problem
from segsweep.spec.settings import Patience, WarmStart
from segsweep.spec.values import Frozen, PositiveFloat, PositiveInt


class Overrides(Frozen):
    """What a block changes of `train` and `warm_start`; None = as the sweep has it."""

    lr: PositiveFloat | None = None
    batch_size: PositiveInt | None = None
    epochs: PositiveInt | None = None
    plateau: Patience | None = None
    patience: Patience | None = None
    warm_start: WarmStart | Literal["none"] | None = None

    def train_changes(self) -> dict[str, Any]:
        """The changed keys of `train`."""
        return self.model_dump(exclude={"warm_start"}, exclude_none=True)


OVERRIDE_KEYS = ("lr", "batch_size", "epochs", "plateau", "patience", "warm_start")


@dataclass(frozen=True)
class LossCell:
    """One loss setting with what its block overrides."""

    loss: LossSetting
    overrides: Overrides


def expand_blocks(value: Any) -> tuple[LossCell, ...]:
    """All cells of a grid, in the order they are written.

    A key that only some of a block's losses take is multiplied for those only: `{loss: [ce, dice], phi: [image,
    batch]}` is three cells.

    Raises:
        GridError: a block is no mapping, lacks `loss`, or has a key that none of its losses takes.
    """
    blocks = value if isinstance(value, list) else [value]
    if not blocks:
        raise GridError("grid: an empty list; it needs at least one block such as `- loss: dice`")
    return tuple(cell for number, block in enumerate(blocks) for cell in _expand(f"grid[{number}]", block))


def _expand(key: str, block: Any) -> list[LossCell]:
    if not isinstance(block, Mapping) or "loss" not in block:
        raise GridError(f"{key}: a block is a mapping with `loss`, e.g. `- loss: dice`, got {block!r}")
    axes = {str(name): entry if isinstance(entry, list) else [entry] for name, entry in block.items()}
    losses = axes.pop("loss")
    if empty := [name for name, entries in {**axes, "loss": losses}.items() if not entries]:
        raise GridError(f"{key}.{empty[0]}: an empty list")
    if strange := [loss for loss in losses if not isinstance(loss, str)]:
        raise GridError(f"{key}.loss: the name of a loss or a list of names, got {strange[0]!r}")
    taken = {loss: [name for name in axes if name in OVERRIDE_KEYS or _accepts(key, loss, name)] for loss in losses}
    if unused := [name for name in axes if not any(name in names for names in taken.values())]:
        shown = ", ".join(losses)
        others = ", ".join(OVERRIDE_KEYS)
        raise GridError(f"{key}.{unused[0]}: no loss of this block ({shown}) takes it; every block may have {others}")
    return [
        _cell(key, loss, dict(zip(taken[loss], values, strict=True)))
        for loss in losses
        for values in product(*(axes[name] for name in taken[loss]))
    ]


def _accepts(key: str, loss: str, name: str) -> bool:
    try:
        return accepts(loss, name)
    except GridError as error:
        raise GridError(f"{key}: {error}") from error


def _cell(key: str, loss: str, values: dict[str, Any]) -> LossCell:
    changes = {name: values.pop(name) for name in OVERRIDE_KEYS if name in values}
    try:
        overrides = Overrides.model_validate(changes)
    except ValidationError as error:
        raise GridError(first_problem(key, error, Overrides)) from error
    try:
        return LossCell(resolve(loss, values), overrides)
    except GridError as error:
        raise GridError(f"{key}: {error}") from error
