"""What of a case's labels a network is trained on; never what it is judged by."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from segsweep.spec.values import Frozen

ALL = "all"
"""In place of a label's name: every label."""


class LabelPolicy(Frozen):
    """The label that enters the loss, in training and in the choice of the checkpoint.

    Args:
        raters: of several raters' labels, their `mean` (a soft label), the `majority` or a `random` rater per epoch.
            Left out: the dataset's one label.
        smooth: share of the uniform distribution over labels that is mixed in (label smoothing).
        remove: name of a label that becomes background in some cases, or `all` (Tilborghs 2022, sections on missing
            and empty labels).
        where: columns of meta.csv with the value, or the list of values, of the cases that lose it.
        share: share of the cases that lose it, chosen at random but the same for every seed; instead of `where`.
    """

    raters: Literal["mean", "majority", "random"] | None = None
    smooth: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.0
    remove: str | None = None
    where: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    share: Annotated[float, Field(gt=0, le=1)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, value: Any) -> Any:
        if value == "full":
            return {}
        if isinstance(value, str):
            raise ValueError(
                "labels are `full`, {raters: mean|majority|random}, {smooth: 0.1} or"
                f" {{remove: LABEL, where: {{COLUMN: VALUE}}}}, got {value!r}"
            )
        return value

    @field_validator("where", mode="before")
    @classmethod
    def _lists_of_text(cls, value: Any) -> Any:
        """Columns hold text; YAML may have read a number or a truth value, and one value need be no list."""
        if not isinstance(value, Mapping):
            return value
        return {
            str(column): tuple(str(entry) for entry in (wanted if isinstance(wanted, list | tuple) else [wanted]))
            for column, wanted in value.items()
        }

    @model_validator(mode="after")
    def _one_choice(self) -> Self:
        if self.remove is None and (self.where or self.share is not None):
            raise ValueError("`where` and `share` say in which cases a label is removed; name it by `remove`")
        if self.remove is not None and bool(self.where) == (self.share is not None):
            raise ValueError("`remove` takes either `where: {COLUMN: VALUE}` or `share: 0.3`")
        if self.remove is not None and self.raters is not None:
            raise ValueError("`remove` is for datasets with one label a case, not for `raters`")
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
        return all(meta.get(column) in wanted for column, wanted in self.where.items())

    @property
    def soft(self) -> bool:
        """Whether the label may lie between 0 and 1."""
        return self.raters == "mean" or self.smooth > 0

    @property
    def name(self) -> str:
        """As printed in tables."""
        whose = {None: "full", "mean": "raters' mean", "majority": "raters' majority", "random": "random rater"}
        name = whose[self.raters] + (f" smooth={self.smooth:g}" if self.smooth else "")
        if self.remove is None:
            return name
        subset = [f"{column}={'|'.join(wanted)}" for column, wanted in self.where.items()]
        which = f"in {100 * self.share:g} %" if self.share is not None else f"where {', '.join(subset)}"
        removed = f"{self.remove} removed {which}"
        return removed if name == "full" else f"{name}, {removed}"
