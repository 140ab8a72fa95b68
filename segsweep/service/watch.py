"""The sweeps of a tracking store as they stood a moment ago: requests read this and never wait for the store."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from segsweep.errors import SegsweepError, TrackingError
from segsweep.orchestration.collect import refresh
from segsweep.records.manifest import Manifest
from segsweep.service.content import page_key, results_key
from segsweep.tracking.protocol import SWEEP_FILE, Reader, SweepRecord

_SETTLED_SECONDS = 300.0
"""How often a sweep that nobody launches is read again: another sweep may have run a trial that it shares."""
_log = logging.getLogger("segsweep.service")


@dataclass(frozen=True)
class WatchedSweep:
    """A sweep as it stood when the store was last asked.

    Args:
        record: of the store.
        manifest: its trials with their states.
        results: key of its results.
        page: key of its pages.
        counts: trials by state.
        read: when the store was asked, monotonic seconds.
    """

    record: SweepRecord
    manifest: Manifest
    results: str
    page: str
    counts: Mapping[str, int]
    read: float

    @property
    def name(self) -> str:
        """Of the sweep."""
        return self.record.name

    @property
    def running(self) -> bool:
        """Whether it is being launched."""
        return self.record.state == "running"


@dataclass(frozen=True)
class Snapshot:
    """Everything that is known.

    Args:
        sweeps: by name, in the order of the store.
        at: when the store last answered, seconds since the epoch (1970); None before it first has.
        problem: why it does not answer now.
    """

    sweeps: Mapping[str, WatchedSweep] = field(default_factory=dict)
    at: float | None = None
    problem: str | None = None


class Watch:
    """Asks the store again and again.

    Args:
        open_tracker: opens the store; called again until it succeeds.
        seconds: between two rounds.
        view: see `Settings.view`.
        on_round: told after each round.
    """

    def __init__(
        self, open_tracker: Callable[[], Reader], seconds: float, view: str, on_round: Callable[[], None]
    ) -> None:
        self.snapshot = Snapshot()
        self._open_tracker = open_tracker
        self._tracker: Reader | None = None
        self._seconds = seconds
        self._view = view
        self._on_round = on_round

    @property
    def tracker(self) -> Reader:
        """The store.

        Raises:
            TrackingError: it has not answered yet.
        """
        if self._tracker is None:
            raise TrackingError(self.snapshot.problem or "the tracking store has not answered yet")
        return self._tracker

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            await self.round()
            await asyncio.sleep(self._seconds)

    async def round(self) -> None:
        """Ask once; what is known stays known where the store does not answer."""
        try:
            sweeps = await asyncio.to_thread(self._ask)
        except SegsweepError as error:
            if self.snapshot.problem is None:
                _log.warning("the tracking store does not answer", extra={"reason": str(error)})
            self.snapshot = Snapshot(self.snapshot.sweeps, self.snapshot.at, str(error))
        else:
            self.snapshot = Snapshot(sweeps, time.time())
        self._on_round()

    def _ask(self) -> dict[str, WatchedSweep]:
        if self._tracker is None:
            self._tracker = self._open_tracker()
        found: dict[str, WatchedSweep] = {}
        for record in self._tracker.sweeps():
            known = self.snapshot.sweeps.get(record.name)
            if known is not None and _settled(known, record):
                found[record.name] = known
                continue
            try:
                found[record.name] = _read(record, self._tracker, self._view)
            except TrackingError as error:
                # a sweep that has just been opened has no manifest yet; one that is broken must not hide the others
                _log.info("a sweep cannot be read", extra={"sweep": record.name, "reason": str(error)})
                if known is not None:
                    found[record.name] = known
        return found


def _settled(known: WatchedSweep, record: SweepRecord) -> bool:
    return known.record == record and not known.running and time.monotonic() - known.read < _SETTLED_SECONDS


def _read(record: SweepRecord, tracker: Reader, view: str) -> WatchedSweep:
    manifest = refresh(Manifest.from_json(tracker.read_file(record.run_id, SWEEP_FILE)), tracker)
    results = results_key(manifest, view)
    counts = Counter(entry.state for entry in manifest.entries)
    return WatchedSweep(record, manifest, results, page_key(record, results), counts, time.monotonic())
