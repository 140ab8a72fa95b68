"""The run of a sweep in the tracking store while it is launched, and the runs under it that nobody goes on with."""

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from segsweep.errors import TrackingError
from segsweep.orchestration.collect import refresh
from segsweep.orchestration.environment import environment_tags
from segsweep.records.manifest import Manifest
from segsweep.spec.grid import Sweep
from segsweep.store.claims import Claims, Observer
from segsweep.tracking.protocol import SWEEP_FILE, Ending, RunRecord, Tracker

_WORKER_SECONDS = 5.0


class SweepRun:
    """The parent of the trials' runs.

    Args:
        sweep: what is launched.
        folder: of the sweep.
        tracker: store, prepared.
        claims: of this process.
        observer: of the claims of others.
    """

    def __init__(self, sweep: Sweep, folder: Path, tracker: Tracker, claims: Claims, observer: Observer) -> None:
        self._sweep = sweep
        self._folder = folder
        self._tracker = tracker
        self._claims = claims
        self._observer = observer
        self._id: str | None = None
        self._lost: dict[str, Ending] = {}

    @property
    def id(self) -> str:
        """Of the run, which is opened when there is first something to write to it: bad input leaves none behind."""
        if self._id is None:
            self._id = self._tracker.open_sweep(self._sweep.name, environment_tags())
            self.end_left()
        return self._id

    def lose(self, endings: Mapping[str, Ending]) -> None:
        """Remember why trials were interrupted: their runs may not have been there to be told."""
        self._lost |= {trial: ending for trial, ending in endings.items() if ending.state == "interrupted"}

    def end_left(self) -> None:
        """Close the runs whose process is no more; one that is known to have been lost may take a moment to go."""
        self._tracker.flush()
        deadline = time.monotonic() + _WORKER_SECONDS
        for run in self._tracker.running(self.id):
            while run.trial in self._lost and not self._is_left(run) and time.monotonic() < deadline:
                time.sleep(_WORKER_SECONDS / 50)
            if self._is_left(run):
                self._tracker.end(run.run_id, self._lost.get(run.trial, Ending("interrupted")))

    def _is_left(self, run: RunRecord) -> bool:
        return self._observer.look(run.trial).fence != run.fence or self._observer.is_free(run.trial)

    def interrupt(self) -> None:
        """Close it in the middle, once the workers, which were told to end, have."""
        if self._id is None:
            return
        with suppress(TrackingError):  # what ended the launch is to be told, not that the store is away too
            self._await_workers(self._id)
            self.end_left()
            self._tracker.close_sweep(self._id, "interrupted")

    def write(self, manifest: Manifest) -> Manifest:
        """Keep the list of trials with their states as they are now, in the store and in the folder."""
        run = self.id
        told = {trial: (ending.reason, ending.kind) for trial, ending in self._lost.items()}
        now = refresh(manifest, self._tracker).with_reasons(told)
        # in the folder too: what waits for a lost store may go to another
        (self._folder / SWEEP_FILE).write_bytes(now.to_json())
        self._tracker.write_files(run, {SWEEP_FILE: now.to_json(), "grid.yaml": self._sweep.text.encode()})
        return now

    def _await_workers(self, run: str) -> None:
        deadline = time.monotonic() + _WORKER_SECONDS
        while time.monotonic() < deadline:
            if not any(self._claims.look(child.trial).held for child in self._tracker.running(run)):
                return
            time.sleep(_WORKER_SECONDS / 50)
