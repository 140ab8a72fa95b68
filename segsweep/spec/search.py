"""The `search:` key: how the settings of a grid are gone through, if not all of them to their end."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, FiniteFloat, model_validator

from segsweep.spec.values import Frozen, PositiveInt

Objective = Literal["dice", "abs_bias", "abs_bias_soft"]
HIGHER_IS_BETTER = ("dice",)
"""The objectives to be maximised; the others are to be minimised."""


class Range(Frozen):
    """The numbers from `low` to `high`, searched on a logarithmic scale where `log` says so."""

    low: FiniteFloat
    high: FiniteFloat
    log: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"a range goes from `low` to a larger `high`, got {self.low:g} to {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"a logarithmic range starts above 0, got {self.low:g}")
        return self


class Asha(Frozen):
    """Asynchronous successive halving (Li et al. 2020, arXiv 1810.05934): the worse of the trials that have come to an
    epoch end there.

    Args:
        grace: the first epoch in which a trial may be stopped.
        factor: of those that reach a rung, one in `factor` goes on to the next, which is `factor` times as far.
    """

    form = "a mapping such as {grace: 5, factor: 3}"

    grace: PositiveInt = 5
    factor: Annotated[int, Field(ge=2, strict=True)] = 3


class Search(Frozen):
    """What is run of a grid.

    Args:
        trials: candidates that a sampler may try in each study; None = every setting of the grid, which then has no
            ranges.
        sampler: that proposes candidates: `tpe`, tree-structured Parzen estimators; `nsga2`, an evolutionary one;
            `random`.
        objectives: measured on inner cases; with several, the search is for the front between them.
        seed: of the sampler.
        asha: stops unpromising trials early; None = none is stopped.
    """

    form = "`grid`, or a mapping such as {trials: 40}"

    trials: PositiveInt | None = None
    sampler: Literal["tpe", "nsga2", "random"] = "tpe"
    objectives: Annotated[tuple[Objective, ...], Field(min_length=1)] = ("dice", "abs_bias")
    seed: Annotated[int, Field(ge=0, strict=True)] = 0
    asha: Asha | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_short_form(cls, value: Any) -> Any:
        return {} if value == "grid" else value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.objectives)) < len(self.objectives):
            raise ValueError(f"each objective once, got {list(self.objectives)}")
        if idle := sorted(self.model_fields_set & {"sampler", "objectives", "seed"} if self.trials is None else ()):
            raise ValueError(f"`{idle[0]}` is a sampler's; it needs `trials`, the number of candidates")
        return self


def find_range(value: Any) -> bool:
    """Whether a value of a block is, or holds, a range."""
    if isinstance(value, list):
        return any(find_range(entry) for entry in value)
    if isinstance(value, dict):
        return is_range(value) or any(find_range(entry) for entry in value.values())
    return False


def is_range(value: Any) -> bool:
    """Whether a value is meant as a range; whether it is a right one, `Range` says."""
    return isinstance(value, dict) and bool({"low", "high"} & value.keys())
