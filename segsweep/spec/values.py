"""What the models of a grid file are made of."""

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
PositiveInt = Annotated[int, Field(gt=0, strict=True)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Range = tuple[Finite, Finite]


class Frozen(BaseModel):
    """A value that cannot change after it was checked, and that refuses keys it does not know.

    Attributes:
        form: how a grid file writes it, with an example; what a message offers in place of something else.
        unwritten: fields that no grid file names, since what they hold is written in place of the whole value.
    """

    form: ClassVar[str] = "a mapping"
    unwritten: ClassVar[tuple[str, ...]] = ()

    model_config = ConfigDict(frozen=True, extra="forbid")
