"""Epochs over the lanes of a cohort: every batch is made once and taken by each lane in turn."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from segsweep.data.batches import Batch, Batches
from segsweep.spec.canonical import derive_seed
from segsweep.training.lane import Epoch, Lane


@dataclass
class Training:
    """Some lanes in training.

    Args:
        lanes: name to lane; those that have ended are gone from it.
        batches: that all of them take.
        phase: names the stream of batches, so that no two phases see the same.
        seed: of the dropout; all lanes draw the same.
        on_epoch: called with (name, epoch) after each epoch of a lane.
        on_end: called with (name, lane) when one has stopped, diverged or failed, while the others go on.
        failures: name to what a lane raised; it has left, the others went on.
        seconds: name to the time that was spent on this lane alone.
    """

    lanes: dict[str, Lane]
    batches: Batches
    phase: str
    seed: int
    on_epoch: Callable[[str, Epoch], None]
    on_end: Callable[[str, Lane], None] = lambda name, lane: None
    failures: dict[str, Exception] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def run(self, on_round: Callable[[int], None]) -> None:
        """Train until every lane has stopped, diverged or failed.

        Args:
            on_round: called with the number of epochs done, after each.
        """
        self._judge(self.batches.selection())
        self._each(lambda name, lane: lane.begin())
        self._end()
        number = 0
        while self._running():
            number += 1
            for step, batch in enumerate(self.batches.epoch(self.phase, number)):
                self._step(batch, seed=derive_seed(self.seed, self.phase, number, step))
            self._judge(self.batches.selection())
            self._each(lambda name, lane: self.on_epoch(name, lane.end_epoch()))
            on_round(number)
            self._end()

    def _running(self) -> list[tuple[str, Lane]]:
        return [(name, lane) for name, lane in self.lanes.items() if lane.running and name not in self.failures]

    def _end(self) -> None:
        """Let go of the lanes that have ended."""
        running = dict(self._running())
        for name in [name for name in self.lanes if name not in running]:
            self.on_end(name, self.lanes.pop(name))

    def _step(self, batch: Batch, seed: int) -> None:
        self._each(lambda name, lane: lane.step(batch, seed=seed))

    def _judge(self, selection: Iterable[Batch]) -> None:
        for batch in selection:
            self._look(batch)

    def _look(self, batch: Batch) -> None:
        self._each(lambda name, lane: lane.judge(batch))

    def _each(self, work: Callable[[str, Lane], Any]) -> None:
        for name, lane in self._running():
            start = time.monotonic()
            try:
                work(name, lane)
            except Exception as error:  # whatever a loss or a network raises is that trial's failure alone
                self.failures[name] = error
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - start
