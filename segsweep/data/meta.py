"""meta.csv and its like: what is known of each case beside its image."""

import csv
from collections.abc import Collection, Mapping
from pathlib import Path

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


def group_of(case: str, column: str, meta: Mapping[str, Mapping[str, str]], path: Path) -> str:
    """The group of a case by the dataset's `group` key.

    Args:
        case: its id.
        column: value of the key.
        meta: case id to what is known of it.
        path: of the file that says so.

    Raises:
        DataError: there is no such file or column, or no value in it for this case.
    """
    grouped = "group" in next(iter(meta.values()), {})
    if column == "none" or (column == "auto" and not grouped):
        return case
    wanted = "group" if column == "auto" else column
    row = meta.get(case)
    if row is None:
        if not path.exists():
            raise DataError(f"{path}: no such file, which `group: {column}` needs")
        known = f"; its ids look like {next(iter(meta))!r}" if meta else ""
        raise DataError(f"{path}: no row for case {case!r}, which `group: {column}` needs{known}")
    if wanted not in row:
        raise DataError(f"{path}: no column {wanted!r} for `group`; columns: {', '.join(row)}")
    if not row[wanted]:
        raise DataError(f"{path}: case {case!r} has no {wanted!r}, which `group` needs")
    return row[wanted]
