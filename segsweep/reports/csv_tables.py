"""Tables as CSV: unrounded numbers, intervals as columns of their own."""

import csv
import io
import math
from collections.abc import Iterator

from segsweep.reports.document import Cell, Column, Table


def csv_text(table: Table) -> str:
    """One table. A column with intervals becomes three: the estimate, `… low` and `… high`."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(heading for column in table.columns for heading in _headings(column))
    for row in table.rows:
        writer.writerow(
            value for column, cell in zip(table.columns, row, strict=True) for value in _values(column, cell)
        )
    return buffer.getvalue()


def _headings(column: Column) -> Iterator[str]:
    yield column.title
    if column.interval:
        yield f"{column.title} low"
        yield f"{column.title} high"


def _values(column: Column, cell: Cell) -> Iterator[str]:
    if not column.numeric:
        yield cell.text
        return
    numbers = (cell.number, cell.low, cell.high) if column.interval else (cell.number,)
    yield from (_digits(number) for number in numbers)


def _digits(number: float | None) -> str:
    """Every digit of a number; whole numbers without a point; nothing for what is not one."""
    if number is None or math.isnan(number):
        return ""
    return str(number) if isinstance(number, int) else repr(float(number))
