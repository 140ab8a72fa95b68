"""The look at the selection cases before the first epoch, when all lanes of a cohort still have the same weights."""

import torch

from segsweep.data.batches import Batch
from segsweep.training.execution import Each, Named


@torch.no_grad()
def first_look(lanes: Named, batch: Batch, each: Each) -> None:
    """Every lane looks at one selection batch, which one forward pass is enough for.

    Args:
        lanes: at least one, of the same weights.
        batch: images and targets on the lanes' device.
        each: runs what concerns one lane alone.
    """
    _, first = lanes[0]
    logits = first.predict(batch)
    each(lanes, lambda name, lane: lane.look(logits.clone(), batch))  # a loss may work in place
