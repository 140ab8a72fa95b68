from hypothesis import given
from hypothesis import strategies as st

from segsweep.orchestration.slices import ENOUGH_PER_WORKER, cut

COHORTS = st.lists(st.integers(1, 40), max_size=12)


def cohorts(sizes: list[int]) -> dict[str, list[str]]:
    """Cutting looks at nothing inside a trial, so that a name will do."""
    return {f"cohort {number}": [f"{number}.{trial}" for trial in range(size)] for number, size in enumerate(sizes)}


def cut_up(sizes: list[int], workers: int) -> tuple[tuple[str, ...], ...]:
    return cut(cohorts(sizes), workers)  # type: ignore[arg-type,return-value]


@given(COHORTS, st.integers(1, 16))
def test_every_trial_is_in_one_slice(sizes: list[int], workers: int) -> None:
    found = [trial for piece in cut_up(sizes, workers) for trial in piece]
    assert sorted(found) == sorted(trial for trials in cohorts(sizes).values() for trial in trials)


@given(COHORTS, st.integers(1, 16))
def test_a_slice_is_of_one_cohort_and_never_empty(sizes: list[int], workers: int) -> None:
    for piece in cut_up(sizes, workers):
        assert len({trial.split(".")[0] for trial in piece}) == 1


@given(COHORTS, st.integers(1, 16))
def test_a_cohorts_slices_differ_by_one_trial_at_most(sizes: list[int], workers: int) -> None:
    lengths: dict[str, list[int]] = {}
    for piece in cut_up(sizes, workers):
        lengths.setdefault(piece[0].split(".")[0], []).append(len(piece))
    assert all(max(found) - min(found) <= 1 for found in lengths.values())


@given(COHORTS, st.integers(1, 16))
def test_no_cohort_is_cut_further_than_there_are_workers(sizes: list[int], workers: int) -> None:
    pieces = cut_up(sizes, workers)
    assert len(pieces) <= len(sizes) * workers


@given(st.integers(1, 12), st.integers(1, 16))
def test_where_there_are_trials_enough_no_worker_is_idle(count: int, workers: int) -> None:
    slices = len(cut_up([workers * 4] * count, workers))
    assert slices % workers == 0 or slices >= ENOUGH_PER_WORKER * workers


def test_one_worker_takes_whole_cohorts() -> None:
    assert [len(piece) for piece in cut_up([5, 3, 1], workers=1)] == [5, 3, 1]


def test_first_parts_come_first_since_they_train_the_warm_starts() -> None:
    pieces = cut_up([4, 4, 4], workers=2)
    assert [piece[0] for piece in pieces] == ["0.0", "1.0", "2.0", "0.2", "1.2", "2.2"]


def test_nothing_to_cut() -> None:
    assert cut({}, 4) == ()
