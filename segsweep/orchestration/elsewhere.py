"""The trials of a launch that other processes are at, or were."""

import time
from collections.abc import Callable, Mapping, Sequence

from segsweep.errors import OutageError
from segsweep.orchestration.attempts import Attempts
from segsweep.orchestration.collect import RECORDED
from segsweep.spec.trials import Trial
from segsweep.store.claims import Claims, Observer, Standing

_WAIT_SECONDS = 2.0


class Elsewhere:
    """What the claims of others mean for the trials that a launch is to run.

    Args:
        trials: to run.
        claims: of this process.
        observer: of the claims of others.
    """

    def __init__(self, trials: Sequence[Trial], claims: Claims, observer: Observer) -> None:
        self._observer = observer
        claimed = claims.names()
        standings = [observer.look(trial.id) for trial in trials if trial.id in claimed]
        self._void = {standing.name: standing.fence for standing in standings if standing.done}

    @property
    def void(self) -> Mapping[str, int]:
        """Fences of claims that keep nobody from a trial: of the dead, and of the done without a tracked result."""
        return self._void

    def wait(
        self,
        attempts: Attempts,
        states: Callable[[], Mapping[str, str]],
        on_wait: Callable[[Sequence[Standing]], None],
    ) -> None:
        """Wait a moment for other processes; take over from those that are gone.

        Args:
            attempts: what is left, all of it elsewhere.
            states: asks the tracking store how trials stand.
            on_wait: told who is waited for.
        """
        standings = [self._observer.look(name) for name in attempts.busy]
        on_wait(standings)
        time.sleep(_WAIT_SECONDS)
        try:
            now = states()
        except OutageError:  # while the tracking store is away, nothing is learnt of the others
            return
        attempts.drop(name for name in attempts.busy if now[name] in RECORDED)
        gone = {standing.name: standing.fence for standing in standings if standing.done and _is_gone(standing)}
        self._void |= self._observer.stale()
        self._void |= gone
        attempts.release(name for name in attempts.busy if name in gone or self._observer.is_free(name))


def _is_gone(standing: Standing) -> bool:
    return standing.process is not None and standing.process.is_gone()
