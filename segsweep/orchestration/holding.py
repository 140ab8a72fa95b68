"""What one process does at a time, a launch of a sweep or a sync of a home, and how somebody else can stop a launch."""

import time
from collections.abc import Callable

from segsweep.errors import GridError, InputError
from segsweep.store.blobs import Blobs
from segsweep.store.claims import Claim, Claims, Observer
from segsweep.store.process import Process

_LOOK_SECONDS = 1.0
_SYNC = "sync"


def hold_sweep(sweep: str, claims: Claims, observer: Observer) -> Claim:
    """Claim a sweep for one launcher.

    A launcher on another machine that may have died is watched until it beats, or is known to be gone.

    Raises:
        GridError: another process is launching the sweep.
    """
    refused = f"{sweep}: this sweep is being launched by"
    return _hold(sweep_claim(sweep), claims, observer, lambda holder: GridError(f"{refused} {holder}"))


def hold_sync(claims: Claims, observer: Observer) -> Claim:
    """Claim the home that these claims are on for one sync, so that nothing is copied twice.

    Raises:
        InputError: another process is at it.
    """
    refused = "this folder is being synchronised by"
    return _hold(_SYNC, claims, observer, lambda holder: InputError(f"{refused} {holder}"))


def _hold(name: str, claims: Claims, observer: Observer, refusal: Callable[[Process | None], InputError]) -> Claim:
    """Claim something, or refuse it with the name of the process that has it."""
    first = observer.look(name)
    while (claim := claims.take(name, over=observer.stale().get(name, 0))) is None:
        standing = observer.look(name)
        if standing.held and (standing.process is None or standing.process.is_here() or standing != first):
            raise refusal(standing.process)
        time.sleep(_LOOK_SECONDS)
    return claim


def sweep_claim(sweep: str) -> str:
    """The name of the claim that the launcher of a sweep holds."""
    return f"sweeps/{sweep}"


def ask_cancel(sweep: str, blobs: Blobs) -> None:
    """Ask whoever launches a sweep to stop."""
    blobs.put(_cancel_key(sweep), b"")


def cancel(sweep: str, blobs: Blobs) -> None:
    """Stop the launch of a sweep, wherever it runs; returns when it has ended.

    Raises:
        InputError: nobody launches the sweep.
    """
    with Claims(blobs) as claims:
        observer = Observer(claims)
        if not observer.look(sweep_claim(sweep)).held:
            raise InputError(f"{sweep}: nobody launches it now, as far as {blobs} knows")
        ask_cancel(sweep, blobs)
        while not observer.is_free(sweep_claim(sweep)):
            time.sleep(_LOOK_SECONDS)


def is_cancelled(sweep: str, blobs: Blobs) -> bool:
    """Whether somebody has asked for it since the sweep was launched."""
    return blobs.get(_cancel_key(sweep)) is not None


def clear_cancel(sweep: str, blobs: Blobs) -> None:
    """Forget what was asked of an earlier launch."""
    blobs.delete(_cancel_key(sweep))


def _cancel_key(sweep: str) -> str:
    return f"cancel/{sweep}"
