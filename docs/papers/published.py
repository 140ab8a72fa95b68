"""The tables behind the pages, kept beside them: a page can be made again, and gone on with, without its runs."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segsweep.orchestration.collect import Tables, renamed
from segsweep.records.schemas import CASES, TRIALS
from segsweep.records.tables import concatenate, read, table, write

FOLDER = "tables"
_AT_THRESHOLDS = ("predicted_at", "true_positive_at")
"""Lists of 101 counts, nine tenths of a cases table; no page shows what other thresholds would give."""


def publish(page: str, grids: Iterable[Tables], splits: Sequence[str], folder: Path) -> None:
    """Keep the finished trials of a page.

    Args:
        page: its name.
        grids: what has been run of each of its grids, which may share trials.
        splits: of the cases that are kept.
        folder: of the pages.
    """
    found = _each_once(grids)
    cases = found.cases.filter(pc.is_in(found.cases["split"], pa.array(splits)))
    write(found.trials, folder / FOLDER / f"{page}.trials.parquet")
    write(_without_thresholds(cases), folder / FOLDER / f"{page}.cases.parquet")


def published(folder: Path) -> Tables:
    """The trials of all pages that lie in a folder."""
    names = [place.name.removesuffix(".trials.parquet") for place in (folder / FOLDER).glob("*.trials.parquet")]
    return _each_once(
        Tables(
            read(folder / FOLDER / f"{name}.trials.parquet", TRIALS),
            read(folder / FOLDER / f"{name}.cases.parquet", CASES),
        )
        for name in sorted(names)
    )


def completed(tracked: Tables, kept: Tables) -> Tables:
    """The trials of a grid, without counts at thresholds: those that were not finished here as they were published.

    Args:
        tracked: of the grid, by whose names settings and datasets go.
        kept: of any grids.
    """
    before = {row["trial"]: row for row in kept.trials.to_pylist()}
    rows = [
        row
        if row["state"] == "finished"
        else {**before.get(row["trial"], row), "setting": row["setting"], "dataset": row["dataset"]}
        for row in tracked.trials.to_pylist()
    ]
    here = set(tracked.cases["trial"].to_pylist())
    there = _of(kept.cases, {row["trial"] for row in rows if row["state"] == "finished"} - here)
    cases = concatenate([tracked.cases, renamed(there, {row["trial"]: row["dataset"] for row in rows})], CASES)
    return replace(tracked, trials=table(rows, TRIALS), cases=_without_thresholds(cases))


def _each_once(found: Iterable[Tables]) -> Tables:
    """The finished trials, and all cases that any of the tables has of them."""
    tables = list(found)
    trials = concatenate([one.trials.filter(pc.equal(one.trials["state"], "finished")) for one in tables], TRIALS)
    cases = concatenate([_of(one.cases, trials["trial"].to_pylist()) for one in tables], CASES)
    return Tables(_first(trials, "trial"), _first(cases, "trial", "split", "case", "label", "truth"))


def _of(rows: pa.Table, trials: Collection[str]) -> pa.Table:
    return rows.filter(pc.is_in(rows["trial"], pa.array(sorted(trials), pa.string())))


def _first(rows: pa.Table, *names: str) -> pa.Table:
    """The first of the rows that are equal in these columns."""
    keys = pc.binary_join_element_wise(*(rows[name] for name in names), "\n")
    _, places = np.unique(keys.to_numpy(), return_index=True)
    return rows.take(np.sort(places))


def _without_thresholds(cases: pa.Table) -> pa.Table:
    for name in _AT_THRESHOLDS:
        empty = pa.array([[]] * len(cases), CASES.field(name).type)
        cases = cases.set_column(cases.schema.get_field_index(name), CASES.field(name), empty)
    return cases
