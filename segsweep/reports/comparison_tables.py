"""The paired comparison as a matrix to look at and as a table to look up."""

import math

from segsweep.reports.comparison import Level, Pairs
from segsweep.reports.document import Cell, Column, Mark, Table, text_cell
from segsweep.reports.interval_cells import interval_cell
from segsweep.reports.numbers import NOTHING, p_value, signed
from segsweep.spec.report_settings import ReportSettings
from segsweep.statistics.equivalence import Verdict, fewest_units
from segsweep.statistics.family import Comparison
from segsweep.statistics.planning import MOST, cases_needed

MOST_IN_MATRIX = 16
"""A larger matrix cannot be read; the table has every pair."""

MOST_PLANNED = 300
"""Pairs beyond which nobody reads how many cases each would need."""

_DECIMALS = 3

MEANINGS = {
    Level.MODELS: "What would change had other cases been drawn. The trained models are taken as they are: two "
    "trainings of one loss would often differ here too.",
    Level.LOSSES: "What would change had other cases been drawn and every model been trained again. The spread between "
    "trainings is estimated from the repeats.",
}

CORRECTIONS = {
    "max-t": "studentised max-T step-down over all pairs (Bonferroni for those that differ on few cases only)",
    "holm": "Holm over all pairs",
    "bh": "Benjamini–Hochberg over all pairs (false discovery rate)",
}


def pairs_table(pairs: Pairs, settings: ReportSettings, *, slug: str, metric: str) -> Table:
    """One row per pair, better mean first."""
    plans = pairs.level is Level.MODELS and len(pairs.comparisons) <= MOST_PLANNED
    columns = (
        Column("Setting"),
        Column("against"),
        Column("Cases", numeric=True),
        Column(f"Difference in {metric}", numeric=True, interval=True),
        Column("p", numeric=True),
        Column("p corrected", numeric=True),
        Column("Verdict"),
        *([Column(f"Cases needed for {settings.margin:g}", numeric=True)] if plans else []),
    )
    rows = tuple(
        (*_row(pairs, first, second), *([_needed(pairs.between(first, second), settings)] if plans else []))
        for first, second in pairs.best_first()
    )
    note = (
        f"Difference = first − second on the cases both have, {settings.level:.0%} studentised bootstrap interval of "
        f"this pair alone; p corrected by {CORRECTIONS[settings.correction]}, {pairs.resamples:,} resamples. "
        f"Cannot be told apart: the interval lies inside ±{settings.margin:g}. Undecided: neither that nor p corrected "
        f"≤ {1 - settings.level:.2g}."
    )
    if plans:
        note += (
            " Cases needed: to find a difference of the size of the margin with 80% power, this pair alone, as far as "
            "its spread here tells."
        )
    return Table(
        slug, f"Every pair of settings, {metric}, {pairs.level.value}", columns, rows, note, folded=len(rows) > 10
    )


def _row(pairs: Pairs, first: int, second: int) -> tuple[Cell, ...]:
    found, gain = pairs.between(first, second), pairs.gain(first, second)
    return (
        text_cell(pairs.settings[first]),
        text_cell(pairs.settings[second]),
        Cell(str(found.n), found.n),
        interval_cell(gain, _DECIMALS),
        Cell(p_value(found.p), found.p),
        Cell(p_value(found.p_corrected), found.p_corrected),
        Cell(found.verdict.value, marks=frozenset({_mark(pairs, first, second)})),
    )


def _needed(found: Comparison, settings: ReportSettings) -> Cell:
    """Cases on which a difference of the size of the margin would be found four times out of five."""
    spread = found.difference.standard_error * math.sqrt(found.n)
    if found.untied < fewest_units(settings.level) or not spread > 0:
        return Cell(NOTHING)
    cases = cases_needed(settings.margin, spread, level=settings.level)
    return Cell(f"> {MOST:,}") if cases is None else Cell(f"{cases:,}".replace(",", "\u202f"), cases)


def matrix(pairs: Pairs, *, slug: str, metric: str) -> Table | None:
    """Row minus column, best setting first; None where there are too many settings to look at."""
    if not 2 <= len(pairs.settings) <= MOST_IN_MATRIX:
        return None
    order = pairs.ranked()
    columns = (Column("row − column"), *(Column(pairs.settings[place], numeric=True) for place in order))
    rows = tuple(
        (text_cell(pairs.settings[row]), *(_matrix_cell(pairs, row, column) for column in order)) for row in order
    )
    note = (
        "▲ row better, ▼ row worse, = cannot be told apart, ? undecided; the same comparisons as in the table of pairs."
    )
    return Table(slug, f"Difference in {metric}, row − column", columns, rows, note)


def _matrix_cell(pairs: Pairs, row: int, column: int) -> Cell:
    if row == column:
        return Cell(NOTHING)
    mark = _mark(pairs, row, column)
    sign = {Mark.BETTER: "▲", Mark.WORSE: "▼", Mark.EQUAL: "=", Mark.UNDECIDED: "?"}[mark]
    gain = pairs.gain(row, column)
    return Cell(f"{signed(gain.estimate, _DECIMALS)} {sign}", gain.estimate, gain.low, gain.high, frozenset({mark}))


def _mark(pairs: Pairs, first: int, second: int) -> Mark:
    match pairs.between(first, second).verdict:
        case Verdict.EQUIVALENT:
            return Mark.EQUAL
        case Verdict.UNDECIDED:
            return Mark.UNDECIDED
        case Verdict.DIFFERENT:
            better = (pairs.gain(first, second).estimate > 0) == pairs.higher_is_better
            return Mark.BETTER if better else Mark.WORSE
