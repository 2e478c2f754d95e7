"""What a row's columns say to a grader.  Pure."""

from __future__ import annotations

from fairtrial.errors import DataError, did_you_mean
from fairtrial.tasks.data.rows import Row


def read_column(row: Row, column: str) -> object:
    """Return the value of a column.  Raises DataError if the row has none, or it is empty."""
    if column not in row:
        known = [str(key) for key in row]
        raise DataError(f"there is no column {column!r}.{did_you_mean(column, known)} Columns: {', '.join(known)}")
    value = row[column]
    if value is None or value in ("", [], ()):
        raise DataError(f"the column {column!r} is empty")
    return value


def read_column_texts(row: Row, column: str) -> tuple[str, ...]:
    """Return the text of a column, or the texts of its list.  Raises DataError if it holds something else."""
    value = read_column(row, column)
    every = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(one, str | int | float) and str(one).strip() for one in every):
        raise DataError(f"the column {column!r} must hold a text or a list of texts; got {value!r:.80}")
    return tuple(str(one) for one in every)
