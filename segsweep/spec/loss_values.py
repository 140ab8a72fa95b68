"""The kinds of value a loss argument can have: what is allowed, in words, and how a value is read.

Each kind turns what a YAML file or a call gives into one normal form (numbers are floats, lists are lists of floats),
so that equal settings are equal and hash alike.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Kind(Protocol):
    """A kind of value."""

    @property
    def allowed(self) -> str:
        """What is allowed, in words that end the sentence "it must be …"."""

    def read(self, value: object) -> object:
        """Return the normal form of `value`; raises ValueError if it is not allowed."""


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    @property
    def allowed(self) -> str:
        """The words."""
        return " | ".join(self.words)

    def read(self, value: object) -> str:
        """Return the word itself."""
        if isinstance(value, str) and value in self.words:
            return value
        raise ValueError


@dataclass(frozen=True)
class Flag:
    """True or false."""

    @property
    def allowed(self) -> str:
        """The two values as YAML writes them."""
        return "true | false"

    def read(self, value: object) -> bool:
        """Return the flag itself."""
        if isinstance(value, bool):
            return value
        raise ValueError


@dataclass(frozen=True)
class Number:
    """A finite number in an interval.

    Args:
        low: smallest allowed value.
        high: largest allowed value.
        open_low: whether `low` itself is excluded.
    """

    low: float = 0.0
    high: float = math.inf
    open_low: bool = False

    @property
    def allowed(self) -> str:
        """The interval."""
        lower = f"a number {'>' if self.open_low else '≥'} {self.low:g}"
        return lower if self.high == math.inf else f"{lower} and ≤ {self.high:g}"

    def read(self, value: object) -> float:
        """Return the number as a float.

        PyYAML reads `1e-7` (without a dot) as text, so text that is a number is taken as one.
        """
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise ValueError
        number = float(value)
        inside = self.low < number if self.open_low else self.low <= number
        if not (inside and number <= self.high and math.isfinite(number)):
            raise ValueError
        return number


@dataclass(frozen=True)
class NumberPer:
    """A list of numbers, one per class or per term of a sum."""

    each: str
    number: Number
    not_all_zero: bool = False

    @property
    def allowed(self) -> str:
        """What each entry may be."""
        return f"a list with {self.number.allowed} per {self.each}" + (", not all 0" if self.not_all_zero else "")

    def read(self, value: object) -> list[float]:
        """Return a list of floats."""
        if isinstance(value, str) or not isinstance(value, Sequence) or not value:
            raise ValueError
        numbers = [self.number.read(entry) for entry in value]
        if self.not_all_zero and not any(numbers):
            raise ValueError
        return numbers


@dataclass(frozen=True)
class Nothing:
    """The value is left out."""

    @property
    def allowed(self) -> str:
        """As YAML writes it."""
        return "null"

    def read(self, value: object) -> None:
        """Return None."""
        if value is not None:
            raise ValueError


@dataclass(frozen=True)
class Keywords:
    """Keyword arguments that are passed on to someone else's class or function."""

    @property
    def allowed(self) -> str:
        """In words."""
        return "a mapping of keyword arguments (numbers, texts, true/false, lists, null)"

    def read(self, value: object) -> dict[str, object]:
        """Return a plain dict of plain values."""
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            raise ValueError
        return {key: _plain(entry) for key, entry in value.items()}


@dataclass(frozen=True)
class AnyOf:
    """The first of several kinds that takes the value."""

    kinds: tuple[Kind, ...]

    @property
    def allowed(self) -> str:
        """The alternatives."""
        return " | ".join(kind.allowed for kind in self.kinds)

    def read(self, value: object) -> object:
        """Return the normal form given by the first kind that takes the value."""
        for kind in self.kinds:
            try:
                return kind.read(value)
            except ValueError:
                continue
        raise ValueError


def _plain(value: object) -> object:
    """Return `value` if JSON can hold it exactly."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _plain(entry) for key, entry in value.items()}
    raise ValueError
