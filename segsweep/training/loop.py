"""Epochs over the lanes of a cohort: every batch is made once and taken by all of them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from segsweep.data.batches import Batch, Batches
from segsweep.spec.canonical import derive_seed
from segsweep.training.execution import Each, Execution, Named
from segsweep.training.first_look import first_look
from segsweep.training.lane import Epoch, Lane
from segsweep.training.sequential import Sequential


@dataclass
class Training:
    """Some lanes in training.

    Args:
        lanes: name to lane, of the same weights before their first epoch; those that have ended are gone from it.
        batches: that all of them take.
        phase: names the stream of batches, so that no two phases see the same.
        seed: of the dropout; all lanes draw the same.
        on_start: called with (name, number) before each epoch of a lane, counted from 1.
        on_epoch: called with (name, epoch) after each epoch of a lane.
        on_end: called with (name, lane) when one has stopped, diverged or failed, while the others go on.
        execution: how the lanes take a batch.
        failures: name to what a lane raised; it has left, the others went on.
        seconds: name to the time that was spent on this lane alone.
    """

    lanes: dict[str, Lane]
    batches: Batches
    phase: str
    seed: int
    on_start: Callable[[str, int], None]
    on_epoch: Callable[[str, Epoch], None]
    on_end: Callable[[str, Lane], None] = lambda name, lane: None
    execution: Execution = field(default_factory=Sequential)
    failures: dict[str, Exception] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def run(self, on_round: Callable[[int], None]) -> None:
        """Train until every lane has stopped, diverged or failed.

        Lanes that go on from a checkpoint need not stand at the same epoch: each joins in when its own turn comes.

        Args:
            on_round: called with the number of epochs done, after each.
        """
        fresh = self._at(1)
        if fresh:
            self._look(fresh, first_look)
            self._each(fresh, lambda name, lane: lane.begin())
        self._end()
        while running := self._running():
            number = 1 + min(len(lane.epochs) for _, lane in running)
            self._epoch(number, self._at(number))
            on_round(number)
            self._end()

    def _epoch(self, number: int, lanes: Named) -> None:
        self._each(lanes, lambda name, lane: self.on_start(name, number))
        for step, batch in enumerate(self.batches.epoch(self.phase, number)):
            seed = derive_seed(self.seed, self.phase, number, step)
            if training := self._healthy(lanes):
                self.execution.step(training, batch, self._each, seed=seed)
        self._look(lanes, self.execution.judge)
        self._each(lanes, lambda name, lane: self.on_epoch(name, lane.end_epoch()))

    def _running(self) -> Named:
        return [(name, lane) for name, lane in self.lanes.items() if lane.running and name not in self.failures]

    def _at(self, number: int) -> Named:
        """The lanes whose next epoch has this number."""
        return [(name, lane) for name, lane in self._running() if len(lane.epochs) == number - 1]

    def _end(self) -> None:
        """Let go of the lanes that have ended."""
        running = dict(self._running())
        for name in [name for name in self.lanes if name not in running]:
            self.on_end(name, self.lanes.pop(name))

    def _look(self, lanes: Named, judge: Callable[[Named, Batch, Each], None]) -> None:
        for batch in self.batches.selection():
            if looking := self._healthy(lanes):
                judge(looking, batch, self._each)

    def _healthy(self, lanes: Named) -> Named:
        return [(name, lane) for name, lane in lanes if name not in self.failures]

    def _each(self, lanes: Named, work: Callable[[str, Lane], Any]) -> None:
        for name, lane in lanes:
            if name in self.failures:
                continue
            start = time.monotonic()
            try:
                work(name, lane)
            except Exception as error:  # whatever a loss or a network raises is that trial's failure alone
                self.failures[name] = error
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - start
