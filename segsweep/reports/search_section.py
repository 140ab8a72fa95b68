"""A search on paper: the front as table and figure, each searched argument as a figure, every candidate as a table."""

import math
from collections.abc import Iterator

from segsweep.reports.document import (
    Block,
    Cell,
    Column,
    Drawing,
    Drawings,
    Mark,
    Paragraph,
    Section,
    Table,
    Tone,
    text_cell,
)
from segsweep.reports.estimates import Mean
from segsweep.reports.interval_cells import interval_cell
from segsweep.reports.numbers import count, number, signed, with_interval
from segsweep.reports.search import Candidate, Study
from segsweep.reports.search_figures import parameter_figure, pareto_figure, searched_arguments

OBJECTIVE_NAMES = {
    "dice": "Dice",
    "abs_bias": "|ΔV|, % of true volume",
    "abs_bias_soft": "|ΔV| soft, % of true volume",
}
_PERCENT = 100.0


def sentence(found: tuple[Study, ...]) -> str:
    """For the answer: what was searched, and what may be said of what it found."""
    tried = sum(len(study.candidates) for study in found)
    members = sum(len(study.front) for study in found)
    return (
        f"A search tried {count(tried, 'setting')} and chose {members} of them on inner cases; what follows is about "
        "these on the outer cases, where each was judged once."
    )


def section(study: Study, *, slug: str, level: float) -> Section:
    """Everything about one search."""
    ended = [one for one in study.candidates if one.state == "searched"]
    about = (
        f"{count(len(study.candidates), 'setting')} tried, {len(ended)} with a result; objectives: "
        f"{', '.join(OBJECTIVE_NAMES[name].partition(',')[0] for name in study.objectives)}. Inner values are those "
        "that the search maximised or minimised, and so are optimistic; the outer ones are not, for nothing was chosen "
        "on outer cases."
    )
    blocks: list[Block] = [Paragraph(about, Tone.NOTE)]
    if study.front:
        blocks += [_front_table(study, slug, level), Drawings(lambda: tuple(_drawings(study, slug)))]
    return Section(slug, f"Search: {study.name}", (*blocks, _candidates_table(study, slug)))


def _drawings(study: Study, slug: str) -> Iterator[Drawing]:
    yield pareto_figure(study, slug=f"{slug}-pareto", bias_title=OBJECTIVE_NAMES[study.bias])
    for argument in searched_arguments(study):
        for objective in dict.fromkeys(("dice", study.bias)):
            yield parameter_figure(
                study, argument, objective, slug=f"{slug}-{argument}-{objective}", title=OBJECTIVE_NAMES[objective]
            )


def _front_table(study: Study, slug: str, level: float) -> Table:
    columns = (
        Column("Setting"),
        Column("Dice, inner", numeric=True),
        Column(f"{OBJECTIVE_NAMES[study.bias]}, inner", numeric=True),
        Column("Label"),
        Column("Dice, outer", numeric=True, interval=True),
        Column("ΔV, outer, % of true volume", numeric=True, interval=True),
    )
    rows = []
    for member in study.front:
        inner = (
            text_cell(member.setting),
            Cell(number(member.values["dice"], 3), member.values["dice"]),
            _percent(member.values[study.bias]),
        )
        judged = [one for one in study.judged if one.setting == member.setting]
        rows += [(*inner, text_cell(one.label), interval_cell(one.dice, 3), _bias_cell(one.bias)) for one in judged]
        if not judged:
            rows.append((*inner, text_cell("–"), Cell("not judged yet"), Cell("–")))
    note = (
        f"The settings that no other beats in one objective without losing in another. {level:.0%} intervals of these "
        "models; the mean true volume is taken as known."
    )
    return Table(f"{slug}-front", "Pareto front", columns, tuple(rows), note)


def _bias_cell(bias: Mean) -> Cell:
    estimate, low, high = (_PERCENT * value for value in (bias.estimate, bias.low, bias.high))
    text = with_interval(estimate, low, high, 1) if math.isfinite(low) else signed(estimate, 1)
    return Cell(text, estimate, low, high)


def _percent(value: float) -> Cell:
    return Cell(number(_PERCENT * value, 1), _PERCENT * value)


def _candidates_table(study: Study, slug: str) -> Table:
    columns = (
        Column("No.", numeric=True),
        Column("Setting"),
        Column("Dice, inner", numeric=True),
        Column("|ΔV| hard, inner, %", numeric=True),
        Column("|ΔV| soft, inner, %", numeric=True),
        Column("On the front"),
        Column("State"),
    )
    rows = tuple(_candidate_row(one) for one in study.candidates)
    return Table(f"{slug}-candidates", "Every setting tried", columns, rows, folded=True)


def _candidate_row(one: Candidate) -> tuple[Cell, ...]:
    return (
        Cell(str(one.number), one.number),
        text_cell(one.setting),
        Cell(number(one.values["dice"], 3), one.values["dice"]),
        _percent(one.values["abs_bias"]),
        _percent(one.values["abs_bias_soft"]),
        Cell("yes" if one.front else "no", marks=frozenset({Mark.EQUAL}) if one.front else frozenset()),
        text_cell(one.state if not one.reason else f"{one.state}: {one.reason}"),
    )
