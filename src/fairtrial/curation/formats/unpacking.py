"""Files that are no lines of JSON, written as such once: packed files, JSON arrays, tables, plain text.

A row of the file is a line of what comes out, in the same order, so that processes can share it by bytes.
"""

from __future__ import annotations

import csv
import gzip
import json
import shutil
import zlib
from codecs import getincrementaldecoder
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Literal

from fairtrial.curation.pieces import LONGEST_LINE
from fairtrial.errors import DataError, MissingExtraError

_Bytes = IO[bytes] | gzip.GzipFile
FileForm = Literal["lines", "array", "table", "parquet", "text"]
SUFFIXES: dict[str, FileForm] = {
    ".jsonl": "lines", ".ndjson": "lines", ".json": "array", ".csv": "table", ".tsv": "table", ".parquet": "parquet",
    ".txt": "text", ".md": "text",
}  # fmt: skip
_BLOCK = 1 << 20
_LEAST_FREE = 512 << 20
"""Bytes that an unpacked file leaves free on the disk."""


def find_kind(path: Path) -> tuple[FileForm, bool]:
    """Return what a file holds, by its name, and whether it is packed by gzip.

    Raises DataError for a name that tells nothing.
    """
    packed = path.suffix.lower() == ".gz"
    kind = SUFFIXES.get((path.with_suffix("") if packed else path).suffix.lower())
    if kind is None or (packed and kind == "parquet"):
        raise DataError(
            f"{path.name!r} has a name that does not say what it holds.",
            fix=f"Rows are read from files that end with {', '.join(SUFFIXES)}, most of them also packed as .gz.",
        )
    if kind != "array":
        return kind, packed
    with open_file(path, packed) as file:
        return ("array" if _read_head(file).startswith(b"[") else "lines"), packed


def open_file(path: Path, packed: bool) -> _Bytes:
    """Return a file of bytes, unpacked as it is read.  Raises DataError."""
    try:
        return gzip.open(path) if packed else path.open("rb")
    except OSError as error:
        raise DataError(f"the file {path.name!r} cannot be read: {error.strerror}.") from None


def unpack(path: Path, kind: FileForm, packed: bool, into: Path) -> None:
    """Write a file's rows as lines of JSON, whole or not at all; nothing to do where they are there.

    Raises:
        DataError: the file is damaged, or not what its name says.
        MissingExtraError: what reads Parquet is not installed.
    """
    if into.exists():
        return
    into.parent.mkdir(parents=True, exist_ok=True)
    part = into.with_name(into.name + ".part")
    try:
        with part.open("wb") as out:
            for number, line in enumerate(_list_lines(path, kind, packed)):
                if number % 4096 == 0 and shutil.disk_usage(into.parent).free < _LEAST_FREE:
                    raise DataError(f"{path.name!r} needs more room unpacked than the disk has.")
                out.write(line + b"\n")
        part.replace(into)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise DataError(f"{path.name!r} is damaged: it cannot be unpacked to its end.", fix="Fetch it again.") from None
    except UnicodeDecodeError:
        raise DataError(f"{path.name!r} is no UTF-8 text.", fix="Save it as UTF-8.") from None
    except OSError as error:
        raise DataError(f"{path.name!r} cannot be unpacked: {error.strerror}.") from None
    finally:
        part.unlink(missing_ok=True)


def _list_lines(path: Path, kind: FileForm, packed: bool) -> Iterator[bytes]:
    if kind == "parquet":
        yield from map(_write, _read_parquet(path))
        return
    with open_file(path, packed) as file:
        if kind == "lines":
            yield from (line.rstrip(b"\r\n") for line in iter(lambda: _read_line(file, path), b""))
        elif kind == "table":
            yield from map(_write, _read_table(file, path))
        else:
            yield from map(_write, _read_array(file, path) if kind == "array" else _read_texts(file, path))


def _write(row: object) -> bytes:
    return json.dumps(row, ensure_ascii=True, separators=(",", ":"), default=str).encode()


def _read_head(file: _Bytes) -> bytes:
    try:
        return file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    except (gzip.BadGzipFile, EOFError, zlib.error):
        return b""


def _read_line(file: _Bytes, path: Path) -> bytes:
    line = file.readline(LONGEST_LINE)
    if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
        raise DataError(f"{path.name!r} has a line of more than {LONGEST_LINE >> 20} MiB, the most that is read.")
    return line


def _read_array(file: _Bytes, path: Path) -> Iterator[object]:
    """Yield the values of a JSON array, one after the other, in bounded memory."""
    decode, scan = getincrementaldecoder("utf-8-sig")().decode, json.JSONDecoder(parse_constant=_refuse).raw_decode
    text, at, number, ended = "", 0, 0, False

    def read_more() -> bool:
        nonlocal text, at, ended
        block = file.read(max(_BLOCK, len(text) - at))
        ended = not block
        text, at = text[at:] + decode(block, ended), 0
        return not ended

    read_more()
    at = text.index("[") + 1
    while True:
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        if at == len(text):
            if not read_more():
                raise DataError(f"{path.name!r} ends within its list, after {number:,} rows.", fix="Fetch it again.")
            continue
        if text[at] == "]":
            return
        try:
            value, end = scan(text, at)
        except (ValueError, RecursionError) as error:
            if len(text) - at > LONGEST_LINE or not read_more():
                told = "is nested too deeply" if isinstance(error, RecursionError) else "is no JSON"
                raise DataError(f"{path.name!r}: row {number + 1:,} of its list {told}.") from None
            continue
        if end == len(text) and not ended:  # a number may go on
            read_more()
            continue
        number, at = number + 1, end
        yield value


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _decode_lines(file: _Bytes, path: Path) -> Iterator[str]:
    for number, line in enumerate(iter(lambda: _read_line(file, path), b"")):
        yield line.decode("utf-8-sig" if number == 0 else "utf-8")


def _read_table(file: _Bytes, path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table with a heading; the file's name says what stands between columns."""
    names = path.name.lower()
    csv.field_size_limit(LONGEST_LINE)
    try:
        reader = csv.DictReader(_decode_lines(file, path), delimiter="\t" if ".tsv" in names else ",", strict=True)
        for row in reader:
            yield {str(name): value for name, value in row.items() if name is not None}
    except csv.Error as error:
        raise DataError(f"{path.name!r} is no table: {error}.") from None


def _read_parquet(path: Path) -> Iterator[dict[str, Any]]:
    try:
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError:
        raise MissingExtraError("Reading Parquet files", "parquet") from None
    try:
        for batch in parquet.ParquetFile(path).iter_batches(1024):
            yield from batch.to_pylist()
    except Exception as error:  # the library raises several kinds of error for what is no such file
        raise DataError(f"{path.name!r} cannot be read as Parquet: {str(error)[:120]}.") from None


def _read_texts(file: _Bytes, path: Path) -> Iterator[dict[str, str]]:
    """Yield the documents of a plain text: two empty lines or more stand between them."""
    lines: list[str] = []
    empty = size = 0
    for line in _decode_lines(file, path):
        line = line.rstrip("\r\n")
        if line.strip():
            if empty > 1 and lines:
                yield {"text": "\n".join(lines)}
                lines, size = [], 0
            elif empty and lines:
                lines.append("")
            lines.append(line)
            size, empty = size + len(line), 0
            if size > LONGEST_LINE:
                raise DataError(f"{path.name!r} has a document of more than {LONGEST_LINE >> 20} MiB.")
        else:
            empty += 1
    if lines:
        yield {"text": "\n".join(lines)}
