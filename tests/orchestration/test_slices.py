"""Cohorts cut into slices: nothing lost, nothing twice, nothing cut further than it pays."""

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segsweep.orchestration.slices import ENOUGH_PER_WORKER, cut

WORKERS = st.integers(1, 12)
SIZES = st.lists(st.integers(1, 20), max_size=12)


def cohorts_of(sizes: list[int]) -> dict[str, list[tuple[int, int]]]:
    """Cohorts of these sizes; `cut` looks at no trial, so (cohort, number) stands for one."""
    return {str(cohort): [(cohort, number) for number in range(size)] for cohort, size in enumerate(sizes)}


def cut_sizes(sizes: list[int], workers: int) -> list[list[tuple[int, int]]]:
    return [list(piece) for piece in cut(cohorts_of(sizes), workers)]


def by_cohort(slices: list[list[tuple[int, int]]]) -> dict[int, list[list[tuple[int, int]]]]:
    found = defaultdict(list)
    for piece in slices:
        found[piece[0][0]].append(piece)
    return found


@given(SIZES, WORKERS)
def test_every_trial_is_in_exactly_one_slice(sizes: list[int], workers: int) -> None:
    expected = [trial for trials in cohorts_of(sizes).values() for trial in trials]
    assert sorted(trial for piece in cut_sizes(sizes, workers) for trial in piece) == expected


@given(SIZES, WORKERS)
def test_no_slice_is_empty_or_mixes_cohorts(sizes: list[int], workers: int) -> None:
    assert all(len({cohort for cohort, _ in piece}) == 1 for piece in cut_sizes(sizes, workers))


@given(SIZES, WORKERS)
def test_the_slices_of_a_cohort_differ_by_one_trial_at_most(sizes: list[int], workers: int) -> None:
    for pieces in by_cohort(cut_sizes(sizes, workers)).values():
        lengths = [len(piece) for piece in pieces]
        assert max(lengths) - min(lengths) <= 1


@given(SIZES, WORKERS)
def test_first_parts_of_all_cohorts_come_before_second_parts(sizes: list[int], workers: int) -> None:
    seen: dict[int, int] = defaultdict(int)
    turns = []
    for piece in cut_sizes(sizes, workers):
        turns.append(seen[piece[0][0]])
        seen[piece[0][0]] += 1
    assert turns == sorted(turns)


@given(SIZES, WORKERS)
def test_trials_stay_in_the_order_of_their_cohort(sizes: list[int], workers: int) -> None:
    for pieces in by_cohort(cut_sizes(sizes, workers)).values():
        numbers = [number for piece in pieces for _, number in piece]
        assert numbers == sorted(numbers)


@given(SIZES)
def test_one_worker_cuts_no_cohort(sizes: list[int]) -> None:
    assert cut_sizes(sizes, 1) == list(cohorts_of(sizes).values())


@given(st.integers(1, 12), st.integers(1, 12), st.integers(12, 30))
def test_big_cohorts_keep_every_worker_busy(cohorts: int, workers: int, size: int) -> None:
    slices = len(cut_sizes([size] * cohorts, workers))
    assert slices % workers == 0 or slices >= ENOUGH_PER_WORKER * workers


@pytest.mark.parametrize(
    ("sizes", "workers", "lengths"),
    [
        ([5], 2, [2, 3]),
        ([5, 5], 2, [5, 5]),
        ([4, 4, 4], 2, [2, 2, 2, 2, 2, 2]),
        ([6, 1], 4, [3, 1, 3]),
        ([1], 8, [1]),
        ([10] * 8, 2, [10] * 8),
        ([], 4, []),
    ],
)
def test_cuts_that_were_worked_out_by_hand(sizes: list[int], workers: int, lengths: list[int]) -> None:
    assert [len(piece) for piece in cut_sizes(sizes, workers)] == lengths
