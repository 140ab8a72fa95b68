"""Phantoms as a dataset of a grid file."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from segsweep.spec.values import Frozen, PositiveFloat, PositiveInt

BAND_HEIGHT = 8
"""Pixels; a phantom's core and uncertain area form one band of this height."""


class PhantomDataset(Frozen):
    """An endless stream of 2D phantoms: a certain core beside an uncertain area of K blocks.

    Each block is labelled as a whole with probability p, independently of the others and of what the image shows.

    Args:
        p: probability that a block is labelled.
        k: number of independent blocks.
        r: uncertain over certain area.
        steps: batches per epoch.
        noise: standard deviation of the image noise; core, uncertain area and background lie at 2, 1 and 0.
        validation: fixed cases that choose the checkpoint.
        evaluation: fixed cases that the report is about.
    """

    source: Literal["phantom"] = "phantom"
    name: str
    p: Annotated[float, Field(ge=0, le=1)]
    k: Literal[1, 2, 4, 8, 16, 32, 64]
    r: PositiveFloat
    size: Annotated[int, Field(gt=0, le=1024, strict=True)] = 32
    steps: PositiveInt = 50
    noise: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.1
    validation: PositiveInt = 200
    evaluation: PositiveInt = 500

    @model_validator(mode="after")
    def _fits_the_grid(self) -> Self:
        if self.size < BAND_HEIGHT:
            raise ValueError(f"`size` is at least the {BAND_HEIGHT} pixels of the band's height, got {self.size}")
        self.layout()
        return self

    def layout(self) -> "PhantomLayout":
        """The largest band of whole pixels with this ratio and this many equal blocks, squarest blocks first.

        Raises:
            ValueError: there is none.
        """
        widest = self.size * 3 // 4
        ratio = Fraction(self.r).limit_denominator(widest)
        if math.isclose(float(ratio), self.r, rel_tol=1e-9):
            for core in range(widest, 0, -1):
                uncertain = core * ratio
                if uncertain.denominator != 1 or core + uncertain > widest:
                    continue
                layouts = [
                    PhantomLayout(core, int(uncertain), down, self.k // down)
                    for down in (1, 2, 4, 8)
                    if self.k % down == 0 and uncertain % (self.k // down) == 0
                ]
                if layouts:
                    return min(layouts, key=PhantomLayout.elongation)
        raise ValueError(f"no band within {widest} pixels has r = {self.r} and {self.k} equal blocks of whole pixels")

    @property
    def uncertain_volume(self) -> int:
        """Pixels of the uncertain area."""
        return BAND_HEIGHT * self.layout().uncertain


@dataclass(frozen=True)
class PhantomLayout:
    """A band `BAND_HEIGHT` pixels high: `core` pixels wide, then `uncertain` pixels in `down` × `across` blocks."""

    core: int
    uncertain: int
    down: int
    across: int

    def elongation(self) -> float:
        """How far the blocks are from squares."""
        return abs(math.log(BAND_HEIGHT / self.down) - math.log(self.uncertain / self.across))
