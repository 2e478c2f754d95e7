"""Reads the rows of a Parquet file, within a limit of memory, with odd types made plain.

A small file can hold billions of rows, or one long text a million times; so texts are read as dictionaries, and what
the rows will take is counted before they are made.  This module knows nothing of tasks.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fairtrial.errors import DataError, MissingExtraError
from fairtrial.tasks.data.unpacking import MemoryBudget

_BATCH = 4096
_AT_ONCE = 64_000_000
_REPEATING = "DELTA_BYTE_ARRAY"
"""Encoding that can give every row a text as long as all that is written, and that is not read as a dictionary."""
_UNREPEATED = {_REPEATING, "DELTA_LENGTH_BYTE_ARRAY"}
_ROW_COST = 450
_VALUE_COST = 64


def read_parquet(path: Path, budget: MemoryBudget) -> list[dict[str, Any]]:
    """Return the rows of a Parquet file.

    Raises DataError if it is none, is damaged or too large; MissingExtraError without pyarrow.
    """
    try:
        arrow, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
        compute = importlib.import_module("pyarrow.compute")
    except ImportError as error:
        raise MissingExtraError("Reading Parquet files", "parquet") from error
    try:
        with parquet.ParquetFile(path) as plain:
            _spend_on_counts(plain, path, budget)
            texts, batch_size = _find_text_columns(plain)
            names = list(plain.schema_arrow.names)
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise DataError(f"has two columns of the name {twice!r}", where=str(path))
        with parquet.ParquetFile(path, read_dictionary=texts) as file:
            rows: list[dict[str, Any]] = []
            for batch in file.iter_batches(batch_size, use_threads=False):
                reader = _Columns(arrow, compute)
                budget.spend(sum(map(reader.size, batch.columns)), path)
                columns = [reader.values(column) for column in batch.columns]
                rows += [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
    except (DataError, MemoryError):
        raise
    except Exception as error:  # the library's errors are of many families
        said = str(error).partition("\n")[0]
        raise DataError(f"is not a readable parquet file: {said or type(error).__name__}", where=str(path)) from error
    return rows


def _spend_on_counts(file: Any, path: Path, budget: MemoryBudget) -> None:
    """Count what so many rows and values take at least, by what the file says of itself."""
    metadata = file.metadata
    budget.spend(metadata.num_rows * _ROW_COST, path)
    for group in range(metadata.num_row_groups):
        for column in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(column)
            width = file.schema.column(column).length or 0
            budget.spend(max(chunk.num_values, 0) * (_VALUE_COST + max(width, 0)), path)
            budget.spend(max(chunk.total_uncompressed_size, 0), path)


def _find_text_columns(file: Any) -> tuple[list[str], int]:
    """Return the columns of texts that can be read as dictionaries, and how many rows to read at once."""
    columns = [file.schema.column(n) for n in range(len(file.schema))]
    chunks = [
        (columns[n], file.metadata.row_group(group).column(n))
        for group in range(file.metadata.num_row_groups)
        for n in range(len(columns))
    ]
    apart = {column.path for column, chunk in chunks if not _UNREPEATED.isdisjoint(chunk.encodings)}
    longest = sum(chunk.total_uncompressed_size for _, chunk in chunks if _REPEATING in chunk.encodings)
    texts = [
        column.path
        for column in columns
        if column.physical_type == "BYTE_ARRAY" and column.logical_type.type != "DECIMAL" and column.path not in apart
    ]
    return texts, max(1, min(_BATCH, _AT_ONCE // max(longest, 1)))


class _Columns:
    """Turns Arrow's arrays into lists of Python values that share equal texts."""

    def __init__(self, arrow: Any, compute: Any) -> None:
        self._arrow = arrow
        self._types = arrow.types
        self._compute = compute

    def size(self, array: Any) -> int:
        """Return about what the texts of an array take as Python values."""
        kind = array.type
        if isinstance(array, self._arrow.ExtensionArray):
            return self.size(array.storage)
        if self._types.is_dictionary(kind):
            inner = array.dictionary
            if not self._has_length(inner.type):
                return int(array.nbytes)
            lengths = self._compute.cast(self._compute.binary_length(inner), self._arrow.int64())
            return int(self._compute.sum(lengths.take(array.indices)).as_py() or 0)
        if self._types.is_map(kind):
            return self.size(array.keys) + self.size(array.items)
        if self._types.is_struct(kind):
            return sum(self.size(part) for part in array.flatten())
        if self._is_list(kind) or self._types.is_fixed_size_list(kind):
            return self.size(array.values)
        return int(array.nbytes)

    def _has_length(self, kind: Any) -> bool:
        types = self._types
        return bool(types.is_string(kind) or types.is_binary(kind) or types.is_large_string(kind))

    def _is_list(self, kind: Any) -> bool:
        return bool(self._types.is_list(kind) or self._types.is_large_list(kind))

    def values(self, array: Any) -> list[Any]:
        """Return the array's values: texts, numbers, lists and mappings."""
        kind = array.type
        if isinstance(array, self._arrow.ExtensionArray):
            return self.values(array.storage)
        if self._types.is_dictionary(kind):
            shared = self.values(array.dictionary)
            return [None if n is None else shared[n] for n in array.indices.to_pylist()]
        if self._types.is_map(kind):
            pairs = list(zip(self.values(array.keys), self.values(array.items), strict=True))
            return self._cut([list(pair) for pair in pairs], array)
        if self._types.is_struct(kind):
            names = [kind.field(n).name for n in range(kind.num_fields)]
            parts = [self.values(part) for part in array.flatten()]
            rows = zip(*parts, strict=True) if parts else [()] * len(array)
            there = array.is_valid().to_pylist()
            return [dict(zip(names, row, strict=True)) if is_ else None for row, is_ in zip(rows, there, strict=True)]
        if self._is_list(kind):
            return self._cut(self.values(array.values), array)
        if self._types.is_fixed_size_list(kind):
            flat, length, there = self.values(array.values), kind.list_size, array.is_valid().to_pylist()
            starts = range(array.offset * length, (array.offset + len(array)) * length, length or 1)
            return [flat[s : s + length] if is_ else None for s, is_ in zip(starts, there, strict=False)]
        return self._convert_to_plain(array)

    def _cut(self, flat: Sequence[Any], array: Any) -> list[Any]:
        """Cut values into the lists of an array."""
        bounds, there = array.offsets.to_pylist(), array.is_valid().to_pylist()
        return [
            flat[start:end] if is_ else None for start, end, is_ in zip(bounds[:-1], bounds[1:], there, strict=True)
        ]

    def _convert_to_plain(self, array: Any) -> list[Any]:
        kind = array.type
        if self._types.is_timestamp(kind) and kind.unit == "ns":  # Python's have microseconds
            array = array.cast(self._arrow.timestamp("us", kind.tz), safe=False)
        elif self._types.is_time64(kind) and kind.unit == "ns":
            array = array.cast(self._arrow.time64("us"), safe=False)
        elif self._types.is_duration(kind) and kind.unit == "ns":
            array = array.cast(self._arrow.duration("us"), safe=False)
        found: list[Any] = array.to_pylist()
        if self._types.is_binary(kind) or self._types.is_large_binary(kind):
            return _decode_texts(found)
        return found


def _decode_texts(values: list[bytes | None]) -> list[Any]:
    """Texts that a writer has left without the mark that they are texts."""
    try:
        return [None if value is None else value.decode() for value in values]
    except UnicodeDecodeError:
        return list(values)
