"""The look at the selection cases before the first epoch, when all lanes of a cohort still have the same weights."""

import torch

from segsweep.data.batches import Batch
from segsweep.training.execution import Each, Named
from segsweep.training.lane import Lane


@torch.no_grad()
def first_look(lanes: Named, batch: Batch, each: Each) -> None:
    """Every lane looks at one selection batch, which one forward pass is enough for.

    Args:
        lanes: that have the same weights.
        batch: images and targets on the lanes' device.
        each: runs what concerns one lane alone.
    """
    seen: list[torch.Tensor] = []

    def look(name: str, lane: Lane) -> None:
        if not seen:
            seen.append(lane.predict(batch))
        lane.look(seen[0].clone(), batch)  # a loss may work in place

    each(lanes, look)
