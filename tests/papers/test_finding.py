"""When a claim is said to hold."""

import pytest

from papers.finding import (
    Agreement,
    Difference,
    Finding,
    all_higher,
    findings_section,
    none_different,
    none_lower,
    written,
)
from segsweep.reports.document import Bullets
from segsweep.statistics.equivalence import Verdict
from segsweep.statistics.intervals import Interval


def difference(estimate: float, verdict: Verdict, p: float) -> Difference:
    interval = Interval(estimate, estimate - 0.01, estimate + 0.01, 0.95, "studentised", 0.005, 40)
    return Difference("dice − ce", interval, p, verdict)


UP, DOWN = difference(0.02, Verdict.DIFFERENT, 0.003), difference(-0.02, Verdict.DIFFERENT, 0.003)
SAME, OPEN = difference(0.001, Verdict.EQUIVALENT, 0.8), difference(0.02, Verdict.UNDECIDED, 0.2)
# beyond chance, and smaller than what matters
SLIGHT, SLIP = difference(0.004, Verdict.EQUIVALENT, 0.0004), difference(-0.004, Verdict.EQUIVALENT, 0.0004)
FEW = difference(0.02, Verdict.UNDECIDED, 0.01)  # too few cases to decide anything, whatever p says


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
        ([UP, SLIGHT], "agrees", "disagrees", "agrees"),
        ([SAME, SLIGHT], "undecided", "disagrees", "agrees"),
        ([SAME, SLIP], "disagrees", "disagrees", "agrees"),
        ([FEW], "undecided", "undecided", "undecided"),
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
    assert written([UP, SAME, SLIGHT]) == (
        "dice − ce +0.020 [+0.010, +0.030], p = 0.003, different; dice − ce +0.001 [−0.009, +0.011], p = 0.80, cannot "
        "be told apart; dice − ce +0.004 [−0.006, +0.014], p < 0.001, different by less than the margin"
    )


def test_in_short_it_says_which_claim_holds_where() -> None:
    section = findings_section(
        [
            Finding("Dice is higher", "liver; these models", "+0.02", Agreement.AGREES),
            Finding("Volume is right", "liver", "1 ml", Agreement.UNDECIDED),
            Finding("Dice is higher", "spleen; these models", "+0.03", Agreement.AGREES),
        ],
        "made-up",
    )
    (table,) = section.tables()
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["Dice is higher", "liver; spleen", "–", "–"],
        ["Volume is right", "–", "–", "liver"],
    ]
    (bullets,) = (block for block in section.blocks if isinstance(block, Bullets))
    assert [item.text for item in bullets.items] == ["+0.02", "+0.03", "1 ml"]
