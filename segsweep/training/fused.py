"""All lanes as one network: their weights stacked, one forward and one backward pass for all of them.

A convolution of K stacked networks is one grouped convolution, which fills a device that a single small network leaves
idle. Weights are stacked anew for every step, so that a lane owns its weights, its optimizer state and its schedule as
it does alone, and one that stops is simply not stacked any more.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.func import functional_call, vmap

from segsweep.data.batches import Batch
from segsweep.training.execution import Each, Named
from segsweep.training.lane import for_loss


class Fused:
    """One forward and one backward pass for all lanes; a loss and an optimizer step per lane.

    Sums run in another order than in a network alone: results agree with those of `Sequential` to rounding.
    """

    def step(self, lanes: Named, batch: Batch, each: Each, *, seed: int) -> None:
        """One optimizer step of every lane."""
        _, first = lanes[0]
        first.seed_dropout(seed)
        logits = _logits(lanes, batch, training=True)
        # the losses end at leaves of their own: what one of them raises, or makes NaN, reaches no other lane
        leaves = {name: logits[place].detach().requires_grad_() for place, (name, _) in enumerate(lanes)}
        each(lanes, lambda name, lane: lane.learn(leaves[name], batch))
        gradients = [torch.zeros_like(leaf) if leaf.grad is None else leaf.grad for leaf in leaves.values()]
        logits.backward(torch.stack(gradients))  # type: ignore[no-untyped-call]
        each(lanes, lambda name, lane: lane.update())

    @torch.no_grad()
    def judge(self, lanes: Named, batch: Batch, each: Each) -> None:
        """Every lane looks at one selection batch."""
        logits = dict(zip((name for name, _ in lanes), _logits(lanes, batch, training=False), strict=True))
        each(lanes, lambda name, lane: lane.look(logits[name], batch))


def _logits(lanes: Named, batch: Batch, *, training: bool) -> torch.Tensor:
    """Logits of every lane, shape (lanes, B, outputs, *size)."""
    _, first = lanes[0]
    first.switch(training=training)
    with first.autocast():
        return for_loss(stacked_forward([lane.network for _, lane in lanes], batch.images))


def stacked_forward(networks: Sequence[nn.Module], images: torch.Tensor) -> torch.Tensor:
    """What each network says of the same images, shape (networks, B, outputs, *size); differentiable in all weights.

    Args:
        networks: of one architecture and mode.
        images: (B, channels, *size).

    Raises:
        RuntimeError: a layer cannot be stacked, as batch norm with running statistics.
    """
    weights = [dict(network.named_parameters()) for network in networks]
    stacked = {name: torch.stack([each[name] for each in weights]) for name in weights[0]}
    forward = vmap(lambda own: functional_call(networks[0], own, (images,)), randomness="same")
    logits: torch.Tensor = forward(stacked)
    return logits
