import numpy as np
import pytest
from sweep_tables import LOSSES, Effect, Sweep, case_row, hippocampus, trial_row

from segsweep.reports.document import Mark
from segsweep.reports.report import Report, build_report
from segsweep.reports.table1 import caption_marks, section
from segsweep.reports.writing import to_markdown
from segsweep.spec.report_settings import ReportSettings

BOLD, ITALIC, UNDER = Mark.BOLD, Mark.ITALIC, Mark.UNDERLINE
PUBLISHED_LOSSES = ("ce", "wce", "dice", "jaccard", "lovasz")
PUBLISHED = {
    "BR18": ([0.768, 0.735, 0.823, 0.823, 0.827], [0.654, 0.602, 0.717, 0.720, 0.722]),
    "IS17": ([0.260, 0.311, 0.331, 0.321, 0.305], [0.177, 0.212, 0.227, 0.217, 0.204]),
    "IS18": ([0.463, 0.474, 0.538, 0.528, 0.508], [0.345, 0.344, 0.407, 0.399, 0.382]),
    "MO17": ([0.930, 0.860, 0.932, 0.931, 0.932], [0.873, 0.769, 0.877, 0.875, 0.877]),
    "PO18": ([0.635, 0.602, 0.656, 0.651, 0.649], [0.541, 0.488, 0.559, 0.554, 0.553]),
}
"""Table 1 of Bertels et al. 2019, all fifty means."""


def published_report(cases: int = 12) -> Report:
    """Case tables whose means are the published ones: symmetric scatter around each."""
    sweep = Sweep()
    scatter = np.linspace(-0.05, 0.05, cases)
    for dataset, (dice, jaccard) in PUBLISHED.items():
        for place, loss in enumerate(PUBLISHED_LOSSES):
            trial = trial_row(f"{dataset}-{loss}", Effect(loss, loss), dataset=dataset)
            sweep.trials.append(trial)
            sweep.cases += [
                case_row(trial, f"case {index:02d}", "lesion", dice=dice[place] + shift, jaccard=jaccard[place] + shift)
                for index, shift in enumerate(scatter)
            ]
    return build_report(*sweep.tables(), ReportSettings(resamples=999), name="x")


def test_the_fifty_published_means_appear_with_dataset_sizes() -> None:
    report = published_report()
    table = next(section(report.table1, report.settings).tables())
    found = {(row[0].text, row[1].text): [cell.text for cell in row[2:]] for row in table.rows}
    for dataset, (dice, jaccard) in PUBLISHED.items():
        assert found["Dice", f"{dataset}, lesion (12)"] == [f"{value:.3f}" for value in dice]
        assert found["Jaccard", f"{dataset}, lesion (12)"] == [f"{value:.3f}" for value in jaccard]
    assert "| BR18, lesion (12) |" in to_markdown(report)


def test_settings_of_different_numbers_of_cases_are_told() -> None:
    made = hippocampus(per_fold=12)
    gone = made.trials[0]["trial"]
    made.cases = [case for case in made.cases if case["trial"] != gone]
    report = build_report(*made.tables(), ReportSettings(resamples=499), name="x")
    table = next(section(report.table1, report.settings).tables())
    row = report.table1[0]
    assert row.fewest < row.cases
    assert f"({row.fewest} to {row.cases})" in table.rows[0][1].text
    assert "A mean is over the setting's own cases" in table.note
    whole = published_report()
    assert "own cases" not in next(section(whole.table1, whole.settings).tables()).note


def lower(pairs: set[tuple[int, int]], size: int = 5) -> np.ndarray:
    """A matrix in which exactly these first settings are significantly lower than these second ones."""
    matrix = np.zeros((size, size), dtype=bool)
    for first, second in pairs:
        matrix[first, second] = True
    return matrix


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        (set(), [set(), set(), set(), set(), set()]),
        ({(0, 2), (0, 3)}, [set(), set(), set(), set(), set()]),  # not lower than Lovász: no italic
        ({(0, 2), (0, 3), (0, 4)}, [{ITALIC}, set(), set(), set(), set()]),
        ({(1, 0)}, [set(), {UNDER}, set(), set(), set()]),
        ({(4, 2)}, [set(), set(), set(), set(), {UNDER}]),
        ({(0, 2), (1, 2), (3, 2), (4, 2)}, [set(), set(), {BOLD}, {UNDER}, {UNDER}]),
        ({(2, 0), (2, 1)}, [set(), set(), set(), set(), set()]),  # a metric-sensitive loss is never italic
    ],
)
def test_marks_follow_the_caption(pairs: set[tuple[int, int]], expected: list[set[Mark]]) -> None:
    assert list(caption_marks(PUBLISHED_LOSSES, lower(pairs))) == [frozenset(marks) for marks in expected]


def test_sums_and_foreign_losses_belong_to_no_group() -> None:
    losses = ("ce", "dice+ce", "dice")
    assert caption_marks(losses, lower({(1, 0), (1, 2)}, 3)) == (frozenset(), frozenset({ITALIC}), frozenset())


def test_one_setting_is_never_better_than_all_others() -> None:
    assert caption_marks(("dice",), lower(set(), 1)) == (frozenset(),)


def shifted_report(settings: ReportSettings, shift: float) -> Report:
    """CE behind Dice by `shift` on average, with a scatter of its own."""
    trials = [trial_row("a", LOSSES[0]), trial_row("b", LOSSES[2])]
    rng = np.random.default_rng(5)
    base, noise = rng.normal(0.7, 0.1, 40), rng.normal(0, 0.02, 40)
    noise += -shift - noise.mean()
    cases = [case_row(trials[1], f"{index:02d}", dice=value, jaccard=value) for index, value in enumerate(base)]
    cases += [
        case_row(trials[0], f"{index:02d}", dice=value, jaccard=value) for index, value in enumerate(base + noise)
    ]
    return build_report(*Sweep(trials, cases).tables(), settings, name="x")


def test_the_published_rule_marks_what_the_corrected_one_does_not() -> None:
    """A shift of 1.75 standard errors: a one-sided share below .05, a two-sided p above it."""
    shift = 1.75 * 0.02 / np.sqrt(40)
    strict = shifted_report(ReportSettings(resamples=1999), shift).table1[0]
    published = shifted_report(ReportSettings(resamples=1999, rule="as_published"), shift).table1[0]
    assert strict.marks["ce"] == frozenset()
    assert published.marks["ce"] == frozenset({ITALIC})
    assert published.marks["dice Φ=image"] == frozenset({BOLD})
