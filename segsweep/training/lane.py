"""One trial of a cohort in training: its weights, its optimizer, its schedule and its stop."""

import copy
import math
import time
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn

from segsweep.data.batches import Batch, Batches
from segsweep.losses.build import build_loss
from segsweep.losses.loss import Loss
from segsweep.spec.catalogue import LossSetting
from segsweep.spec.settings import Stopping, logits_per_voxel
from segsweep.spec.trials import Trial
from segsweep.training.adam import Adam
from segsweep.training.layout import lay_out
from segsweep.training.networks import build_network

Weights = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Epoch:
    """What one epoch of one lane came to.

    Args:
        number: counted from 1.
        train_loss: mean over the steps.
        val_loss: mean over the selection batches.
        val_dice: mean hard Dice over selection cases and foreground labels, on the training grid.
        lr: used in this epoch.
        at: when it ended, in seconds since 1970.
    """

    number: int
    train_loss: float
    val_loss: float
    val_dice: float
    lr: float
    at: float


class Lane:
    """Adam with a plateau schedule and early stopping; keeps the weights of the best validation loss.

    `step` draws the same dropout for every lane of a cohort, and leaves no trace in the global generator that another
    lane could see: alone or beside others, a lane's numbers are the same.
    """

    def __init__(
        self, network: nn.Module, loss: Loss, stopping: Stopping, *, lr: float, device: torch.device, amp: bool
    ) -> None:
        self.network = lay_out(network, device)
        self.loss = loss
        self.state = "running"
        self.reason: str | None = None
        self.epochs: list[Epoch] = []
        self.best_epoch = 0
        self.best_loss = float("inf")
        self._best = copy.deepcopy(network.state_dict())
        self._stopping = stopping
        self._amp = amp
        self._device = device
        self._optimizer = Adam(self.network.parameters(), lr=lr, fused=True)
        self._schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(
            self._optimizer, factor=stopping.factor, patience=stopping.plateau
        )
        self._losses: list[torch.Tensor] = []
        self._val_losses: list[torch.Tensor] = []
        self._val_dices: list[torch.Tensor] = []

    @property
    def running(self) -> bool:
        """Whether there is an epoch left to train."""
        return self.state == "running"

    def step(self, batch: Batch, *, seed: int) -> None:
        """One optimizer step.

        Args:
            batch: images and targets on the lane's device.
            seed: of the dropout of this step.
        """
        self.seed_dropout(seed)
        self.switch(training=True)
        self.learn(self._logits(batch), batch)
        self.update()

    def seed_dropout(self, seed: int) -> None:
        """Let the next forward pass draw from this seed."""
        # torch.manual_seed notes a stack trace for every kind of device that is not there, at each call
        torch.default_generator.manual_seed(seed)
        if self._device.type == "cuda":
            torch.cuda.manual_seed(seed)

    def switch(self, *, training: bool) -> None:
        """Put the network into training or evaluation mode."""
        if self.network.training is not training:
            self.network.train(training)

    def learn(self, logits: torch.Tensor, batch: Batch) -> None:
        """Send the gradient of the loss into the logits, and on to whatever they depend on.

        Args:
            logits: (B, outputs, *size), float32 at least, of a training forward pass of this lane's weights.
            batch: that they were computed of.
        """
        loss = self._loss(logits, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        self._losses.append(loss.detach())

    def update(self) -> None:
        """Take the optimizer's step along the gradients that are there, and clear them."""
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)

    @torch.no_grad()
    def judge(self, batch: Batch) -> None:
        """Look at one selection batch with the weights as they are; `begin` and `end_epoch` draw the conclusion."""
        self.look(self.predict(batch), batch)

    def predict(self, batch: Batch) -> torch.Tensor:
        """Logits (B, outputs, *size) of a selection batch, float32 at least."""
        self.switch(training=False)
        return self._logits(batch)

    def look(self, logits: torch.Tensor, batch: Batch) -> None:
        """Note what these logits of a selection batch come to."""
        self._val_losses.append(self._loss(logits, batch) * len(logits))
        self._val_dices.append(hard_dice(logits, batch.targets, batch.ignore))

    def autocast(self) -> torch.autocast:
        """The precision that the network computes in."""
        return torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=self._amp)

    def begin(self) -> None:
        """The weights that the lane starts from are the checkpoint until an epoch beats them."""
        loss, _ = self._judged()
        self.best_loss = loss if math.isfinite(loss) else math.inf

    def end_epoch(self) -> Epoch:
        """Keep the epoch's weights if they are the best so far, lower the rate, decide whether to stop."""
        number = len(self.epochs) + 1
        lr = float(self._optimizer.param_groups[0]["lr"])
        losses = torch.stack(self._losses).tolist()
        self._losses.clear()
        epoch = Epoch(number, math.fsum(losses) / len(losses), *self._judged(), lr, time.time())
        self.epochs.append(epoch)
        self.reason = _divergence(losses, epoch)
        if self.reason is not None:
            self.state = "diverged"
            return epoch
        if epoch.val_loss < self.best_loss:
            self.best_epoch, self.best_loss = number, epoch.val_loss
            self._best = copy.deepcopy(self.network.state_dict())
        self._schedule.step(epoch.val_loss)
        if number >= self._stopping.epochs or number - self.best_epoch >= self._stopping.patience:
            self.state = "trained"
        return epoch

    def stop(self, reason: str) -> None:
        """Train no further."""
        self.state, self.reason = "stopped", reason

    def best_weights(self) -> Weights:
        """The weights of the best validation loss."""
        return self._best

    def state_dict(self) -> dict[str, Any]:
        """Everything that a lane of the same trial needs to go on after the last epoch as if it had run it itself."""
        ended = {
            "state": self.state,
            "reason": self.reason,
            "epochs": [asdict(epoch) for epoch in self.epochs],
            "best_epoch": self.best_epoch,
            "best_loss": self.best_loss,
            "best": self._best,
        }
        if not self.running:
            return ended
        return ended | {
            "network": self.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave after some epoch."""
        self.state, self.reason = state["state"], state["reason"]
        self.epochs = [Epoch(**epoch) for epoch in state["epochs"]]
        self.best_epoch, self.best_loss = state["best_epoch"], state["best_loss"]
        self._best = {name: tensor.to(self._device) for name, tensor in state["best"].items()}
        if self.running:
            self.network.load_state_dict(state["network"])
            self._optimizer.load_state_dict(state["optimizer"])
            self._schedule.load_state_dict(state["schedule"])

    def _logits(self, batch: Batch) -> torch.Tensor:
        with self.autocast():
            return for_loss(self.network(batch.images))

    def _loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        ignored = {} if batch.ignore is None else {"ignore": batch.ignore}
        loss: torch.Tensor = self.loss(logits, batch.targets, **ignored)
        return loss

    def _judged(self) -> tuple[float, float]:
        dice = torch.cat(self._val_dices)
        loss = torch.stack(self._val_losses).sum() / len(dice)
        self._val_losses.clear()
        self._val_dices.clear()
        return float(loss), float(dice.nanmean())


def _divergence(losses: list[float], epoch: Epoch) -> str | None:
    """Where a loss first left the numbers, in one line; None where it has not."""
    for step, loss in enumerate(losses, start=1):
        if not math.isfinite(loss):
            return f"the training loss became {loss} at step {step} of epoch {epoch.number}"
    if not math.isfinite(epoch.val_loss):
        return f"the validation loss became {epoch.val_loss} in epoch {epoch.number}"
    return None


def build_lane(
    trial: Trial,
    loss: LossSetting,
    stopping: Stopping,
    lr: float,
    batches: Batches,
    weights: Weights | None,
    device: torch.device,
) -> Lane:
    """A lane ready for its first step.

    Args:
        trial: whose network and precision it has.
        loss: that it minimises; a warm start's is not the trial's own.
        stopping: schedule and stop.
        lr: learning rate at the start.
        batches: whose labels the loss may learn its weights and ε from.
        weights: to start from; None = from scratch.
        device: to train on.

    Raises:
        GridError: the network or the loss cannot be built with these arguments.
    """
    network = build_network(
        trial.network,
        axes=len(batches.size),
        channels=batches.channels,
        outputs=logits_per_voxel(batches.labels),
        seed=trial.stream_seed("weights"),
    )
    if weights is not None:
        network.load_state_dict(weights)
    amp = (
        trial.train.amp == "auto" and device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    )
    built = build_loss(loss.name, loss.arguments, labels=batches.statistics).to(device)
    return Lane(network, built, stopping, lr=lr, device=device, amp=amp)


def for_loss(logits: torch.Tensor) -> torch.Tensor:
    """Logits in float32 at least, whatever the network computed in."""
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


def hard_dice(logits: torch.Tensor, targets: torch.Tensor, ignore: torch.Tensor | None = None) -> torch.Tensor:
    """Mean Dice over the foreground labels that an image or its prediction has, shape (B,); NaN where none is there."""
    if logits.shape[1] == 1:
        predicted, true = (logits > 0).float(), targets
    else:
        predicted, true = _won(logits).float(), targets[:, 1:]
    if ignore is not None:
        predicted, true = predicted.masked_fill(ignore, 0), true.masked_fill(ignore, 0)
    space = tuple(range(2, logits.ndim))
    both, total = (predicted * true).sum(dim=space), (predicted + true).sum(dim=space)
    return torch.where(total > 0, 2 * both / total, torch.nan).nanmean(dim=1)


def _won(logits: torch.Tensor) -> torch.Tensor:
    """Where each foreground label has the largest logit, shape (B, labels, *size); of equal ones the first has.

    On a CPU, argmax over the labels takes twice as long as the network that the logits come from.
    """
    highest = logits == logits.amax(dim=1, keepdim=True)
    free, won = ~highest[:, :1], []
    for label in range(1, logits.shape[1]):
        mine = highest[:, label : label + 1]
        won.append(mine & free)
        free = free & ~mine
    return torch.cat(won, dim=1)
