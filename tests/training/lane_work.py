"""Doing something with each lane, as a training does."""

from collections.abc import Callable
from typing import Any

from segsweep.training.execution import Each, Named
from segsweep.training.lane import Lane


def each(lanes: Named, work: Callable[[str, Lane], Any]) -> None:
    for name, lane in lanes:
        work(name, lane)


def noting(failed: list[str]) -> Each:
    """One that goes on after what a lane raises, and notes its name."""

    def careful(lanes: Named, work: Callable[[str, Lane], Any]) -> None:
        for name, lane in lanes:
            try:
                work(name, lane)
            except RuntimeError:
                failed.append(name)

    return careful
