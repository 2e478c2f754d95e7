"""Rows of Parquet and Excel files, whose libraries are loaded only here; with bounded sizes."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fairtrial.errors import MissingExtraError, ModelError
from fairtrial.recorded.rows import check_columns

MOST_SHEET = 1 << 30
"""Bytes that the parts of an Excel file may have together, unpacked."""

MOST_CELLS = 50_000_000


def read_log_parquet(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (``file[number]``, row) of a Parquet file.  Raises ModelError if it is none."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtraError("Reading Parquet files", "parquet") from error
    try:
        with parquet.ParquetFile(path) as file:
            if file.metadata.num_rows * max(file.metadata.num_columns, 1) > MOST_CELLS:
                raise ModelError(f"{path.name} has more than {MOST_CELLS:,} cells.")
            number = 0
            for batch in file.iter_batches(batch_size=1000):
                for row in batch.to_pylist():
                    yield f"{path.name}[{number}]", row
                    number += 1
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise ModelError(f"{path.name} is no readable Parquet file: {str(error)[:200]}.") from error


def read_log_excel(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (``file:row``, row) of the first sheet of an Excel file, whose first row names the columns.

    Formulas count by the values that the file keeps for them.  Raises ModelError if it is no such file.
    """
    try:
        import openpyxl  # type: ignore[import-untyped]
        from openpyxl.utils.exceptions import InvalidFileException  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingExtraError("Reading Excel files", "excel") from error
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) > MOST_SHEET:
                raise ModelError(f"{path.name} would be more than {MOST_SHEET >> 20} MiB unpacked.")
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            sheet = book.worksheets[0]
            rows = sheet.iter_rows(values_only=True)
            head = [str(name).strip() if name is not None else "" for name in next(rows, ())]
            check_columns(head, path)
            for number, row in enumerate(rows, 2):
                cells = {name: cell for name, cell in zip(head, row, strict=False) if name}
                if any(cell is not None for cell in cells.values()):
                    yield f"{path.name}:{number}", cells
        finally:
            book.close()
    except (zipfile.BadZipFile, InvalidFileException, OSError, KeyError, ValueError, IndexError, EOFError) as error:
        raise ModelError(f"{path.name} is no readable Excel file: {str(error)[:200]}.") from error
