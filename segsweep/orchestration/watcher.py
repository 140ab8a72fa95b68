"""Whoever is told what a launch does while it does it."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from segsweep.errors import InputError
from segsweep.orchestration.executor import CandidateEvent, SliceEvent
from segsweep.orchestration.left import Left
from segsweep.orchestration.slices import Slice
from segsweep.spec.trials import Trial
from segsweep.store.claims import Standing


class Watcher(Protocol):
    """Told what a launch does while it does it."""

    def on_left(self, left: Left) -> None:
        """What there is to run."""
        ...

    def copying(self) -> AbstractContextManager[Callable[[str, int, int], None]]:
        """Datasets are being brought here from a bucket: a function of (dataset, bytes done, bytes in all)."""
        ...

    def decoding(self) -> AbstractContextManager[Callable[[str, int, int], None]]:
        """Cases are being decoded: a function of (dataset, cases done, cases in all)."""
        ...

    def measuring(self) -> AbstractContextManager[Callable[[int, int], None]]:
        """What trials cost is being measured: a function of (shapes done, shapes in all)."""
        ...

    def searching(self, untried: int) -> AbstractContextManager[Callable[[CandidateEvent], None]]:
        """So many candidates are being tried: a function of what happens to one."""
        ...

    def training(self) -> AbstractContextManager[Callable[[int, Slice, SliceEvent], None]]:
        """Slices are being run: a function of (number of slices, the slice, its event)."""
        ...

    def predicting(self) -> AbstractContextManager[Callable[[int, int], None]]:
        """Images are being predicted: a function of (images done, images in all)."""
        ...

    def on_notice(self, sentence: str) -> None:
        """Something about the data stops nothing and should be known before anything is trained."""
        ...

    def on_refused(self, trials: Sequence[Trial], error: InputError) -> None:
        """The data of some trials cannot be used."""
        ...

    def on_wait(self, standings: Sequence[Standing]) -> None:
        """All that is left is being done by other processes."""
        ...

    def on_undelivered(self, waiting: int) -> None:
        """Some runs have not arrived in the tracking store yet."""
        ...


class SilentWatcher:
    """Says nothing."""

    def on_left(self, left: Left) -> None:
        """Nothing."""

    def copying(self) -> AbstractContextManager[Callable[[str, int, int], None]]:
        """Nothing."""
        return nullcontext(lambda dataset, done, total: None)

    def decoding(self) -> AbstractContextManager[Callable[[str, int, int], None]]:
        """Nothing."""
        return nullcontext(lambda dataset, done, total: None)

    def measuring(self) -> AbstractContextManager[Callable[[int, int], None]]:
        """Nothing."""
        return nullcontext(lambda done, total: None)

    def searching(self, untried: int) -> AbstractContextManager[Callable[[CandidateEvent], None]]:
        """Nothing."""
        return nullcontext(lambda event: None)

    def training(self) -> AbstractContextManager[Callable[[int, Slice, SliceEvent], None]]:
        """Nothing."""
        return nullcontext(lambda slices, piece, event: None)

    def predicting(self) -> AbstractContextManager[Callable[[int, int], None]]:
        """Nothing."""
        return nullcontext(lambda done, total: None)

    def on_notice(self, sentence: str) -> None:
        """Nothing."""

    def on_refused(self, trials: Sequence[Trial], error: InputError) -> None:
        """Nothing."""

    def on_wait(self, standings: Sequence[Standing]) -> None:
        """Nothing."""

    def on_undelivered(self, waiting: int) -> None:
        """Nothing."""
