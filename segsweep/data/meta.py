"""meta.csv: what is known of each case beside its image."""

import csv
from collections.abc import Mapping
from pathlib import Path

from segsweep.errors import DataError


def read_meta(folder: Path) -> dict[str, dict[str, str]]:
    """Case id to the row of meta.csv; empty where there is no such file.

    Raises:
        DataError: the file has no `id` column or names a case twice.
    """
    path = folder / "meta.csv"
    if not path.exists():
        return {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines)
            if "id" not in (reader.fieldnames or ()):
                raise DataError(f"{path}: needs a column `id`; it has {', '.join(reader.fieldnames or ['none'])}")
            rows: dict[str, dict[str, str]] = {}
            for row in reader:
                if row["id"] in rows:
                    raise DataError(f"{path}: line {reader.line_num}: case {row['id']!r} appears twice")
                rows[row["id"]] = {key: value or "" for key, value in row.items() if key is not None and key != "id"}
            return rows
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error


def group_of(case: str, column: str, meta: Mapping[str, Mapping[str, str]], folder: Path) -> str:
    """The group of a case by the dataset's `group` key.

    Raises:
        DataError: meta.csv has no such column, or no value in it for this case.
    """
    grouped = "group" in next(iter(meta.values()), {})
    if column == "none" or (column == "auto" and not grouped):
        return case
    wanted = "group" if column == "auto" else column
    row = meta.get(case)
    if row is None:
        raise DataError(f"{folder / 'meta.csv'}: no row for case {case!r}, which `group: {column}` needs")
    if wanted not in row:
        raise DataError(f"{folder / 'meta.csv'}: no column {wanted!r} for `group`; columns: {', '.join(row)}")
    if not row[wanted]:
        raise DataError(f"{folder / 'meta.csv'}: case {case!r} has no {wanted!r}, which `group` needs")
    return row[wanted]
