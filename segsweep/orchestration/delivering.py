"""Waiting for a tracking store that is away, and for what has been recorded to arrive in it."""

import time
from collections.abc import Callable
from typing import TypeVar

from segsweep.errors import OutageError
from segsweep.orchestration.home import Home
from segsweep.tracking.protocol import Tracker, Undelivered

PATIENCE = 60.0
"""Seconds for which the store may take nothing before a launch ends without it."""
_PAUSE = 1.0

T = TypeVar("T")


def await_delivery(tracker: Tracker, home: Home, told: Callable[[int], None]) -> tuple[Undelivered, ...]:
    """Wait until all runs of this home have arrived; a store that stays away is not waited for.

    Args:
        tracker: the store.
        home: folder.
        told: called now and then with the number of runs that wait.

    Returns:
        The runs that the store refuses.

    Raises:
        OutageError: the store is away; says how many trials wait, and where.
    """
    waiting = tracker.deliver(PATIENCE, told)
    refused = tuple(run for run in waiting if run.refused is not None)
    if len(refused) < len(waiting):
        kept = sum(run.ended and run.description.kind == "trial" for run in waiting)
        trials = "1 trial is" if kept == 1 else f"{kept} trials are"
        raise OutageError(
            f"the tracking store is away: {trials} complete and kept in {home.spool}; `segsweep sync` delivers them"
        )
    return refused


def outlast_outage(act: Callable[[], T]) -> T:
    """Do what needs the store, again from its start while the store is away; one that stays away is not waited for.

    Args:
        act: may be done twice and changes nothing then.

    Raises:
        OutageError: the store is away.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return act()
        except OutageError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)
