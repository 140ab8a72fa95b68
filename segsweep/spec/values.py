"""What the models of a grid file are made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
PositiveInt = Annotated[int, Field(gt=0, strict=True)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Range = tuple[Finite, Finite]


class Frozen(BaseModel):
    """A value that cannot change after it was checked, and that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")
