"""Claims on pieces of work, so that of several processes on one store one does each.

A claim is a blob that could be created only once; its number is a fence: whoever takes a claim over gets a higher one,
and what was done under a lower one no longer counts. A holder shows that it lives by a counter that it raises; the
observer needs no clock in common with it (DESIGN.md, section 10).
"""

import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass

from segsweep.errors import StoreError
from segsweep.store.blobs import Blobs
from segsweep.store.process import Process, this_process

PERIOD = 5.0
"""Seconds between two beats of a holder."""
MISSED = 3
"""A holder that misses this many beats is taken for gone."""
DONE = "finished"
"""The outcome after which work is not to be done again."""
_ENDED = ".ended"


@dataclass(frozen=True)
class Claim:
    """A claim that this process holds.

    Args:
        name: of the work.
        fence: counted from 1; higher than that of any earlier claim on this work.
    """

    name: str
    fence: int


@dataclass(frozen=True)
class Standing:
    """How it stands with the latest claim on some work.

    Args:
        name: of the work.
        fence: of the latest claim; 0 = there has been none.
        process: that took it; None = there has been none.
        outcome: what the holder said when it let go; None = it has not.
        beat: the holder's counter.
    """

    name: str
    fence: int = 0
    process: Process | None = None
    outcome: str | None = None
    beat: str | None = None

    @property
    def held(self) -> bool:
        """Whether somebody may be at it."""
        return self.process is not None and self.outcome is None and not self.process.is_gone()

    @property
    def done(self) -> bool:
        """Whether the work has been done; its result may still be on its way."""
        return self.outcome == DONE


class Claims:
    """The claims on one store; used as a context manager, which lets go of what is still held at its end.

    Args:
        blobs: the store.
        period: seconds between beats, the same for all who use the store.
    """

    def __init__(self, blobs: Blobs, period: float = PERIOD) -> None:
        self._blobs = blobs
        self._holder = uuid.uuid4().hex
        self._period = period
        self._quit = threading.Event()
        self._heart: threading.Thread | None = None
        self._open: set[Claim] = set()

    def __enter__(self) -> "Claims":
        return self

    def __exit__(self, *_: object) -> None:
        self._quit.set()
        with suppress(OSError, StoreError):  # what cannot be let go of now is so after a few missed beats
            for claim in sorted(self._open, key=lambda claim: claim.name):
                self.release(claim, "interrupted")
        if self._heart is not None:
            self._heart.join()
            with suppress(OSError, StoreError):
                self._blobs.delete(_beat(self._holder))

    def names(self) -> frozenset[str]:
        """All work that anybody has ever claimed; asked for in one go, where looking at each would take long."""
        return frozenset(blob.key.partition("/")[2].rpartition("/")[0] for blob in self._blobs.list(_folder("")))

    def look(self, name: str) -> Standing:
        """How it stands with some work."""
        keys = [blob.key for blob in self._blobs.list(f"{_folder(name)}/")]
        fence = max((int(key.rpartition("/")[2].removesuffix(_ENDED)) for key in keys), default=0)
        content = self._blobs.get(_key(name, fence)) if fence else None
        if content is None:
            return Standing(name, fence)
        taken = json.loads(content)
        ended = self._blobs.get(_key(name, fence) + _ENDED)
        outcome = None if ended is None else ended.decode()
        beat = self._blobs.get(_beat(taken["holder"])) if outcome is None else None
        return Standing(name, fence, Process(**taken["process"]), outcome, None if beat is None else beat.decode())

    def take(self, name: str, *, over: int = 0) -> Claim | None:
        """Claim some work.

        Args:
            name: of the work.
            over: the fence of a claim that is known to be void, though it looks held or the work done.

        Returns:
            The claim; None where somebody else holds it or has done the work.
        """
        standing = self.look(name)
        if (standing.held or standing.done) and standing.fence > over:
            return None
        self._beat_on()
        claim = Claim(name, standing.fence + 1)
        content = json.dumps({"holder": self._holder, "process": asdict(this_process())}).encode()
        if not self._blobs.create(_key(name, claim.fence), content):
            return None
        self._open.add(claim)
        return claim

    def is_current(self, claim: Claim) -> bool:
        """Whether nobody has taken a claim over."""
        return self.look(claim.name).fence == claim.fence

    def release(self, claim: Claim, outcome: str) -> None:
        """Let go of a claim, and say how the work ended."""
        self._blobs.put(_key(claim.name, claim.fence) + _ENDED, outcome.encode())
        self._open.discard(claim)

    def _beat_on(self) -> None:
        if self._heart is not None:
            return
        self._blobs.put(_beat(self._holder), b"0")
        self._heart = threading.Thread(target=self._beat, name="claims", daemon=True)
        self._heart.start()

    def _beat(self) -> None:
        count = 0
        while not self._quit.wait(self._period):
            count += 1
            with suppress(OSError, StoreError):  # the store is away or full: the next beat may get through
                self._blobs.put(_beat(self._holder), str(count).encode())


class Observer:
    """Who has stopped living, judged by this process's own clock.

    Args:
        claims: on the store.
        period: seconds between the beats of a holder.
        clock: seconds, never set back.
    """

    def __init__(self, claims: Claims, period: float = PERIOD, clock: Callable[[], float] = time.monotonic) -> None:
        self._claims = claims
        self._patience = MISSED * period
        self._clock = clock
        self._since: dict[str, tuple[Standing, float]] = {}

    def look(self, name: str) -> Standing:
        """How it stands with some work; remembers when it last saw a change."""
        standing = self._claims.look(name)
        if name not in self._since or self._since[name][0] != standing:
            self._since[name] = (standing, self._clock())
        return standing

    def is_free(self, name: str) -> bool:
        """Whether the work may be claimed: nobody is at it, or its holder has missed its beats."""
        standing = self.look(name)
        return not standing.held or self._clock() - self._since[name][1] >= self._patience

    def stale(self) -> Mapping[str, int]:
        """Name to fence of the claims seen so far whose holder has missed its beats."""
        now = self._clock()
        return {
            name: standing.fence
            for name, (standing, since) in self._since.items()
            if standing.held and now - since >= self._patience
        }


def _folder(name: str) -> str:
    return f"claims/{name}"


def _key(name: str, fence: int) -> str:
    return f"{_folder(name)}/{fence:06d}"


def _beat(holder: str) -> str:
    return f"beats/{holder}"
