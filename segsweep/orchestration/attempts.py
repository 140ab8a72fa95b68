"""Which trials of a launch are still to be run, attempt by attempt."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from segsweep.spec.trials import Trial
from segsweep.tracking.protocol import Ending

_ELSEWHERE = ("running", "superseded")
"""Another process is at the trial, or has taken it over."""


@dataclass(frozen=True)
class Round:
    """Trials that are run together.

    Args:
        trials: to run.
        alone: whether each has a worker, and the GPU, for itself: one of them may have been too large beside others.
    """

    trials: tuple[Trial, ...]
    alone: bool


class Attempts:
    """The trials of a launch until each has come to its end.

    Args:
        trials: to run.
        retry: further attempts for a trial that was interrupted by what may go well another time.
    """

    def __init__(self, trials: Sequence[Trial], retry: int) -> None:
        self._retry = retry
        self._left = {trial.id: trial for trial in trials}
        self._failures: Counter[str] = Counter()
        self._busy: set[str] = set()
        self._unheard: set[str] = set()
        self.endings: dict[str, Ending] = {}

    @property
    def left(self) -> bool:
        """Whether there is a trial that has not come to its end."""
        return bool(self._left)

    @property
    def busy(self) -> tuple[str, ...]:
        """The trials that another process is at, in order."""
        return tuple(name for name in self._left if name in self._busy)

    def next(self) -> Round | None:
        """What to run now; None where all that is left is elsewhere. First attempts come before further ones."""
        self.heard({name: Ending("interrupted", "nothing was heard of it", "killed") for name in self._unheard})
        free = [trial for name, trial in self._left.items() if name not in self._busy]
        first = tuple(trial for trial in free if not self._failures[trial.id])
        chosen = first or tuple(free)
        self._unheard = {trial.id for trial in chosen}
        return Round(chosen, alone=not first) if chosen else None

    def is_last(self, round_: Round) -> bool:
        """Whether no further attempt follows for the trials of a round."""
        return all(self._failures[trial.id] >= self._retry for trial in round_.trials)

    def heard(self, endings: Mapping[str, Ending]) -> None:
        """Take in how trials ended."""
        for name, ending in list(endings.items()):
            self._unheard.discard(name)
            if name not in self._left:
                continue
            if ending.state in _ELSEWHERE:
                self._busy.add(name)
            elif ending.state == "interrupted" and self._failures[name] < self._retry:
                self._failures[name] += 1
            else:
                self.endings[name] = ending
                del self._left[name]

    def release(self, names: Iterable[str]) -> None:
        """Trials that another process was at may be run here."""
        self._busy.difference_update(names)

    def drop(self, names: Iterable[str]) -> None:
        """Trials that are not run by this launch, or that another one has finished."""
        for name in list(names):
            self._unheard.discard(name)
            self._left.pop(name, None)
