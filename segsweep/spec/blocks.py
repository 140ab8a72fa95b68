"""The `grid:` key: a list of blocks, each the product of its lists."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, Literal

from pydantic import ValidationError

from segsweep.errors import GridError
from segsweep.spec.catalogue import LossSetting, accepts, parameters_of, resolve, takes
from segsweep.spec.problems import first_problem
from segsweep.spec.search import find_range, is_range
from segsweep.spec.settings import Patience, WarmStart
from segsweep.spec.suggestion import suggestion
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

    def stated(self) -> frozenset[str]:
        """The keys that are changed, `warm_start` among them."""
        return frozenset(self.model_dump(exclude_none=True))


MOST_SETTINGS = 10_000
"""Of one grid; all of its folds and seeds come on top."""
OVERRIDE_KEYS = ("lr", "batch_size", "epochs", "plateau", "patience", "warm_start")


@dataclass(frozen=True)
class LossCell:
    """One loss setting with what its block overrides."""

    loss: LossSetting
    overrides: Overrides


@dataclass(frozen=True)
class Branch:
    """One loss of one block, before its lists are multiplied.

    Args:
        key: of the block in the grid file, for messages.
        loss: its name.
        axes: key to its alternatives, as the file has them.
    """

    key: str
    loss: str
    axes: Mapping[str, list[Any]]

    def cell(self, values: Mapping[str, Any]) -> LossCell:
        """The setting that has these values.

        Args:
            values: one for every axis.

        Raises:
            GridError: the loss does not take one of them.
        """
        try:
            overrides = Overrides.model_validate({name: values[name] for name in values if name in OVERRIDE_KEYS})
        except ValidationError as error:
            raise GridError(first_problem(self.key, error, Overrides)) from error
        try:
            arguments = {name: values[name] for name in values if name not in OVERRIDE_KEYS}
            return LossCell(resolve(self.loss, arguments), overrides)
        except GridError as error:
            raise GridError(f"{self.key}: {error}{self._taken_apart(values)}") from error

    def _taken_apart(self, values: Mapping[str, Any]) -> str:
        """What to say of a list that was meant as one value and was read as several."""
        for name, entries in self.axes.items():
            whole = [1 if is_range(entry) else entry for entry in entries]
            if takes(self.loss, name, whole) and not takes(self.loss, name, values[name]):
                return f"; one value that is a list is a list inside a list: `{name}: {json.dumps([entries])}`"
        return ""


def expand_blocks(value: Any) -> tuple[LossCell, ...]:
    """All cells of a grid, in the order they are written.

    A key that only some of a block's losses take is multiplied for those only: `{loss: [ce, dice], phi: [image,
    batch]}` is three cells.

    Raises:
        GridError: a block is no mapping, lacks `loss`, has a key that none of its losses takes, or a range.
    """
    return tuple(cell for branch in branches(value) for cell in _expand(branch))


def branches(value: Any) -> tuple[Branch, ...]:
    """Every loss of every block, in the order they are written.

    Raises:
        GridError: a block is no mapping, lacks `loss`, has a key that none of its losses takes, or there are too many.
    """
    blocks = value if isinstance(value, list) else [value]
    if not blocks:
        raise GridError("grid: an empty list; it needs at least one block such as `- loss: dice`")
    found = tuple(branch for number, block in enumerate(blocks) for branch in _branches(f"grid[{number}]", block))
    settings = sum(prod(map(len, branch.axes.values())) for branch in found)
    if settings > MOST_SETTINGS:
        raise GridError(f"grid: its lists multiply to {settings:,} settings; at most {MOST_SETTINGS:,}")
    return found


def _branches(key: str, block: Any) -> list[Branch]:
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
        raise GridError(f"{key}.{unused[0]}: {_not_taken(unused[0], losses)}")
    return [Branch(key, loss, {name: axes[name] for name in taken[loss]}) for loss in losses]


def _not_taken(key: str, losses: list[str]) -> str:
    """What to say of a key that no loss of a block takes, and no block."""
    arguments = dict.fromkeys(parameter.name for loss in losses for parameter in parameters_of(loss))
    # arguments first: by its letters `eps` is more like `epochs` than like `epsilon`
    meant = suggestion(key, arguments) or suggestion(key, OVERRIDE_KEYS)
    allowed = ", ".join([*arguments, *OVERRIDE_KEYS])
    return f"no loss of this block ({', '.join(losses)}) takes it; {meant}the block may have {allowed}"


def _expand(branch: Branch) -> list[LossCell]:
    if ranges := [name for name, entries in branch.axes.items() if find_range(entries)]:
        raise GridError(
            f"{branch.key}.{ranges[0]}: a range needs a sampler, e.g. `search: {{trials: 40}}`; a grid takes numbers"
        )
    return [branch.cell(dict(zip(branch.axes, values, strict=True))) for values in product(*branch.axes.values())]


def _accepts(key: str, loss: str, name: str) -> bool:
    try:
        return accepts(loss, name)
    except GridError as error:
        raise GridError(f"{key}: {error}") from error
