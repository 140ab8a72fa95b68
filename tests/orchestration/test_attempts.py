"""Which trials are run next, by endings that are written down beforehand; and which slice starts next."""

from collections.abc import Mapping

import pytest
from grids import plan_of, tiny_sweep

from segsweep.orchestration.attempts import Attempts
from segsweep.orchestration.executor import SliceEvent
from segsweep.orchestration.queue import Queue
from segsweep.spec.trials import Trial
from segsweep.tracking.protocol import Ending

TRIALS = plan_of(tiny_sweep(grid=[{"loss": ["ce", "dice", "jaccard"]}])).trials
INTERRUPTED = Ending("interrupted", "no memory", "memory")


def endings(**states: str) -> Mapping[str, Ending]:
    return {trial.id: Ending(states[trial.loss.name]) for trial in TRIALS if trial.loss.name in states}


def losses(trials: tuple[Trial, ...]) -> list[str]:
    return [trial.loss.name for trial in trials]


class TestAttempts:
    @pytest.mark.parametrize("state", ["finished", "failed", "diverged", "stopped"])
    def test_what_has_ended_is_not_run_again(self, state: str) -> None:
        attempts = Attempts(TRIALS, retry=3)
        round_ = attempts.next()
        assert round_ is not None
        assert (losses(round_.trials), round_.alone) == (["ce", "dice", "jaccard"], False)
        attempts.heard(endings(ce=state, dice=state, jaccard=state))
        assert not attempts.left
        assert {ending.state for ending in attempts.endings.values()} == {state}

    def test_what_was_interrupted_is_tried_again_alone_and_no_more_often_than_allowed(self) -> None:
        attempts = Attempts(TRIALS, retry=2)
        attempts.next()
        attempts.heard({**endings(ce="finished", dice="finished"), TRIALS[2].id: INTERRUPTED})
        for last in (False, True):
            round_ = attempts.next()
            assert round_ is not None
            assert (losses(round_.trials), round_.alone, attempts.is_last(round_)) == (["jaccard"], True, last)
            attempts.heard({TRIALS[2].id: INTERRUPTED})
        assert not attempts.left
        assert attempts.endings[TRIALS[2].id] == INTERRUPTED

    def test_first_attempts_come_first(self) -> None:
        attempts = Attempts(TRIALS, retry=1)
        attempts.next()
        attempts.heard({TRIALS[0].id: INTERRUPTED, TRIALS[1].id: Ending("running"), TRIALS[2].id: Ending("finished")})
        attempts.release([TRIALS[1].id])
        rounds = []
        while (round_ := attempts.next()) is not None:
            rounds.append(losses(round_.trials))
            attempts.heard({trial.id: Ending("finished") for trial in round_.trials})
        assert rounds == [["dice"], ["ce"]]

    @pytest.mark.parametrize("state", ["running", "superseded"])
    def test_what_is_elsewhere_is_left_there_until_it_is_let_go_of(self, state: str) -> None:
        attempts = Attempts(TRIALS, retry=1)
        attempts.next()
        attempts.heard(endings(ce=state, dice="finished", jaccard="finished"))
        assert attempts.left
        assert attempts.busy == (TRIALS[0].id,)
        assert attempts.next() is None
        attempts.release(attempts.busy)
        round_ = attempts.next()
        assert round_ is not None
        assert (losses(round_.trials), round_.alone) == (["ce"], False)

    def test_what_nothing_is_heard_of_ends_too(self) -> None:
        attempts = Attempts(TRIALS, retry=1)
        rounds = 0
        while attempts.next() is not None:
            rounds += 1
        assert rounds == 2
        assert {ending.kind for ending in attempts.endings.values()} == {"killed"}

    def test_what_was_not_started_is_left_for_another_launch(self) -> None:
        attempts = Attempts(TRIALS, retry=1)
        attempts.next()
        attempts.heard(endings(ce="finished"))
        attempts.drop([trial.id for trial in TRIALS[1:]])
        assert attempts.next() is None
        assert list(attempts.endings) == [TRIALS[0].id]


class TestQueue:
    def slices(self, *warm: int) -> list[tuple[Trial, ...]]:
        """One-trial slices whose warm starts are told apart by their epochs; 0 = from scratch."""
        return [
            plan_of(tiny_sweep(warm_start={"epochs": epochs} if epochs else "none", grid={"loss": "ce"})).trials
            for epochs in warm
        ]

    def test_nobody_waits_for_a_warm_start_while_there_is_something_else_to_do(self) -> None:
        queue = Queue(self.slices(1, 1, 2, 0), lambda piece: True)
        assert [queue.next() for _ in range(4)] == [0, 2, 3, 1]
        assert queue.next() is None

    def test_one_that_is_there_is_not_waited_for(self) -> None:
        queue = Queue(self.slices(1, 1, 2), lambda piece: True)
        assert queue.next() == 0
        queue.heard(SliceEvent(0, "warm start", 0.5, {}))
        assert queue.next() == 2
        queue = Queue(self.slices(1, 1, 2), lambda piece: True)
        assert queue.next() == 0
        queue.heard(SliceEvent(0, "training", 0.1, {}))
        assert queue.next() == 1

    def test_one_whose_worker_was_lost_is_trained_by_the_next(self) -> None:
        queue = Queue(self.slices(1, 1, 1), lambda piece: True)
        assert queue.next() == 0
        queue.heard(SliceEvent(0, "lost", 0.0, {}, INTERRUPTED))
        assert queue.next() == 1

    def test_it_knows_what_runs_and_what_waits(self) -> None:
        queue = Queue(self.slices(1, 2, 3), lambda piece: True)
        queue.next()
        queue.next()
        assert (queue.running, queue.waiting) == ((0, 1), 1)
        queue.heard(SliceEvent(0, "training", 0.5, {}))
        queue.heard(SliceEvent(1, "lost", 0.0, {}, INTERRUPTED))
        assert (queue.running, queue.waiting) == ((0,), 1)

    def test_what_may_not_start_is_left_out(self) -> None:
        pieces = self.slices(1, 2, 3)
        queue = Queue(pieces, lambda piece: piece is not pieces[1])
        assert [queue.next() for _ in range(3)] == [0, 2, None]
