"""Stacked lanes against the same lanes in turn."""

from collections.abc import Iterator

import pytest
import torch
from lane_work import each, noting
from torch import nn

from segsweep.data.batches import Batch, encode
from segsweep.losses import CrossEntropy, Dice, Jaccard, Lovasz
from segsweep.spec.settings import Network, Stopping
from segsweep.training.execution import Execution, Named
from segsweep.training.fused import Fused, stacked_forward
from segsweep.training.lane import Lane
from segsweep.training.networks import build_network
from segsweep.training.sequential import Sequential

ROUNDING = 1e-10
"""Largest difference of a weight after 50 steps of Adam in float64; the sums of a stack run in another order."""
UNET = Network(preset="unet-s")
WITH_DROPOUT = Network(monai="UNet", args={"channels": [4, 8], "strides": [2], "dropout": 0.5})


def lanes(network: Network = UNET, axes: int = 2, *, count: int = 4) -> Named:
    """Lanes that differ in weights, loss and learning rate, two labels, float64."""
    losses = (CrossEntropy, Dice, Jaccard, Lovasz)
    return [(str(number), lane(network, axes, losses[number](), number)) for number in range(count)]


def lane(network: Network, axes: int, loss: nn.Module, number: int) -> Lane:
    built = build_network(network, axes=axes, channels=1, outputs=3, seed=number).double()
    rate = 1e-3 / (1 + number)
    return Lane(built, loss, Stopping(epochs=9), lr=rate, device=torch.device("cpu"), amp=False)  # type: ignore[arg-type]


def batches(count: int, axes: int = 2, *, ignored: bool = False) -> Iterator[Batch]:
    generator = torch.Generator().manual_seed(0)
    shape = (3, 1, *(16,) * axes)
    for _ in range(count):
        images = torch.randn(shape, generator=generator, dtype=torch.float64)
        targets = encode(torch.randint(3, shape, generator=generator).double(), 3).double()
        ignore = torch.rand(shape, generator=generator) < 0.1 if ignored else None
        yield Batch(images, targets, ignore)


def trained(lanes: Named, execution: Execution, given: Iterator[Batch]) -> Named:
    for seed, batch in enumerate(given):
        execution.step(lanes, batch, each, seed=seed)
    return lanes


def assert_same_weights(found: Named, expected: Named, tolerance: float) -> None:
    assert [name for name, _ in found] == [name for name, _ in expected]
    for (_, one), (_, other) in zip(found, expected, strict=True):
        for name, weight in one.network.named_parameters():
            torch.testing.assert_close(weight, dict(other.network.named_parameters())[name], rtol=0, atol=tolerance)


class TestAgainstSequential:
    @pytest.mark.parametrize("axes", [2, 3])
    def test_fifty_steps(self, axes: int) -> None:
        fused = trained(lanes(axes=axes), Fused(), batches(50, axes))
        assert_same_weights(fused, trained(lanes(axes=axes), Sequential(), batches(50, axes)), ROUNDING)

    def test_every_lane_drops_what_it_drops_alone(self) -> None:
        fused = trained(lanes(WITH_DROPOUT), Fused(), batches(5))
        assert_same_weights(fused, trained(lanes(WITH_DROPOUT), Sequential(), batches(5)), ROUNDING)

    def test_ignored_voxels(self) -> None:
        fused = trained(lanes(), Fused(), batches(5, ignored=True))
        assert_same_weights(fused, trained(lanes(), Sequential(), batches(5, ignored=True)), ROUNDING)

    def test_selection(self) -> None:
        found: list[list[float]] = []
        for execution in (Fused(), Sequential()):
            looking = lanes(WITH_DROPOUT)
            for batch in batches(3):
                execution.judge(looking, batch, each)
            each(looking, lambda name, one: one.begin())
            found.append([one.best_loss for _, one in looking])
        assert found[0] == pytest.approx(found[1], rel=1e-12)


class TestOneLaneAndTheOthers:
    def test_a_lane_that_stops_changes_no_other(self) -> None:
        all_the_way, stopped = lanes(), lanes()
        given = list(batches(6))
        trained(all_the_way, Fused(), iter(given))
        trained(stopped, Fused(), iter(given[:3]))
        trained(stopped[:1] + stopped[2:], Fused(), iter(given[3:]))
        assert_same_weights(stopped[:1] + stopped[2:], all_the_way[:1] + all_the_way[2:], ROUNDING)

    def test_what_one_loss_raises_stays_with_it(self) -> None:
        failed: list[str] = []

        def raises(*_: object, **__: object) -> torch.Tensor:
            raise RuntimeError("no loss")

        healthy, ailing = lanes(), lanes()
        ailing[1][1].loss.forward = raises  # type: ignore[method-assign]
        for batch in batches(1):
            Fused().step(healthy, batch, each, seed=0)
            Fused().step(ailing, batch, noting(failed), seed=0)
        assert failed == ["1"]
        assert_same_weights(ailing[:1] + ailing[2:], healthy[:1] + healthy[2:], 0.0)

    def test_a_loss_that_is_not_a_number_stays_with_its_lane(self) -> None:
        healthy, ailing = lanes(), lanes()
        forward = ailing[1][1].loss.forward
        ailing[1][1].loss.forward = lambda *given, **named: forward(*given, **named) * torch.nan  # type: ignore[method-assign]
        trained(healthy, Fused(), batches(3))
        trained(ailing, Fused(), batches(3))
        assert all(weight.isnan().all() for weight in ailing[1][1].network.parameters())
        assert_same_weights(ailing[:1] + ailing[2:], healthy[:1] + healthy[2:], 0.0)


def test_what_cannot_be_stacked_raises() -> None:
    networks = [nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)) for _ in range(2)]
    with pytest.raises(RuntimeError, match="running_mean"):
        stacked_forward(networks, torch.ones(2, 1, 8, 8))
