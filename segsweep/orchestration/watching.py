"""What a launch does at the news of its slices, and now and then in between."""

import time
from collections.abc import Callable, Mapping, Sequence

from segsweep.errors import LaunchEnded
from segsweep.orchestration.attempts import Attempts
from segsweep.orchestration.executor import SliceEvent
from segsweep.orchestration.holding import is_cancelled
from segsweep.orchestration.slices import Slice
from segsweep.store.blobs import Blobs
from segsweep.tracking.protocol import Ending

_MANIFEST_SECONDS = 30.0
"""While a sweep runs, its manifest is brought up to date this often at most: it asks the store once per cohort."""
_CANCEL_SECONDS = 2.0
"""The store is asked this often whether the launch is to stop."""


def check_cancel(sweep: str, blobs: Blobs) -> None:
    """Stop where somebody has asked for it.

    Raises:
        LaunchEnded: so it is.
    """
    if is_cancelled(sweep, blobs):
        raise LaunchEnded(f"{sweep}: cancelled; the same command goes on where it was left")


class Clock:
    """What is done every few seconds while others work.

    Args:
        sweep: its name.
        blobs: where a launch is asked to stop.
        keep_manifest: brings the list of trials up to date, for whoever looks at the sweep meanwhile.
    """

    def __init__(self, sweep: str, blobs: Blobs, keep_manifest: Callable[[], None]) -> None:
        self._sweep = sweep
        self._blobs = blobs
        self._keep_manifest = keep_manifest
        self._written = self._asked = time.monotonic()

    def tick(self, *, over: bool) -> None:
        """Time has passed.

        Args:
            over: whether something has come to its end.

        Raises:
            LaunchEnded: the launch was cancelled.
        """
        now = time.monotonic()
        if now - self._asked > _CANCEL_SECONDS:
            self._asked = now
            check_cancel(self._sweep, self._blobs)
        if over and now - self._written > _MANIFEST_SECONDS:
            self._written = now
            self._keep_manifest()


class Watch:
    """Takes in the events of slices.

    Args:
        attempts: which trials are left.
        lose: told how trials ended.
        on_event: called with (number of slices, the slice, the event).
        clock: of the launch.
        fail_fast: whether the first failed trial ends the launch.
    """

    def __init__(
        self,
        attempts: Attempts,
        lose: Callable[[Mapping[str, Ending]], None],
        on_event: Callable[[int, Slice, SliceEvent], None],
        clock: Clock,
        *,
        fail_fast: bool,
    ) -> None:
        self._attempts = attempts
        self._lose = lose
        self._on_event = on_event
        self._clock = clock
        self._fail_fast = fail_fast

    def on_event(self, slices: Sequence[Slice], event: SliceEvent) -> None:
        """Hear an event of one of the slices.

        Raises:
            LaunchEnded: the launch was cancelled, or a trial failed and the first failure is to end it.
        """
        piece = slices[event.number]
        over = event.phase in ("ended", "lost")
        if over:
            endings = _endings(piece, event)
            self._lose(endings)
            self._attempts.heard(endings)
        self._on_event(len(slices), piece, event)
        if self._fail_fast:
            _refuse_failure(piece, event.endings)
        self._clock.tick(over=over)


def _endings(piece: Slice, event: SliceEvent) -> Mapping[str, Ending]:
    """How the trials of a slice ended, those of a lost worker included."""
    endings = dict(event.endings)
    if event.lost is not None:
        endings |= {trial.id: event.lost for trial in piece if trial.id not in endings}
    return endings


def _refuse_failure(piece: Slice, endings: Mapping[str, Ending]) -> None:
    for trial in piece:
        ending = endings.get(trial.id)
        if ending is not None and ending.state == "failed":
            raise LaunchEnded(f"stopped at the first failure: {trial.setting}: {ending.reason}")
