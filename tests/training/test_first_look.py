"""One look for all lanes that have the same weights, against a look of each."""

import torch
from lane_work import each, noting

from segsweep.data.batches import Batch
from segsweep.losses import CrossEntropy, Dice, Lovasz
from segsweep.losses.loss import Loss
from segsweep.spec.settings import Network, Stopping
from segsweep.training.execution import Named
from segsweep.training.first_look import first_look
from segsweep.training.lane import Lane
from segsweep.training.networks import build_network


class Doubling(Loss):
    """Works in place, as it may."""

    def forward(
        self, logits: torch.Tensor, target: torch.Tensor, *, ignore: torch.Tensor | None = None
    ) -> torch.Tensor:
        return logits.mul_(2).sub_(target).square_().mean()


class Raising(Loss):
    def forward(
        self, logits: torch.Tensor, target: torch.Tensor, *, ignore: torch.Tensor | None = None
    ) -> torch.Tensor:
        raise RuntimeError("no")


def lanes(*losses: Loss) -> Named:
    """Lanes of the same weights, with dropout in the network."""
    network = Network(monai="UNet", args={"channels": [4, 8], "strides": [2], "dropout": 0.5})
    return [
        (
            str(number),
            Lane(
                build_network(network, axes=2, channels=1, outputs=1, seed=0), loss, Stopping(epochs=3), lr=1e-3,
                device=torch.device("cpu"), amp=False,
            ),
        )
        for number, loss in enumerate(losses)
    ]  # fmt: skip


def batches() -> list[Batch]:
    generator = torch.Generator().manual_seed(0)
    shape = (3, 1, 16, 16)
    return [
        Batch(torch.randn(shape, generator=generator), (torch.rand(shape, generator=generator) < 0.3).float())
        for _ in range(2)
    ]


def starts(found: Named) -> list[float]:
    for _, lane in found:
        lane.begin()
    return [lane.best_loss for _, lane in found]


def test_every_lane_sees_what_it_would_see_alone() -> None:
    def losses() -> tuple[Loss, ...]:
        return Doubling(), CrossEntropy(), Dice(), Lovasz()

    together, alone = lanes(*losses()), lanes(*losses())
    for batch in batches():
        first_look(together, batch, each)
        for _, lane in alone:
            lane.judge(batch)
    assert starts(together) == starts(alone)


def test_one_forward_pass_is_enough() -> None:
    passes = []
    found = lanes(CrossEntropy(), Dice(), Lovasz())
    for name, lane in found:
        lane.network.register_forward_hook(lambda *_, name=name: passes.append(name))
    for batch in batches():
        first_look(found, batch, each)
    assert passes == ["0", "0"]


def test_what_one_loss_raises_is_its_own() -> None:
    failed: list[str] = []
    found, alone = lanes(Raising(), Dice()), lanes(Dice())
    for batch in batches()[:1]:
        first_look(found, batch, noting(failed))
        alone[0][1].judge(batch)
    assert failed == ["0"]
    assert starts(found[1:]) == starts(alone)
