"""The test set of a dataset: its cases marked, and what would make it no test set refused."""

from collections.abc import Sequence
from dataclasses import replace

from segsweep.data.cases import Case
from segsweep.errors import DataError
from segsweep.spec.datasets import HeldOut
from segsweep.spec.labels import Where, is_where, written

_MOST_NAMED = 10
"""Values of a column that are worth listing in a message."""


def held_out(cases: Sequence[Case], wanted: HeldOut) -> tuple[Case, ...]:
    """The cases with their test set marked.

    Args:
        cases: of a dataset; those of the source's own test part are marked already.
        wanted: which ones are the test set.

    Raises:
        DataError: the test set would be empty or everything, or a column, a value or a case is unknown, or a group
            lies on both sides.
    """
    marked = tuple(cases) if wanted.own else _chosen(cases, wanted.where)
    test, rest = ([case for case in marked if case.test is side] for side in (True, False))
    if twice := sorted({case.id for case in test} & {case.id for case in rest}):
        raise DataError(f"test: case {twice[0]!r} is there twice, in the test part and outside it")
    if not rest:
        raise DataError("test: every case is in the test set, so that none is left to train on")
    if torn := sorted({case.group for case in test} & {case.group for case in rest}):
        raise DataError(
            f"test: group {torn[0]!r} is in the test set and outside it; `group: none` makes every case its own"
        )
    return marked


def _chosen(cases: Sequence[Case], where: Where) -> tuple[Case, ...]:
    known = [{**case.meta, "id": case.id} for case in cases]
    columns = dict.fromkeys(column for row in known for column in row)
    for column, values in where.items():
        if column not in columns:
            raise DataError(f"test: no column {column!r}; columns: {', '.join(columns)}")
        there = sorted({row.get(column, "") for row in known})
        if unknown := [value for value in values if value not in there]:
            listed = f"; values: {', '.join(there)}" if len(there) <= _MOST_NAMED else ""
            raise DataError(f"test: no case has {unknown[0]!r} in column {column!r}{listed}")
    marked = tuple(replace(case, test=is_where(row, where)) for case, row in zip(cases, known, strict=True))
    if not any(case.test for case in marked):
        raise DataError(f"test: no case is where {written(where)}")
    return marked
