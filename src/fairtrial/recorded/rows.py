"""Rows of JSON, JSONL and CSV files, and of the files inside a zip; with bounded sizes, and with the line of a mistake.

A JSONL or CSV file is read row by row, so it may be of any length; a JSON file is read whole.
"""

from __future__ import annotations

import csv
import json
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from fairtrial.errors import MissingExtraError, ModelError

MOST_JSON = 1 << 29
"""Bytes of the largest JSON file that is read whole."""

MOST_VALUES = 5_000_000
"""Values that JSON read at once may hold; each takes some hundred bytes of memory, however short it is written."""

MOST_ROW = 64 << 20
"""Bytes of the longest line."""

ZSTANDARD = 93
"""Number of the packing method in zip files that Python's own reader knows from 3.14 on."""

MOST_UNPACKED = 1 << 30
"""Bytes that the files of a zip may have together, unpacked."""

MOST_ENTRY = 64 << 20
"""Bytes that one file of a zip may have, unpacked."""

MOST_SQUEEZED = 500
"""How many times as large as a zip its files may be together; small ones may always have `MOST_ENTRY`."""


def read_json(path: Path) -> Any:
    """Return what a JSON file holds.  Raises ModelError if it is too large or no JSON."""
    body = _bytes_of(path)
    if len(body) > MOST_JSON:
        raise ModelError(
            f"{path.name} has more than {MOST_JSON / 1e6:,.0f} MB; larger JSON is not read whole.",
            fix="Write it as JSONL: one row a line.",
        )
    return _parse_json(body, path.name)


def _bytes_of(path: Path) -> bytes:
    """Return a file's bytes, at most one more than `MOST_JSON`, whatever length its folder says that it has."""
    try:
        with path.open("rb") as file:
            return file.read(MOST_JSON + 1)
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read: {error.strerror}.") from error


def _parse_json(body: bytes, where: str) -> Any:
    """Return JSON text as values.  Raises ModelError with the place of a mistake, or if it holds too many values."""
    values = body.count(b",") + body.count(b"[") + body.count(b"{")
    if values > MOST_VALUES:
        raise ModelError(f"{where} holds some {values:,} values; at most {MOST_VALUES:,} are read at once.")
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=lambda name: float(name.replace("Infinity", "inf")))
    except json.JSONDecodeError as error:
        raise ModelError(f"{where} is no JSON: {error.msg} (line {error.lineno}, column {error.colno}).") from error
    except UnicodeDecodeError as error:
        raise ModelError(f"{where} is no UTF-8 text.", fix="Save it as UTF-8.") from error
    except RecursionError as error:
        raise ModelError(f"{where} is nested too deeply to be read.") from error
    except ValueError as error:
        raise ModelError(f"{where} is no JSON: {error}.") from error


def read_log_lines(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (``file:line``, row) of a JSONL file; empty lines are left out.

    Raises ModelError, naming the line, for a line that is no JSON object or too long.
    """
    try:
        with path.open("rb") as file:
            if _begins_a_list(file):
                for number, row in enumerate(_rows_of_a_list(path)):
                    yield f"{path.name}[{number}]", check_mapping(row, f"{path.name}[{number}]")
                return
            number = 0
            while line := file.readline(MOST_ROW + 1):
                number += 1
                where = f"{path.name}:{number}"
                if len(line) > MOST_ROW:
                    raise ModelError(f"{where} is longer than {MOST_ROW >> 20} MiB.")
                if line.strip():
                    yield where, check_mapping(_parse_json(line, where), where)
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read: {error.strerror}.") from error


def _begins_a_list(file: BinaryIO) -> bool:
    """Return whether a file begins with a JSON list; its position stays at the beginning."""
    head = file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    file.seek(0)
    return head.startswith(b"[")


def _rows_of_a_list(path: Path) -> list[Any]:
    """Return the rows of a file that is named as JSONL and holds one JSON list."""
    rows = read_json(path)
    return rows if isinstance(rows, list) else [rows]


def read_log_csv(path: Path, delimiter: str = ",") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield (``file:line``, row) of a CSV file with a head line.  Raises ModelError for two columns of one name."""
    usual = csv.field_size_limit(MOST_ROW)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = _bounded_lines(file, path)
            reader = csv.DictReader(lines, strict=True, restkey="(more)", delimiter=delimiter)
            try:
                check_columns(reader.fieldnames or (), path)
                for row in reader:
                    where = f"{path.name}:{reader.line_num}"
                    if any(row.pop("(more)", ())):
                        raise ModelError(f"{where} has more cells than the head line; a comma in a cell needs quotes.")
                    yield where, {name: cell or None for name, cell in row.items()}
            except UnicodeDecodeError as error:
                raise ModelError(
                    f"{path.name}:{reader.line_num + 1} is no UTF-8 text.", fix="Save it as UTF-8."
                ) from error
            except csv.Error as error:
                raise ModelError(f"{path.name}:{reader.line_num + 1} is no CSV: {error}.") from error
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read: {error.strerror}.") from error
    finally:
        csv.field_size_limit(usual)


def check_columns(names: Sequence[str], path: Path) -> None:
    """Raise ModelError if two columns of a table have one name, of which the last would hide the others."""
    if twice := next((name for i, name in enumerate(names) if name and name in names[:i]), None):
        raise ModelError(
            f"{path.name} has more than one column named {twice!r:.80}.", fix="Give each column a name of its own."
        )


def _bounded_lines(file: TextIO, path: Path) -> Iterator[str]:
    """Yield the lines of a text file; raises ModelError for one that is too long."""
    while line := file.readline(MOST_ROW + 1):
        if len(line) > MOST_ROW:
            raise ModelError(f"{path.name} has a line of more than {MOST_ROW >> 20} MiB.")
        yield line


def check_mapping(value: Any, where: str) -> Mapping[str, Any]:
    """Return ``value`` if it is an object; raise ModelError otherwise."""
    if not isinstance(value, dict):
        raise ModelError(f"{where}: a row must be an object, got {shorten_value(value)}.")
    return value


def read_zip_entries(path: Path, beginning: str) -> Iterator[tuple[str, Any]]:
    """Yield (``file/entry``, JSON value) of a zip's files whose names begin so; nothing is unpacked to disk.

    Raises:
        ModelError: it is no zip, or would be too large unpacked.
        MissingExtraError: it is packed in a way for which the extra ``inspect`` is needed.
    """
    opened, wrong = _choose_zip_reader(path)
    broken: tuple[type[Exception], ...] = (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        zlib.error,
        *wrong,
    )
    try:
        with opened(path) as archive:
            members = [info for info in archive.infolist() if info.filename.startswith(beginning)]
            total = sum(info.file_size for info in members)
            most = min(MOST_UNPACKED, max(MOST_ENTRY, MOST_SQUEEZED * path.stat().st_size))
            if total > most or any(info.file_size > MOST_ENTRY for info in members):
                raise ModelError(
                    f"{path.name} would be {total / 1e6:,.0f} MB unpacked, or has a file of more than "
                    f"{MOST_ENTRY >> 20} MiB; at most {most / 1e6:,.0f} MB are read."
                )
            for info in members:
                with archive.open(info) as file:
                    body = file.read(info.file_size + 1)
                if len(body) > info.file_size:
                    raise ModelError(f"{path.name}/{info.filename} is longer than the archive says.")
                yield f"{path.name}/{info.filename}", _parse_json(body, f"{path.name}/{info.filename}")
    except broken as error:
        raise ModelError(f"{path.name} is no readable zip: {error}.") from error


def _choose_zip_reader(path: Path) -> tuple[Callable[[Path], Any], tuple[type[Exception], ...]]:
    """Return what opens a zip, and what else it raises for a broken one.  Raises MissingExtraError if nothing does."""
    try:
        with zipfile.ZipFile(path) as archive:
            packed = any(info.compress_type == ZSTANDARD for info in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, OSError):
        return zipfile.ZipFile, ()
    if not packed or sys.version_info >= (3, 14):
        return zipfile.ZipFile, ()
    try:
        from backports.zstd import ZstdError
        from backports.zstd import zipfile as newer
    except ImportError as error:
        raise MissingExtraError("Reading logs that Inspect has packed with Zstandard", "inspect") from error
    return newer.ZipFile, (ZstdError, newer.BadZipFile)


def look_up(row: Any, keys: str, where: str) -> Any:
    """Return what stands in ``row`` under keys joined by dots.

    Raises ModelError, with the keys that there are, if it is missing.
    """
    value = row
    if isinstance(row, dict) and keys in row:
        return row[keys]
    for i, key in enumerate(keys.split(".")):
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and len(key) < 10 and int(key) < len(value):
            value = value[int(key)]
        else:
            there = ", ".join(map(str, value)) if isinstance(value, dict) else shorten_value(value)
            above = ".".join(keys.split(".")[:i])
            raise ModelError(
                f"{where}: there is no {key!r}{f' in {above!r}' if above else ''}; there is {there[:300]}."
            )
    return value


def shorten_value(value: Any) -> str:
    """Return a value short enough for an error."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:77] + "..."
