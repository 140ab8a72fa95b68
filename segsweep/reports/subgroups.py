"""Scores and volume errors by any column of the dataset's meta table: site, scanner, stage, sex …"""

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segsweep.reports.document import Block, Cell, Column, Paragraph, Section, Table, Tone, text_cell
from segsweep.reports.estimates import Mean, PanelEstimates, fewer, means_with_intervals
from segsweep.reports.interval_cells import interval_cell
from segsweep.reports.numbers import decimals_for
from segsweep.reports.panels import Panel
from segsweep.reports.scores import Estimator, over_repeats, score_values, volume_errors
from segsweep.reports.settings_table import UNIT_NAMES
from segsweep.spec.report_settings import ReportSettings

MOST_VALUES = 12
"""A column with more distinct words names cases rather than kinds of cases; numbers are cut into thirds."""

FEWEST_CASES = 3


@dataclass(frozen=True)
class Subgroup:
    """Cases that share a value of one meta column.

    Attributes:
        column: of the meta table.
        value: of that column, or its range.
        cases: how many.
        scores: mean of the compared metric, by setting.
        errors: mean ΔV (hard), by setting.
    """

    column: str
    value: str
    cases: int
    scores: tuple[Mean, ...]
    errors: tuple[Mean, ...]


def subgroups(estimates: PanelEstimates, settings: ReportSettings) -> tuple[Subgroup, ...]:
    """Every subgroup of at least `FEWEST_CASES` cases; nothing where a column has one value only."""
    panel = estimates.panel
    kinds = [
        (column, value, members)
        for column, values in meta_columns(panel).items()
        for value, members in _kinds(values)
        if np.count_nonzero(members) >= FEWEST_CASES
    ]
    if not kinds:
        return ()
    scores = over_repeats(score_values(panel, settings.metric, settings.empty))
    errors = over_repeats(volume_errors(panel, Estimator.HARD))
    stacked = np.concatenate([np.where(members, part, np.nan) for _, _, members in kinds for part in (scores, errors)])
    found = means_with_intervals(stacked, fewer(estimates.weights, intervals=len(stacked)), level=settings.level)
    size = len(panel.settings)
    return tuple(
        Subgroup(
            column,
            value,
            int(np.count_nonzero(members)),
            found[2 * index * size : (2 * index + 1) * size],
            found[(2 * index + 1) * size : (2 * index + 2) * size],
        )
        for index, (column, value, members) in enumerate(kinds)
    )


def meta_columns(panel: Panel) -> dict[str, list[object]]:
    """Values by meta column, one per case; None where a case has none."""
    first = panel.row.reshape(-1, len(panel.cases)).max(axis=0)
    texts = panel.results.cases_table["meta"].take(first).to_pylist()
    rows = [json.loads(text) if text else {} for text in texts]
    columns = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in columns}


def _kinds(values: list[object]) -> list[tuple[str, NDArray[np.bool_]]]:
    """Distinct values, or thirds of a column of many numbers; nothing for a column that tells no cases apart."""
    distinct = sorted({str(value) for value in values if value is not None})
    if 2 <= len(distinct) <= MOST_VALUES:
        words = np.array(["" if value is None else str(value) for value in values], dtype=object)
        return [(name, words == name) for name in distinct if name]
    numbers = np.array([_as_number(value) for value in values])
    if len(distinct) < 2 or np.isnan(numbers).any():
        return []
    cuts = np.quantile(numbers, [0, 1 / 3, 2 / 3, 1])
    place = np.clip(np.searchsorted(cuts[1:-1], numbers, side="left"), 0, 2)
    return [
        (f"{numbers[place == third].min():g} to {numbers[place == third].max():g}", place == third)
        for third in range(3)
        if (place == third).any()
    ]


def _as_number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return float("nan")
    try:
        return float(value)
    except ValueError:
        return float("nan")


def section(
    found: tuple[Subgroup, ...], settings_names: tuple[str, ...], *, slug: str, metric: str, unit: str, level: float
) -> Section:
    """One table per meta column."""
    caution = (
        "Described, not tested: many subgroups are looked at, and some will stand out by chance. Intervals are those "
        "of each subgroup alone."
    )
    blocks: list[Block] = [Paragraph(caution, Tone.NOTE)]
    for number_, column in enumerate(dict.fromkeys(item.column for item in found)):
        members = [item for item in found if item.column == column]
        blocks.append(_table(column, members, settings_names, f"{slug}-subgroups-{number_ + 1}", metric, unit, level))
    return Section(f"{slug}-subgroups", "Subgroups", tuple(blocks))


def _table(
    column: str, members: list[Subgroup], names: tuple[str, ...], slug: str, metric: str, unit: str, level: float
) -> Table:
    decimals = decimals_for(abs(mean.estimate) for item in members for mean in item.errors)
    columns = (
        Column(column),
        Column("Cases", numeric=True),
        Column("Setting"),
        Column(f"mean {metric}", numeric=True, interval=True),
        Column(f"ΔV hard, {UNIT_NAMES[unit]}", numeric=True, interval=True),
    )
    rows = tuple(
        (
            text_cell(item.value),
            Cell(str(item.cases), item.cases),
            text_cell(name),
            interval_cell(item.scores[place], 3),
            interval_cell(item.errors[place], decimals),
        )
        for item in members
        for place, name in enumerate(names)
    )
    note = f"{level:.0%} studentised bootstrap intervals over the cases of the subgroup."
    return Table(slug, f"By {column}", columns, rows, note, folded=len(rows) > 12)
