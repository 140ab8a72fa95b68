"""Reading and writing the trials and the cases table."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from segsweep.errors import TableError


def table(rows: Iterable[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Rows to a table of exactly this schema.

    Raises:
        TableError: a row has a column that the schema lacks, lacks a required one, or holds a value of another type.
    """
    rows = list(rows)
    known = set(schema.names)
    required = {field.name for field in schema if not field.nullable}
    for number, row in enumerate(rows):
        if unknown := set(row) - known:
            raise TableError(f"row {number}: unknown column {sorted(unknown)[0]!r}; known: {', '.join(schema.names)}")
        if missing := {name for name in required if row.get(name) is None}:
            raise TableError(f"row {number}: column {sorted(missing)[0]!r} is empty; it may not be")
    try:
        return pa.Table.from_pylist(rows, schema=schema)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise TableError(f"a value does not fit its column: {error}") from error


def write(rows: pa.Table, path: Path) -> None:
    """Write a parquet file whole or not at all: a temporary name first, then a rename.

    Byte-identical for equal tables, whatever the machine and the moment.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        pq.write_table(rows, temporary, compression="zstd")
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def read(path: Path, schema: pa.Schema) -> pa.Table:
    """Read a table and hold it to its schema; a column that may be empty may be missing, as in older tables.

    Raises:
        TableError: the file is no parquet file, or a required column is missing, or one is of another type.
    """
    try:
        found = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise TableError(f"{path}: cannot be read as parquet: {error}") from error
    for field in schema:
        if field.name not in found.column_names:
            if not field.nullable:
                raise TableError(f"{path}: column {field.name!r} is missing")
            found = found.append_column(field, pa.nulls(len(found), field.type))
    try:
        return found.select(schema.names).cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        raise TableError(f"{path}: {error}") from error


def concatenate(tables: Iterable[pa.Table], schema: pa.Schema) -> pa.Table:
    """Tables of one schema, one under the other; an empty table where there is none."""
    return pa.concat_tables([schema.empty_table(), *tables])
