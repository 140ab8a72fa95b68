"""How long work may take on H200s, under two assumptions about their speed. Neither was measured."""

from typing import NamedTuple

from papers.work import Work
from segsweep.reports.numbers import NOTHING

PEAK = 989e12
"""Operations in a second: bfloat16 on dense matrices, NVIDIA's data sheet of the H200 SXM."""


class Speed(NamedTuple):
    """Of one GPU.

    Args:
        launch: seconds that a pass takes however little it computes.
        share: of the peak at which it computes.
    """

    launch: float
    share: float

    def __str__(self) -> str:
        """`2 ms and 10 %`."""
        return f"{1000 * self.launch:g} ms and {100 * self.share:g} %"

    def hours(self, work: Work) -> float:
        """On one GPU."""
        return (work.passes * self.launch + work.operations / (self.share * PEAK)) / 3600


QUICK, SLOW = Speed(0.002, 0.1), Speed(0.02, 0.01)


def hours(work: Work, gpus: int) -> str:
    """`0.3 to 3.1`, for work that divides evenly; a dash where there is none."""
    if work == Work():
        return NOTHING
    ends = (speed.hours(work) / gpus for speed in (QUICK, SLOW))
    return " to ".join(f"{end:.2g}" if end < 10 else f"{end:.0f}" for end in ends)
