"""Slices that would not end in time are left for another launch."""

from collections.abc import Iterator

from grids import plan_of, tiny_sweep
from measurements import outlook

from segsweep.orchestration.forecast import Measurements
from segsweep.orchestration.time_limit import TimeLimit
from segsweep.spec.trials import Trial

TRIALS = plan_of(tiny_sweep(grid=[{"loss": ["ce", "dice"]}, {"loss": "dice", "epochs": 20}])).trials
CE, DICE, LONG = TRIALS
MEASUREMENTS: Measurements = {name: probed.measured for name, probed in outlook(TRIALS).probed.items()}


def seconds(*piece: Trial, trained: bool = False) -> float:
    arranged = outlook(TRIALS).arrange(piece, trained={str(CE.warm_start_id)} if trained else ())
    assert arranged.forecast is not None
    return arranged.forecast.training


def at(*moments: float) -> Iterator[float]:
    yield from moments


def limit(ends: float, *moments: float, trained: bool = False) -> TimeLimit:
    ids = {str(CE.warm_start_id)} if trained else set()
    return TimeLimit(ends, MEASUREMENTS, trained=ids, clock=at(*moments).__next__)


def test_a_slice_starts_if_it_ends_in_time_to_the_second() -> None:
    needed = seconds(CE, DICE)
    assert limit(100 + needed, 100)((CE, DICE))
    assert not limit(100 + needed, 100.5)((CE, DICE))


def test_a_shorter_one_may_follow_a_longer_one_that_may_not() -> None:
    may_start = limit(seconds(CE), 0, 0, 50)
    assert both(may_start, LONG, CE, CE) == [False, True, False]


def test_a_warm_start_is_paid_once_and_waited_for() -> None:
    warm = seconds(DICE) - seconds(DICE, trained=True)
    assert warm > 1
    # the second slice starts a second later and ends with the first: both wait for the same warm start
    assert both(limit(seconds(CE), 0, 1), CE, DICE) == [True, True]
    # when the warm start is there, it costs nothing any more
    later = seconds(CE) + 50
    assert both(limit(later + seconds(DICE, trained=True), 0, later), CE, DICE) == [True, True]
    # a slice that was refused trains none
    assert both(limit(seconds(CE) + 1, 0, 2), LONG, CE) == [False, False]


def both(may_start: TimeLimit, *trials: Trial) -> list[bool]:
    return [may_start((trial,)) for trial in trials]


def test_a_warm_start_that_is_there_is_not_counted() -> None:
    ends = seconds(CE, trained=True)
    assert limit(ends, 0, trained=True)((CE,))
    assert not limit(ends, 0)((CE,))


def test_nothing_starts_within_no_time() -> None:
    assert not any(limit(0, 0)((trial,)) for trial in TRIALS)
