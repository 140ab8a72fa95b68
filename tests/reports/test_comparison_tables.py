from itertools import combinations

import pytest

from segsweep.reports.comparison import Level, Pairs
from segsweep.reports.comparison_tables import MOST_IN_MATRIX, matrix, pairs_table
from segsweep.reports.document import Mark
from segsweep.reports.numbers import NOTHING
from segsweep.spec.report_settings import ReportSettings
from segsweep.statistics.equivalence import Verdict
from segsweep.statistics.family import Comparison
from segsweep.statistics.intervals import Interval

SETTINGS = ReportSettings()


def pairs_of(
    scores: list[float], verdict: Verdict, *, level: Level = Level.MODELS, higher: bool = True, untied: int = 100
) -> Pairs:
    comparisons = tuple(
        Comparison(
            one,
            two,
            100,
            untied,
            Interval(
                scores[one] - scores[two], scores[one] - scores[two] - 0.02, scores[one] - scores[two] + 0.01, 0.95,
                "studentised", 0.005, 100,
            ),
            0.0004,
            0.03,
            verdict,
        )
        for one, two in combinations(range(len(scores)), 2)
    )  # fmt: skip
    return Pairs(
        level,
        tuple("ABCDEFGHIJKLMNOPQRST"[: len(scores)]),
        tuple(scores),
        tuple(scores),
        100,
        comparisons,
        999,
        higher,
    )


def texts(table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


def test_the_better_setting_stands_first_and_the_interval_turns_with_it() -> None:
    table = pairs_table(pairs_of([0.7, 0.8], Verdict.DIFFERENT), SETTINGS, slug="x", metric="Dice")
    assert texts(table)[0][:7] == ["B", "A", "100", "0.100 [0.090, 0.120]", "< 0.001", "0.030", "different"]
    assert table.rows[0][6].marks == frozenset({Mark.BETTER})


def test_cases_needed_are_not_told_of_pairs_that_differ_on_few_cases() -> None:
    table = pairs_table(pairs_of([0.8, 0.7], Verdict.UNDECIDED, untied=5), SETTINGS, slug="x", metric="Dice")
    assert table.rows[0][-1].text == NOTHING


def test_cases_needed_follow_the_textbook() -> None:
    """Spread 0.05, difference 0.01: (1.96 + 0.84)² · 25 = 196 by the normal approximation, 199 by t."""
    table = pairs_table(pairs_of([0.7, 0.8], Verdict.DIFFERENT), SETTINGS, slug="x", metric="Dice")
    assert table.columns[-1].title == "Cases needed for 0.01"
    assert 196 < (table.rows[0][-1].number or 0) < 200


def test_the_spread_between_trainings_plans_no_number_of_cases() -> None:
    pairs = pairs_of([0.7, 0.8], Verdict.DIFFERENT, level=Level.LOSSES)
    assert pairs_table(pairs, SETTINGS, slug="x", metric="Dice").columns[-1].title == "Verdict"


@pytest.mark.parametrize(
    ("verdict", "higher", "expected"),
    [
        (Verdict.DIFFERENT, True, [["B", "–", "+0.100 ▲"], ["A", "−0.100 ▼", "–"]]),
        (Verdict.DIFFERENT, False, [["A", "–", "−0.100 ▲"], ["B", "+0.100 ▼", "–"]]),
        (Verdict.EQUIVALENT, True, [["B", "–", "+0.100 ="], ["A", "−0.100 =", "–"]]),
        (Verdict.UNDECIDED, True, [["B", "–", "+0.100 ?"], ["A", "−0.100 ?", "–"]]),
    ],
)
def test_the_matrix_says_with_a_sign_what_it_says_with_a_colour(
    verdict: Verdict, higher: bool, expected: list[list[str]]
) -> None:
    table = matrix(pairs_of([0.7, 0.8], verdict, higher=higher), slug="x", metric="Dice")
    assert table is not None
    assert texts(table) == expected


def test_a_matrix_that_cannot_be_read_is_not_drawn() -> None:
    assert matrix(pairs_of([0.5] * (MOST_IN_MATRIX + 1), Verdict.UNDECIDED), slug="x", metric="Dice") is None
    assert matrix(pairs_of([0.5], Verdict.UNDECIDED), slug="x", metric="Dice") is None
