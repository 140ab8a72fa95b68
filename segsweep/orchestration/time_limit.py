"""No slice is started that would not end in time."""

import time
from collections.abc import Callable, Collection

from segsweep.orchestration.forecast import AROUND_SECONDS, Measurements, loads_of
from segsweep.orchestration.outlook import Outlook
from segsweep.orchestration.schedule import times
from segsweep.orchestration.slices import Slice, by_cohort


class TimeLimit:
    """Asked before a slice starts: whether it will have ended by then, if its forecast holds.

    A slice that is refused may be followed by a shorter one that is not.

    Args:
        ends: the limit, in seconds of `clock`.
        measurements: of every shape of the sweep.
        trained: ids of warm starts that are there already.
        clock: tells the time.
    """

    def __init__(
        self,
        ends: float,
        measurements: Measurements,
        *,
        trained: Collection[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ends = ends
        self._measurements = measurements
        self._trained = trained
        self._clock = clock
        self._warm_starts: dict[str, float] = {}

    def __call__(self, piece: Slice) -> bool:
        """Whether a slice may start now; if so, it does. The trials of a candidate, of several cohorts, take turns."""
        warm_starts, end = dict(self._warm_starts), self._clock()
        slices = tuple(by_cohort(piece).values())
        for load in loads_of(slices, self._measurements, trained=self._trained):
            _, warm, end = times(load, end, warm_starts)
            if load.warm_start is not None:
                warm_starts.setdefault(load.warm_start, warm)
        if end > self._ends:
            return False
        self._warm_starts = warm_starts
        return True


def time_limit(hours: float, began: float, outlook: Outlook, *, trained: Collection[str]) -> TimeLimit:
    """A limit for the launch of a sweep; it leaves time for the report.

    Args:
        hours: from `began`.
        began: of `time.monotonic`, when the command was given.
        outlook: in which all shapes of the sweep were measured.
        trained: ids of warm starts that are there already.
    """
    measurements = {name: probed.measured for name, probed in outlook.probed.items()}
    return TimeLimit(began + 3600 * hours - AROUND_SECONDS, measurements, trained=trained)
