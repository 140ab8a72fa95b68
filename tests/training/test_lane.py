"""One lane: its checkpoint, its schedule and its stop, by losses that are written down beforehand."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import nn

from segsweep.data.batches import Batch, encode
from segsweep.losses.loss import Loss
from segsweep.metrics.overlap import overlap
from segsweep.spec.settings import Stopping
from segsweep.training.lane import Lane, hard_dice

BATCH = Batch(torch.ones(2, 1, 4, 4), torch.ones(2, 1, 4, 4))
NAN = float("nan")


class Script(Loss):
    """Validation losses as written down; in training the loss pulls every logit down, so that weights change."""

    def __init__(self, validation: Sequence[float], training: float = 0.0) -> None:
        super().__init__()
        self.validation = iter(validation)
        self.training_value = training

    def forward(
        self, logits: torch.Tensor, target: torch.Tensor, *, ignore: torch.Tensor | None = None
    ) -> torch.Tensor:
        if torch.is_grad_enabled():
            return logits.mean() + self.training_value
        return torch.tensor(next(self.validation))


def trained(validation: Sequence[float], *, training: float = 0.0, **stopping: object) -> Lane:
    """A lane that saw these validation losses: the first before its first step, the others after each epoch."""
    torch.manual_seed(0)
    settings = Stopping.model_validate({"epochs": 100, "plateau": 50, "patience": 50, "factor": 0.5, **stopping})
    network = nn.Conv2d(1, 1, kernel_size=1)
    lane = Lane(network, Script(validation, training), settings, lr=0.1, device=torch.device("cpu"), amp=False)
    lane.judge(BATCH)
    lane.begin()
    for _ in validation[1:]:
        if lane.running:
            lane.step(BATCH, seed=0)
            lane.judge(BATCH)
            lane.end_epoch()
    return lane


class TestCheckpoint:
    def test_it_is_the_epoch_of_the_lowest_validation_loss(self) -> None:
        lane = trained([9, 5, 3, 4, 3, 6])
        assert (lane.best_epoch, lane.best_loss) == (2, 3)

    def test_its_weights_are_those_of_that_epoch(self) -> None:
        best = trained([9, 5, 3]).best_weights()
        later = trained([9, 5, 3, 4, 5])
        assert all(torch.equal(best[key], later.best_weights()[key]) for key in best)
        assert not torch.equal(best["bias"], later.network.state_dict()["bias"])

    def test_no_epoch_better_than_the_start_leaves_the_start(self) -> None:
        lane = trained([1, 2, 3])
        assert (lane.best_epoch, lane.best_loss) == (0, 1)

    def test_a_start_without_a_number_is_beaten_by_any_epoch(self) -> None:
        assert trained([NAN, 7, 8]).best_epoch == 1


class TestStop:
    def test_after_the_last_epoch(self) -> None:
        lane = trained([9, 8, 7, 6, 5], epochs=3)
        assert (lane.state, len(lane.epochs), lane.best_epoch) == ("trained", 3, 3)

    def test_after_patience_epochs_without_a_better_loss(self) -> None:
        lane = trained([9, 5, 6, 4, 6, 6, 6, 1], patience=3)
        assert (lane.state, len(lane.epochs), lane.best_epoch) == ("trained", 6, 3)

    def test_an_equal_loss_is_not_better(self) -> None:
        assert len(trained([9, 5, 5, 5, 5], patience=2).epochs) == 3

    def test_before_that_it_runs(self) -> None:
        assert trained([9, 5, 6, 6], patience=3).state == "running"


class TestSchedule:
    def rates(self, lane: Lane) -> list[float]:
        return pytest.approx([epoch.lr for epoch in lane.epochs])  # type: ignore[return-value]

    def test_the_rate_falls_when_more_than_plateau_epochs_brought_nothing(self) -> None:
        lane = trained([9, 5, 6, 6, 6, 6, 6, 6, 6], plateau=2)
        assert self.rates(lane) == [0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025]

    def test_a_better_epoch_starts_the_count_anew(self) -> None:
        lane = trained([9, 5, 6, 6, 4, 6, 6, 6, 6], plateau=2)
        assert self.rates(lane) == [0.1] * 7 + [0.05]


class TestDivergence:
    def test_in_training(self) -> None:
        lane = trained([9, 8, 7], training=NAN)
        assert (lane.state, lane.reason, len(lane.epochs)) == (
            "diverged",
            "the training loss became nan at step 1 of epoch 1",
            1,
        )

    def test_in_validation(self) -> None:
        lane = trained([9, 8, float("inf")])
        assert (lane.state, lane.reason) == ("diverged", "the validation loss became inf in epoch 2")


class TestValidation:
    def test_batches_weigh_by_their_images(self) -> None:
        lane = Lane(
            nn.Conv2d(1, 1, kernel_size=1),
            Script([1.0, 4.0]),
            Stopping(epochs=1),
            lr=0.1,
            device=torch.device("cpu"),
            amp=False,
        )
        for count in (2, 1):
            lane.judge(Batch(torch.ones(count, 1, 4, 4), torch.ones(count, 1, 4, 4)))
        lane.begin()
        assert lane.best_loss == pytest.approx((2 * 1 + 1 * 4) / 3)


class TestHardDice:
    def test_binary_against_metrics(self) -> None:
        rng = np.random.default_rng(0)
        logits, masks = rng.normal(size=(5, 1, 6, 7)).astype(np.float32), rng.random((5, 1, 6, 7)) < 0.4
        found = hard_dice(torch.from_numpy(logits), torch.from_numpy(masks).float())
        expected = [overlap(logit > 0, mask).dice for logit, mask in zip(logits, masks, strict=True)]
        assert found.tolist() == pytest.approx(expected)

    @pytest.mark.parametrize("equal", [False, True])
    def test_classes_against_metrics(self, equal: bool) -> None:
        rng = np.random.default_rng(0)
        logits = rng.normal(size=(4, 3, 5, 5, 5)).astype(np.float32)
        logits = logits.round() if equal else logits  # of equal logits the first one is the largest
        values = rng.integers(0, 3, (4, 1, 5, 5, 5))
        found = hard_dice(torch.from_numpy(logits), encode(torch.from_numpy(values).float(), 3))
        for case in range(4):
            decided = logits[case].argmax(axis=0)
            dices = [overlap(decided == label, values[case, 0] == label).dice for label in (1, 2)]
            assert float(found[case]) == pytest.approx(np.mean([dice for dice in dices if dice is not None]))

    def test_a_label_that_neither_has_is_left_out(self) -> None:
        logits = torch.tensor([[[0.0, 0.0]], [[9.0, 1.0]], [[-9.0, -9.0]]])[None]
        target = encode(torch.tensor([[[[1.0, 1.0]]]]), 3)
        assert hard_dice(logits, target).tolist() == [1.0]

    def test_nothing_anywhere_is_no_number(self) -> None:
        assert hard_dice(torch.full((1, 1, 2, 2), -1.0), torch.zeros(1, 1, 2, 2)).isnan().tolist() == [True]

    def test_ignored_voxels_do_not_count(self) -> None:
        logits, target = torch.tensor([[[[1.0, 1.0, 1.0]]]]), torch.tensor([[[[1.0, 0.0, 0.0]]]])
        ignore = torch.tensor([[[[False, True, True]]]])
        assert hard_dice(logits, target, ignore).tolist() == [1.0]
