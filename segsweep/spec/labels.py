"""What of a case's labels a network is trained on; never what it is judged by."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from segsweep.spec.values import Frozen

ALL = "all"
"""In place of a label's name: every label."""


def _lists_of_text(value: Any) -> Any:
    """Columns hold text; YAML may have read a number, and one value need be no list."""
    if not isinstance(value, Mapping):
        return value
    lists = {str(column): wanted if isinstance(wanted, list | tuple) else [wanted] for column, wanted in value.items()}
    # which of yes, on, true, True, … stands in the file cannot be told any more
    if truths := [column for column, wanted in lists.items() if any(isinstance(entry, bool) for entry in wanted)]:
        raise ValueError(
            "a column holds text, but yes, no, on, off, true and false without quotes are truth values in YAML; quote"
            f" them, as in {{{truths[0]}: 'yes'}}"
        )
    return {column: tuple(str(entry) for entry in wanted) for column, wanted in lists.items()}


Where = Annotated[dict[str, tuple[str, ...]], BeforeValidator(_lists_of_text)]
"""Columns of meta.csv with the value, or the list of values, of the cases that are meant."""


def is_where(meta: Mapping[str, str], where: Where) -> bool:
    """Whether a case is one of those that are meant.

    Args:
        meta: its row of meta.csv.
        where: columns and values.
    """
    return all(meta.get(column) in wanted for column, wanted in where.items())


def written(where: Where) -> str:
    """`cls=malignant, sex=f|m`."""
    return ", ".join(f"{column}={'|'.join(wanted)}" for column, wanted in where.items())


class Removal(Frozen):
    """A label that becomes background in some cases (Tilborghs 2022, sections on missing and empty labels).

    Args:
        remove: name of the label, or `all`.
        where: the cases that lose it.
        share: share of the cases that lose it, chosen at random but the same for every seed; instead of `where`.
    """

    form = "a mapping such as {remove: lesion, where: {cls: malignant}}"

    remove: str
    where: Where = Field(default_factory=dict)
    share: Annotated[float, Field(gt=0, le=1)] | None = None

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        if bool(self.where) == (self.share is not None):
            raise ValueError("`remove` takes either `where: {COLUMN: VALUE}` or `share: 0.3`")
        return self

    def removes(self, label: str, case: str, meta: Mapping[str, str]) -> bool:
        """Whether a case loses a label in training.

        Args:
            label: name.
            case: id.
            meta: its row of meta.csv.
        """
        if self.remove not in (label, ALL):
            return False
        if self.share is not None:
            # by the id alone: the same cases whatever the seed, and whatever other cases there are
            place = int.from_bytes(hashlib.sha256(f"removed\0{case}".encode()).digest()[:8], "big")
            return place < self.share * 2**64
        return is_where(meta, self.where)

    @property
    def name(self) -> str:
        """As printed in tables."""
        which = f"in {100 * self.share:g} %" if self.share is not None else f"where {written(self.where)}"
        return f"{self.remove} removed {which}"


class Oversample(Frozen):
    """Training cases that an epoch shows several times.

    Args:
        where: which ones.
        times: how often.
    """

    form = "a mapping such as {where: {phase: ED}, times: 3}"

    where: Annotated[Where, Field(min_length=1)]
    times: Annotated[int, Field(ge=2, strict=True)]


class LabelPolicy(Frozen):
    """The label that enters the loss, in training and in the choice of the checkpoint; and the cases trained on.

    Args:
        raters: of several raters' labels, their `mean` (a soft label), the `majority` or a `random` rater per epoch.
            Left out: the dataset's one label.
        smooth: share of the uniform distribution over labels that is mixed in (label smoothing).
        remove: name of a label that becomes background in some cases, or `all`; with `where` or `share`, see `Removal`.
        where: the cases that lose it.
        share: share of the cases that lose it; instead of `where`.
        fraction: share of the training cases that are used, chosen at random but the same for every seed.
        as_many_as: use training cases, all labelled, until as many have the label as this removal would leave
            (the benchmark of Tilborghs 2022); instead of `fraction`.
        oversample: training cases that an epoch shows several times.
    """

    form = "`full`, or a mapping such as {raters: mean}, {smooth: 0.1} or {remove: lesion, where: {cls: malignant}}"

    raters: Literal["mean", "majority", "random"] | None = None
    smooth: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.0
    remove: str | None = None
    where: Where = Field(default_factory=dict)
    share: Annotated[float, Field(gt=0, le=1)] | None = None
    fraction: Annotated[float, Field(gt=0, lt=1)] | None = None
    as_many_as: Removal | None = None
    oversample: Oversample | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, value: Any) -> Any:
        return {} if value == "full" else value

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        if self.remove is None and (self.where or self.share is not None):
            raise ValueError("`where` and `share` say in which cases a label is removed; name it by `remove`")
        if self.remove is not None:
            Removal(remove=self.remove, where=self.where, share=self.share)
        single = self.remove is not None or self.as_many_as is not None
        if single and self.raters is not None:
            raise ValueError("`remove` is for datasets with one label a case, not for `raters`")
        if self.as_many_as is not None and (self.remove is not None or self.fraction is not None):
            raise ValueError("`as_many_as` trains on full labels and chooses the cases: no `remove`, no `fraction`")
        return self

    @property
    def removal(self) -> Removal | None:
        """The label that some cases lose."""
        return None if self.remove is None else Removal(remove=self.remove, where=self.where, share=self.share)

    def removes(self, label: str, case: str, meta: Mapping[str, str]) -> bool:
        """Whether a case loses a label in training; see `Removal.removes`."""
        return self.removal is not None and self.removal.removes(label, case, meta)

    @property
    def chooses_cases(self) -> bool:
        """Whether some training cases are left out or repeated."""
        return self.fraction is not None or self.as_many_as is not None or self.oversample is not None

    def identity(self) -> dict[str, Any]:
        """What of it changes results; a key that came later is no part of it where it is left out."""
        later = {"fraction", "as_many_as", "oversample"}
        return {
            key: value for key, value in self.model_dump(mode="json").items() if key not in later or value is not None
        }

    @property
    def soft(self) -> bool:
        """Whether the label may lie between 0 and 1."""
        return self.raters == "mean" or self.smooth > 0

    @property
    def name(self) -> str:
        """As printed in tables."""
        whose = {None: "full", "mean": "raters' mean", "majority": "raters' majority", "random": "random rater"}
        parts = [whose[self.raters] + (f" smooth={self.smooth:g}" if self.smooth else "")]
        if self.removal is not None:
            parts.append(self.removal.name)
        if self.fraction is not None:
            parts.append(f"{100 * self.fraction:g} % of the cases")
        if self.as_many_as is not None:
            parts.append(f"as many as with {self.as_many_as.name}")
        if self.oversample is not None:
            parts.append(f"{written(self.oversample.where)} ×{self.oversample.times}")
        return ", ".join(parts[1:] if parts[0] == "full" and len(parts) > 1 else parts)
