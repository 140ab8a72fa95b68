"""Tables as CSV: unrounded numbers, intervals as columns of their own."""

import csv
import io
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
    yield "" if cell.number is None else repr(float(cell.number))
    if column.interval:
        yield "" if cell.low is None else repr(float(cell.low))
        yield "" if cell.high is None else repr(float(cell.high))
