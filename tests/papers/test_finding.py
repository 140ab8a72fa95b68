"""When a claim is said to hold."""

import pytest

from papers.finding import Agreement, Difference, all_higher, none_different, none_lower, written
from segsweep.statistics.equivalence import Verdict
from segsweep.statistics.intervals import Interval


def difference(estimate: float, verdict: Verdict) -> Difference:
    interval = Interval(estimate, estimate - 0.01, estimate + 0.01, 0.95, "studentised", 0.005, 40)
    return Difference("dice − ce", interval, verdict)


UP, DOWN = difference(0.02, Verdict.DIFFERENT), difference(-0.02, Verdict.DIFFERENT)
SAME, OPEN = difference(0.001, Verdict.EQUIVALENT), difference(0.02, Verdict.UNDECIDED)


@pytest.mark.parametrize(
    ("found", "higher", "different", "lower"),
    [
        ([UP, UP], "agrees", "disagrees", "agrees"),
        ([UP, OPEN], "undecided", "disagrees", "undecided"),
        ([UP, SAME], "undecided", "disagrees", "agrees"),
        ([UP, DOWN], "disagrees", "disagrees", "disagrees"),
        ([SAME, SAME], "disagrees", "agrees", "agrees"),
        ([SAME, OPEN], "undecided", "undecided", "undecided"),
        ([DOWN], "disagrees", "disagrees", "disagrees"),
        ([], "undecided", "undecided", "undecided"),
    ],
)
def test_a_difference_that_was_not_found_is_neither(
    found: list[Difference], higher: str, different: str, lower: str
) -> None:
    assert [rule(found) for rule in (all_higher, none_different, none_lower)] == list(
        map(Agreement, (higher, different, lower))
    )


def test_numbers_come_with_interval_and_verdict() -> None:
    assert written([UP, SAME]) == (
        "dice − ce +0.020 [+0.010, +0.030], different; dice − ce +0.001 [−0.009, +0.011], cannot be told apart"
    )
