"""What is written down of a lane while it trains: a journal line before each epoch, then curves and checkpoints."""

from collections.abc import Callable
from dataclasses import dataclass

from segsweep.tracking.protocol import Run
from segsweep.training.checkpoint import Checkpoints
from segsweep.training.journal import Journal
from segsweep.training.lane import Epoch, Lane
from segsweep.training.recording import epoch_metrics


@dataclass(frozen=True)
class Saving:
    """One lane and the places that it is written to.

    Args:
        name: id of the trial or warm start.
        lane: that trains.
        run: that its curves are written to.
        checkpoints: that it goes on from.
        journal: of this process.
        kept_when_ended: whether somebody comes back to a lane that has ended, as a search does to its best candidates.
        spent: seconds that the lane has cost so far, those before it went on among them; of a warm start nobody asks.
    """

    name: str
    lane: Lane
    run: Run
    checkpoints: Checkpoints
    journal: Journal
    kept_when_ended: bool = False
    spent: Callable[[], float] = lambda: 0.0

    def go_on(self) -> float:
        """Take the lane to where its latest checkpoint left it; its run begins with the epochs before.

        Returns:
            Seconds that it had cost by then.
        """
        state = self.checkpoints.latest()
        if state is None:
            return 0.0
        self.lane.load_state_dict(state)
        for epoch in self.lane.epochs:
            self._log(epoch)
        return float(state.get("seconds", 0.0))

    def on_start(self, number: int) -> None:
        """An epoch begins."""
        self.journal.note(self.name, number)
        self.checkpoints.begin()

    def on_epoch(self, epoch: Epoch) -> None:
        """An epoch has ended.

        Raises:
            OSError: the disk is full, or refuses.
        """
        self._log(epoch)
        due = self.checkpoints.due()
        if due or (self.kept_when_ended and not self.lane.running):
            self._save(epoch)

    def stop(self, epoch: Epoch) -> None:
        """End the lane early; from its checkpoint it can still be trained to its end.

        Raises:
            OSError: the disk is full, or refuses.
        """
        self._save(epoch)
        self.lane.stop(f"stopped by ASHA at epoch {epoch.number}")

    def _save(self, epoch: Epoch) -> None:
        self.checkpoints.save(epoch.number, {**self.lane.state_dict(), "seconds": self.spent()})

    def _log(self, epoch: Epoch) -> None:
        self.run.log(epoch.number, epoch_metrics(epoch), at=epoch.at)
