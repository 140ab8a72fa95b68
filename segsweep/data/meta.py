"""meta.csv and its like: what is known of each case beside its image."""

import csv
from collections.abc import Collection, Mapping
from pathlib import Path

from segsweep.data.several import and_others
from segsweep.errors import DataError

META_FILE = "meta.csv"


def read_meta(path: Path, key: str = "id", delimiter: str = ",") -> dict[str, dict[str, str]]:
    """Case id to its row of a table; empty where there is no such file.

    Args:
        path: of the table.
        key: column of the case ids.
        delimiter: between columns.

    Raises:
        DataError: the file has no such column or names a case twice.
    """
    if not path.exists():
        return {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines, delimiter=delimiter)
            if key not in (reader.fieldnames or ()):
                raise DataError(f"{path}: needs a column `{key}`; it has {', '.join(reader.fieldnames or ['none'])}")
            rows: dict[str, dict[str, str]] = {}
            for row in reader:
                if row[key] in rows:
                    raise DataError(f"{path}: line {reader.line_num}: case {row[key]!r} appears twice")
                rows[row[key]] = {name: value or "" for name, value in row.items() if name not in (None, key)}
            return rows
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error


def refuse_strange_ids(path: Path, cases: Collection[str]) -> None:
    """Refuse a table that is about none of the cases, as where its ids are the names of files.

    Args:
        path: of the table; it may be absent.
        cases: ids of the dataset's cases; at least one.

    Raises:
        DataError: it is so, or the table cannot be read.
    """
    rows = read_meta(path)
    if rows and not set(rows) & set(cases):
        raise DataError(
            f"{path}: no row is a case: its ids look like {next(iter(rows))!r}, cases are called {min(cases)!r}"
        )


def groups_of(cases: Collection[str], column: str, meta: Mapping[str, Mapping[str, str]], path: Path) -> dict[str, str]:
    """The group of each case by the dataset's `group` key.

    Args:
        cases: their ids.
        column: value of the key.
        meta: case id to what is known of it.
        path: of the file that says so.

    Raises:
        DataError: there is no such file or column, or no value in it for some case.
    """
    grouped = "group" in next(iter(meta.values()), {})
    if column == "none" or (column == "auto" and not grouped):
        return {case: case for case in cases}
    if unknown := [case for case in cases if case not in meta]:
        if not path.exists():
            raise DataError(f"{path}: no such file, which `group: {column}` needs")
        known = f"; its ids look like {next(iter(meta))!r}" if meta else ""
        missing = f"no row for case {unknown[0]!r}, which `group: {column}` needs"
        raise DataError(f"{path}: {missing}{known}{and_others(unknown)}")
    wanted = "group" if column == "auto" else column
    columns = {name: None for row in meta.values() for name in row}
    if wanted not in columns:
        raise DataError(f"{path}: no column {wanted!r} for `group`; columns: {', '.join(columns)}")
    if empty := [case for case in cases if not meta[case].get(wanted)]:
        raise DataError(f"{path}: case {empty[0]!r} has no {wanted!r}, which `group` needs{and_others(empty)}")
    return {case: meta[case][wanted] for case in cases}
