"""The settings that a search may try: blocks whose lists are alternatives and whose ranges are continuous."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Protocol

from pydantic import ValidationError

from segsweep.errors import GridError
from segsweep.spec.blocks import Branch, LossCell, branches
from segsweep.spec.canonical import canonical_json
from segsweep.spec.problems import first_problem
from segsweep.spec.search import Range, is_range

BRANCH = "loss"
"""Name of the parameter that says which loss of which block is tried; all others exist for one of them only."""

_DIGITS = 3


class Sampler(Protocol):
    """Draws the parameters of one candidate; `optuna.Trial` is one."""

    def suggest_categorical(self, name: str, choices: Sequence[str]) -> str:
        """One of a few."""
        ...

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """A number of a range."""
        ...


@dataclass(frozen=True)
class Drawn:
    """The parameters of a candidate that was drawn before, as a sampler that draws it again."""

    parameters: Mapping[str, Any]

    def suggest_categorical(self, name: str, choices: Sequence[str]) -> str:
        """What was drawn."""
        return str(self.parameters[name])

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """What was drawn."""
        return float(self.parameters[name])


@dataclass(frozen=True)
class SearchSpace:
    """The branches of a grid.

    Args:
        branches: name to branch: the loss, and the number of its block where several have it.
    """

    branches: Mapping[str, Branch]

    @classmethod
    def of(cls, grid: Any) -> "SearchSpace":
        """The space that a `grid:` key describes.

        Raises:
            GridError: a block or a range is wrong, or a loss does not take what lies at the ends of its ranges.
        """
        found = branches(grid)
        losses = [branch.loss for branch in found]
        space = cls(
            {
                branch.loss if losses.count(branch.loss) == 1 else f"{branch.loss} of {branch.key}": branch
                for branch in found
            }
        )
        space.corners()
        return space

    def draw(self, sampler: Sampler) -> LossCell:
        """One candidate.

        A drawn number is rounded to three digits, so that it can be written into another grid and is the same trial
        there.

        Raises:
            GridError: the loss does not take what was drawn.
        """
        names = tuple(self.branches)
        name = sampler.suggest_categorical(BRANCH, names) if len(names) > 1 else names[0]
        branch = self.branches[name]

        def number(where: str, within: Range) -> float:
            drawn = sampler.suggest_float(f"{name}.{where}", within.low, within.high, log=within.log)
            return min(max(float(f"{drawn:.{_DIGITS}g}"), within.low), within.high)

        values = {}
        for key, alternatives in branch.axes.items():
            texts = [canonical_json(entry) for entry in alternatives]
            text = sampler.suggest_categorical(f"{name}.{key}", texts) if len(texts) > 1 else texts[0]
            values[key] = _filled(branch, key, texts.index(text), number)
        return branch.cell(values)

    def corners(self) -> tuple[LossCell, ...]:
        """Every combination of alternatives at the low and at the high end of its ranges: what a search may come to.

        Raises:
            GridError: a range is wrong, or a loss does not take what lies at its ends.
        """
        return tuple(dict.fromkeys(cell for branch in self.branches.values() for cell in _corners(branch)))

    def ranges(self) -> dict[str, Range]:
        """The parameters that are drawn from a range, by name."""
        found: dict[str, Range] = {}
        for name, branch in self.branches.items():
            for key, alternatives in branch.axes.items():
                for place in range(len(alternatives)):
                    _filled(branch, key, place, lambda at, within: found.setdefault(f"{name}.{at}", within).low)  # noqa: B023
        return found

    def identity(self) -> dict[str, Any]:
        """Equal for equal spaces."""
        return {name: {"loss": branch.loss, "axes": branch.axes} for name, branch in self.branches.items()}


def _corners(branch: Branch) -> Iterator[LossCell]:
    places = product(*(range(len(alternatives)) for alternatives in branch.axes.values()))
    ends: tuple[Callable[[str, Range], float], ...] = (lambda _, within: within.low, lambda _, within: within.high)
    for chosen, end in product(places, ends):
        yield branch.cell(
            {key: _filled(branch, key, place, end) for key, place in zip(branch.axes, chosen, strict=True)}
        )


def _filled(branch: Branch, key: str, place: int, number: Callable[[str, Range], float]) -> Any:
    """An alternative of a key with every range in it replaced by a number.

    Args:
        branch: whose key.
        key: with its alternatives.
        place: of the alternative among them.
        number: gives the number for (where the range stands in the block, the range).
    """
    alternatives = branch.axes[key]
    return _replaced(alternatives[place], f"{key}[{place}]" if len(alternatives) > 1 else key, branch, number)


def _replaced(value: Any, where: str, branch: Branch, number: Callable[[str, Range], float]) -> Any:
    if is_range(value):
        try:
            return number(where, Range.model_validate(value))
        except ValidationError as error:
            raise GridError(first_problem(f"{branch.key}.{where}", error, Range)) from error
    if isinstance(value, list):
        return [_replaced(entry, f"{where}[{place}]", branch, number) for place, entry in enumerate(value)]
    if isinstance(value, dict):
        return {name: _replaced(entry, f"{where}.{name}", branch, number) for name, entry in value.items()}
    return value
