"""The runs of this process on their way to the store, and those that dead processes left behind."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from segsweep.errors import OutageError
from segsweep.tracking.delivery import Delivery, Destination, readdress
from segsweep.tracking.protocol import RunDescription, Undelivered
from segsweep.tracking.spool import Parcel, SpooledRun, new_parcel, parcels
from segsweep.tracking.writers import OwnFolder, folders, left_behind

_ROUND_SECONDS = 10.0
"""Points of a run that goes on are delivered this often; a run that opens or ends, at once."""
_RETRY_SECONDS = 1.0
"""A store that is away is tried this often."""


class Outbox:
    """Delivers in a thread of its own, so that training waits for no store.

    Args:
        spool: folder; shared by all processes of this home.
        uri: of the store; runs that wait for another one are left alone.
        store: to deliver to.
    """

    def __init__(self, spool: Path, uri: str, store: Destination) -> None:
        self._spool = spool
        self._uri = uri
        self._store = store
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._own = OwnFolder(spool)
        self._deliveries: list[Delivery] = []
        self._refused: dict[str, str] = {}
        self._asked = 0
        self._answered = 0
        self._away = False

    def open(self, parent: str, sweep: str, description: RunDescription) -> SpooledRun:
        """A new run; it is there at once, in the store as soon as may be."""
        parcel = self.send(lambda folder: new_parcel(folder, self._uri, parent, sweep, description))
        return SpooledRun(parcel.folder, self._ask)

    def send(self, pack: Callable[[Path], Parcel]) -> Parcel:
        """Take in what is packed in a folder of this process."""
        with self._changed:
            parcel = pack(self._own.path())
            self._deliveries.append(Delivery(parcel))
        self._ask()
        return parcel

    def adopt(self, parent_of: Callable[[str], str]) -> tuple[str, ...]:
        """Send to this store what dead processes left for others.

        Args:
            parent_of: a sweep's name to its run in this store.

        Returns:
            The names of the sweeps whose runs these are.
        """
        adopted: dict[str, None] = {}
        for folder in left_behind(self._spool):
            for parcel in parcels(folder):
                if parcel.store != self._uri:
                    readdress(parcel, self._uri, parent_of(parcel.sweep))
                    adopted[parcel.sweep] = None
        return tuple(adopted)

    def flush(self) -> None:
        """Wait until all that was written before has been delivered, or cannot be now."""
        with self._changed:
            if self._deliveries and not self._away:
                number = self._ask()
                self._changed.wait_for(lambda: self._answered >= number)

    def deliver(self, patience: float, told: Callable[[int], None]) -> tuple[Undelivered, ...]:
        """Deliver what processes that ended left behind, and wait for those that have not.

        Args:
            patience: seconds without any success after which to give up.
            told: called with the number of runs that wait, as long as there are any.

        Returns:
            What could not be delivered.
        """
        fewest: int | None = None
        while True:
            self.flush()
            self._deliver_left_behind()
            waiting = self.undelivered()
            if all(run.refused is not None for run in waiting):
                return waiting
            if fewest is None or len(waiting) < fewest:
                fewest, since = len(waiting), time.monotonic()
            if time.monotonic() - since >= patience:
                return waiting
            time.sleep(_RETRY_SECONDS)
            told(len(waiting))

    def undelivered(self) -> tuple[Undelivered, ...]:
        """The runs for this store that have ended, or whose process has, and have not arrived."""
        left = {parcel.key for folder in left_behind(self._spool) for parcel in parcels(folder)}
        return tuple(
            Undelivered(parcel.description, parcel.ended, self._refused.get(parcel.key))
            for folder in folders(self._spool)
            for parcel in self._addressed(folder)
            if parcel.ended or parcel.key in left
        )

    def _deliver_left_behind(self) -> None:
        for folder in left_behind(self._spool):
            for parcel in self._addressed(folder):
                if parcel.key not in self._refused and self._try(Delivery(parcel)) is None:
                    return

    def _try(self, delivery: Delivery, *, last: bool = True) -> bool | None:
        """Deliver what there is of a run; whether no more is to come, None if the store is away."""
        try:
            done = delivery.advance(self._store) or last
            if done:
                delivery.forget()
        except (OutageError, OSError):
            return None
        except Exception as error:  # whatever ails one run, the thread goes on with the others
            self._refused[delivery.parcel.key] = str(error)
            return True
        return done

    def _ask(self) -> int:
        with self._changed:
            self._asked += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
                self._thread.start()
            self._changed.notify_all()
            return self._asked

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._deliveries:
                    self._own.leave()
                    self._thread, self._answered = None, self._asked
                    self._changed.notify_all()
                    return
                self._changed.wait_for(lambda: self._asked > self._answered, _ROUND_SECONDS)
                asked, deliveries = self._asked, list(self._deliveries)
            away = self._round(deliveries)
            with self._changed:
                self._away, self._answered = away, asked
                self._changed.notify_all()
            if away:
                time.sleep(_RETRY_SECONDS)

    def _round(self, deliveries: list[Delivery]) -> bool:
        """Try all of them; whether the store was away."""
        for delivery in deliveries:
            done = self._try(delivery, last=False)
            if done is None:
                return True
            if done:
                with self._changed:
                    self._deliveries.remove(delivery)
        return False

    def _addressed(self, folder: Path) -> list[Parcel]:
        return [parcel for parcel in parcels(folder) if parcel.store == self._uri]
