"""Which slice starts next."""

from collections.abc import Callable, Sequence

from segsweep.orchestration.executor import SliceEvent
from segsweep.orchestration.slices import Slice


class Queue:
    """Slices in their order, except that nobody waits for a warm start while there is something else to do.

    Args:
        slices: in the order in which they should start.
        may_start: asked just before a slice starts; one that may not is left out.
    """

    def __init__(self, slices: Sequence[Slice], may_start: Callable[[Slice], bool]) -> None:
        self._slices = slices
        self._may_start = may_start
        self._waiting = list(range(len(slices)))
        self._warming: dict[int, str] = {}
        self._running: set[int] = set()

    @property
    def waiting(self) -> int:
        """How many slices have neither started nor been left out."""
        return len(self._waiting)

    @property
    def running(self) -> tuple[int, ...]:
        """The slices that have started and are not over, in order."""
        return tuple(sorted(self._running))

    def next(self) -> int | None:
        """The number of the slice to start now; None where there is none left."""
        order = sorted(self._waiting, key=lambda number: self._warm_start(number) in self._warming.values())
        for number in order:
            self._waiting.remove(number)
            if self._may_start(self._slices[number]):
                warm_start = self._warm_start(number)
                if warm_start is not None and warm_start not in self._warming.values():
                    self._warming[number] = warm_start
                self._running.add(number)
                return number
        return None

    def heard(self, event: SliceEvent) -> None:
        """Take in that a slice has its warm start, or is over."""
        if event.phase not in ("data", "warm start"):
            self._warming.pop(event.number, None)
        if event.phase in ("ended", "lost"):
            self._running.discard(event.number)

    def _warm_start(self, number: int) -> str | None:
        return self._slices[number][0].warm_start_id
