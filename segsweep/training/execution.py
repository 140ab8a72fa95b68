"""How the lanes of a cohort take a batch: in turn, or stacked into one network."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from segsweep.data.batches import Batch
from segsweep.training.lane import Lane

Named = Sequence[tuple[str, Lane]]
"""Lanes by name."""
Each = Callable[[Named, Callable[[str, Lane], Any]], None]
"""Does something with each lane; what one of them raises ends that one alone, and its time is booked on it."""


class Execution(Protocol):
    """One way to train and judge all lanes on a batch that was made once."""

    def step(self, lanes: Named, batch: Batch, each: Each, *, seed: int) -> None:
        """One optimizer step of every lane.

        Args:
            lanes: at least one.
            batch: images and targets on the lanes' device.
            each: runs what concerns one lane alone.
            seed: of the dropout of this step; all lanes draw the same.
        """
        ...

    def judge(self, lanes: Named, batch: Batch, each: Each) -> None:
        """Every lane looks at one selection batch."""
        ...
