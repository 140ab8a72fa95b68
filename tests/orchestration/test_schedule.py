"""Slices on workers over time: worked out by hand, and against workers that do one second of their slice at a time."""

from collections.abc import Iterator
from itertools import count, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segsweep.orchestration.schedule import Load, Placed, longest_first, run_in_order

COHORTS: dict[str | None, tuple[int, int]] = {None: (1, 0), "a": (0, 2), "b": (1, 5), "c": (3, 11)}
"""Warm start to the seconds before it and of it: slices of one cohort have both in common."""

WORKERS = st.integers(1, 4)


def load(warm_start: str | None, after: int) -> Load:
    before, warm = COHORTS[warm_start]
    return Load(before, warm_start, warm, after)


LOADS = st.lists(st.builds(load, st.sampled_from(list(COHORTS)), st.integers(1, 9)), max_size=8)


class Workshop:
    """Workers who look at the clock, and at what has been trained, every second."""

    def __init__(self, loads: list[Load], workers: int) -> None:
        self.begun: set[str] = set()
        self.trained: set[str] = set()
        self.waiting: set[int] = set()
        self.times: dict[int, list[int]] = {}
        queue = list(enumerate(loads))
        running: dict[int, Iterator[None]] = {}
        for self.now in count():
            # who waits looks when the others have done their second
            for number in sorted(running, key=lambda number: number in self.waiting):
                if next(running[number], "done") == "done":
                    self.times[number].append(self.now)
                    del running[number]
            while queue and len(running) < workers:
                number, work = queue.pop(0)
                self.times[number] = [self.now]
                running[number] = self.do(number, work)
                next(running[number], None)
            if not running:
                return

    def do(self, number: int, work: Load) -> Iterator[None]:
        """A slice; every `yield` is a second."""
        yield from [None] * int(work.before)
        if (needed := work.warm_start) is not None:
            if needed not in self.begun:
                self.begun.add(needed)
                yield from [None] * int(work.warm)
                self.trained.add(needed)
            self.waiting.add(number)
            while needed not in self.trained:
                yield
            self.waiting.discard(number)
        self.times[number].append(self.now)
        yield from [None] * int(work.after)


@given(LOADS, WORKERS)
def test_it_is_what_workers_do_second_by_second(loads: list[Load], workers: int) -> None:
    expected = [Placed(number, *times) for number, times in sorted(Workshop(loads, workers).times.items())]
    assert run_in_order(loads, workers) == expected


def test_one_worker_does_one_slice_after_the_other() -> None:
    loads = [load("a", 4), load(None, 3), load("a", 1)]
    assert run_in_order(loads, 1) == [Placed(0, 0, 2, 6), Placed(1, 6, 7, 10), Placed(2, 10, 10, 11)]


def test_the_second_part_of_a_cohort_waits_for_the_first_ones_warm_start() -> None:
    assert run_in_order([load("b", 2), load("b", 4)], 2) == [Placed(0, 0, 6, 8), Placed(1, 0, 6, 10)]


def test_nothing_is_nothing() -> None:
    assert run_in_order([], 3) == []
    assert longest_first([], 3) == []


@given(LOADS, WORKERS)
def test_every_slice_is_handed_out_once(loads: list[Load], workers: int) -> None:
    assert sorted(longest_first(loads, workers)) == list(range(len(loads)))


def test_the_longest_comes_first_and_equals_keep_their_order() -> None:
    assert longest_first([load(None, after) for after in (3, 9, 5, 9)], 2) == [1, 3, 2, 0]


def test_the_warm_start_counts_for_who_trains_it() -> None:
    """Of two slices that are equally long, the one whose warm start is not there yet is longer."""
    assert longest_first([load(None, 4), load("c", 4)], 1) == [1, 0]
    assert longest_first([load("a", 4), load(None, 5), load("a", 4)], 1) == [0, 1, 2]


def test_no_worker_waits_for_a_warm_start_while_there_is_something_else_to_do() -> None:
    """The second part of c is longest, but its warm start is in the making; from scratch one can start at once."""
    loads = [load("c", 9), load("c", 9), load(None, 2), load(None, 3)]
    assert longest_first(loads, 2) == [0, 3, 2, 1]
    assert [place.start for place in run_in_order([loads[number] for number in (0, 3, 2, 1)], 2)] == [0, 0, 4, 7]


@given(st.lists(st.builds(load, st.sampled_from([None, "a", "b"]), st.integers(1, 9)), max_size=5), WORKERS)
def test_the_last_one_ends_at_most_a_third_later_than_in_the_best_order(loads: list[Load], workers: int) -> None:
    """Graham 1969: longest first is within 4/3 of the best; waiting for warm starts may add one of them."""
    ordered = run_in_order([loads[number] for number in longest_first(loads, workers)], workers)
    orders = (run_in_order(list(order), workers) for order in permutations(loads))
    best = min((max((place.end for place in placed), default=0) for placed in orders), default=0)
    assert max((place.end for place in ordered), default=0) <= 4 / 3 * best + COHORTS["b"][1]


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_without_warm_starts_work_is_conserved(workers: int) -> None:
    placed = run_in_order([load(None, after) for after in range(1, 8)], workers)
    assert sum(place.end - place.start for place in placed) == sum(range(2, 9))
