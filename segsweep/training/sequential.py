"""Each lane in turn: the numbers of a lane are those that it would have alone, to the last bit."""

from segsweep.data.batches import Batch
from segsweep.training.execution import Each, Named


class Sequential:
    """One forward and one backward pass per lane."""

    def step(self, lanes: Named, batch: Batch, each: Each, *, seed: int) -> None:
        """One optimizer step of every lane."""
        each(lanes, lambda name, lane: lane.step(batch, seed=seed))

    def judge(self, lanes: Named, batch: Batch, each: Each) -> None:
        """Every lane looks at one selection batch."""
        each(lanes, lambda name, lane: lane.judge(batch))
