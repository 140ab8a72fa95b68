"""Slices on workers over time: which comes next, which trains a warm start, which waits for one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush


@dataclass(frozen=True)
class Load:
    """What a slice costs a worker, in seconds or in any other unit.

    Args:
        before: until it needs its warm start.
        warm_start: id of that; None = from scratch.
        warm: to train the warm start, which only the first slice that needs it does.
        after: all the rest.
    """

    before: float
    warm_start: str | None
    warm: float
    after: float


@dataclass(frozen=True)
class Placed:
    """A slice in its place.

    Args:
        number: of the slice.
        start: when a worker takes it.
        warm: when its warm start is there.
        end: when the worker is free again.
    """

    number: int
    start: float
    warm: float
    end: float


WarmStarts = Mapping[str, float]
"""Id to the moment at which it is there; those that nobody trains yet are missing."""


def times(load: Load, now: float, warm_starts: WarmStarts) -> tuple[float, float, float]:
    """Start, warm start and end of a slice.

    Args:
        load: of the slice.
        now: when a worker takes it.
        warm_starts: that are there or in the making.
    """
    opened = now + load.before
    if load.warm_start is None:
        warm = opened
    elif load.warm_start in warm_starts:
        warm = max(opened, warm_starts[load.warm_start])
    else:
        warm = opened + load.warm
    return now, warm, warm + load.after


def run_in_order(loads: Sequence[Load], workers: int) -> list[Placed]:
    """What happens when each free worker takes the next slice.

    Args:
        loads: of the slices, in order.
        workers: slices that run side by side.
    """
    return _run(loads, workers, lambda waiting, now, warm_starts: waiting[0])


def longest_first(loads: Sequence[Load], workers: int) -> list[int]:
    """The order in which to hand out slices, so that the last ones leave little of the cluster idle.

    A free worker takes the longest slice that need not wait for another's warm start; where all must wait, the one that
    waits least. Equally long ones keep their order.

    Args:
        loads: of the slices.
        workers: slices that run side by side.
    """

    def choose(waiting: Sequence[int], now: float, warm_starts: WarmStarts) -> int:
        def merit(number: int) -> tuple[float, float]:
            start, *_, end = times(loads[number], now, warm_starts)
            idle = max(0.0, warm_starts.get(str(loads[number].warm_start), 0.0) - start - loads[number].before)
            return -idle, end - start

        return max(waiting, key=merit)

    return [placed.number for placed in _run(loads, workers, choose)]


def _run(
    loads: Sequence[Load], workers: int, choose: Callable[[Sequence[int], float, WarmStarts], int]
) -> list[Placed]:
    """Slices in the order in which they start."""
    free = [0.0] * workers
    heapify(free)
    warm_starts: dict[str, float] = {}
    waiting = list(range(len(loads)))
    placed: list[Placed] = []
    while waiting:
        now = heappop(free)
        number = choose(waiting, now, warm_starts)
        waiting.remove(number)
        start, warm, end = times(loads[number], now, warm_starts)
        if (needed := loads[number].warm_start) is not None:
            warm_starts.setdefault(needed, warm)
        placed.append(Placed(number, start, warm, end))
        heappush(free, end)
    return placed
