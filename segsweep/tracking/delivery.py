"""One run's way from its folder to the store: once, however often it is tried and by whomever."""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from segsweep.tracking.protocol import Ending, Point, RunDescription
from segsweep.tracking.spool import Parcel, describe, write_whole

_RUN_ID = "run_id"
_CREATING = "creating"


class Destination(Protocol):
    """What a store offers to those who deliver. All but `create_run` may be done twice and change nothing then.

    All of it raises `OutageError` while the store cannot be reached, and another `TrackingError` where it refuses.
    """

    def create_run(self, parent: str, description: RunDescription, key: str, opened: float) -> str:
        """A new run; returns the store's name for it."""
        ...

    def keyed(self, parent: str, key: str) -> list[str]:
        """The runs that were created with a key, the first one first."""
        ...

    def log_parameters(self, run_id: str, parameters: Mapping[str, str]) -> None:
        """Set a run's parameters."""
        ...

    def log_points(self, run_id: str, points: Iterable[Point]) -> None:
        """Add points to curves."""
        ...

    def upload(self, run_id: str, paths: Iterable[Path]) -> None:
        """Attach files, in place of older ones of the same name."""
        ...

    def end(self, run_id: str, ending: Ending, at: float | None = None) -> None:
        """Close a run, at a time in seconds since the epoch (1970); None = now."""
        ...


def readdress(parcel: Parcel, store: str, parent: str) -> None:
    """Send a run to another store than the one that it was written for."""
    for name in (_RUN_ID, _CREATING):
        (parcel.folder / name).unlink(missing_ok=True)
    describe(parcel.folder, replace(parcel, store=store, parent=parent))


class Delivery:
    """One run on its way.

    Args:
        parcel: its folder.
    """

    def __init__(self, parcel: Parcel) -> None:
        self.parcel = parcel
        self._described = False
        self._sent = 0

    def advance(self, store: Destination) -> bool:
        """Deliver what is there.

        Args:
            store: to deliver to.

        Returns:
            Whether that was all: the run has ended, and all of it has arrived.

        Raises:
            TrackingError: the store is away, or refuses.
        """
        ended = self.parcel.ended  # looked at first: what is there then is there whole
        run_id = self._run_id(store)
        if not self._described:
            store.log_parameters(run_id, self.parcel.description.parameters)
            self._described = True
        points, after = self.parcel.points(self._sent)
        store.log_points(run_id, points)
        self._sent = after
        if ended:
            store.upload(run_id, self.parcel.files())
            self._supersede_doubles(store, run_id)
            store.end(run_id, *self.parcel.ending())
        return ended

    def forget(self) -> None:
        """Remove the folder, of which all has arrived."""
        gone = self.parcel.folder.with_name(f".{self.parcel.key}")
        self.parcel.folder.rename(gone)  # at once, so that nobody finds half of it
        shutil.rmtree(gone)

    def _run_id(self, store: Destination) -> str:
        """The run, created if nobody has; after a doubt it is looked for."""
        known, creating = self.parcel.folder / _RUN_ID, self.parcel.folder / _CREATING
        if known.exists():
            return known.read_text()
        parcel, in_doubt = self.parcel, creating.exists()
        found = store.keyed(parcel.parent, parcel.key) if in_doubt else []
        if not found:
            creating.touch()
            found = [store.create_run(parcel.parent, parcel.description, parcel.key, parcel.opened)]
        write_whole(known, found[0])
        if not in_doubt:
            creating.unlink()
        return found[0]

    def _supersede_doubles(self, store: Destination, run_id: str) -> None:
        """A request that was given up may have been served after it was asked about."""
        if (self.parcel.folder / _CREATING).exists():
            for double in store.keyed(self.parcel.parent, self.parcel.key):
                if double != run_id:
                    store.end(double, Ending("superseded", "created twice while the store was away"))
