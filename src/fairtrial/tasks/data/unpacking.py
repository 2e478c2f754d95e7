"""Opens a file of rows as text: unpacked (gzip, bzip2, xz, zstd), decoded, and within a limit of memory.

Packing and encoding are told by the first bytes, not by the name.  This module knows nothing of rows.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import importlib
import io
import lzma
import os
import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from fairtrial.errors import DataError, MissingExtraError
from fairtrial.spec.device import format_gigabytes, parse_bytes

MEMORY_VARIABLE = "FAIRTRIAL_DATA_MEMORY"
"""Environment variable that raises the limit, e.g. ``4GB``."""

DEFAULT_MEMORY = 1_000_000_000
"""Bytes of memory that the rows of one split may take, as estimated before they are made."""

_LINE_COST = 256
_MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_NO_ROWS = {
    b"PK\x03\x04": ("is a zip archive", "Unpack it; an Excel workbook needs the suffix .xlsx."),
    b"version https://git-lfs": ("is a Git LFS pointer, not the file itself", "Fetch it: git lfs pull."),
    b"\x7fELF": ("is a program", ""),
    b"SQLite format 3": ("is an SQLite database", "Write its rows as jsonl or csv."),
}
_UNPACKING = (OSError, EOFError, zlib.error, lzma.LZMAError)


class MemoryBudget:
    """What the rows of a split may take in memory; spent before they are made."""

    def __init__(self) -> None:
        given = os.environ.get(MEMORY_VARIABLE, "")
        try:
            self.limit = parse_bytes(given) if given else DEFAULT_MEMORY
        except ValueError as error:
            raise DataError(f"{MEMORY_VARIABLE} must be a size such as 4GB; got {given!r}") from error
        self._spent = 0

    def spend(self, size: int, path: Path) -> None:
        """Count ``size`` bytes.  Raises DataError beyond the limit."""
        self._spent += size
        if self._spent > self.limit:
            raise self.too_large(path)

    def too_large(self, path: Path) -> DataError:
        """Return the error that a file is too large."""
        return DataError(
            f"its rows take more than {format_gigabytes(self.limit)} of memory, which is the limit",
            fix=f"Use fewer rows, or raise the limit, e.g. {MEMORY_VARIABLE}={2 * self.limit // 10**9 or 1}GB.",
            where=str(path),
        )

    @property
    def longest(self) -> int:
        """Characters that one piece, a line or a whole JSON document, may have."""
        return min(self.limit // 4, sys.maxsize)


@contextmanager
def open_text(path: Path, encoding: str | None) -> Iterator[io.TextIOWrapper]:
    """Open a file as text with its line ends as they are.

    Args:
        path: the file.
        encoding: its encoding; None for UTF-8, or what the mark at its beginning says.

    Raises DataError if it cannot be read, unpacked or decoded, also while it is read.
    """
    try:
        with path.open("rb") as raw:
            stream = _unpack(raw, path)
            head = stream.peek(64)[:64]
            for magic, (what, fix) in _NO_ROWS.items():
                if head.startswith(magic):
                    raise DataError(what, fix=fix, where=str(path))
            mark = next((name for mark, name in _MARKS if head.startswith(mark)), None)
            given = _check_encoding(encoding, path)
            if mark is None and given is None and b"\0" in head:
                fix = "Text in UTF-16 without a mark must be named: `encoding: utf-16-le` (or utf-16-be)."
                raise DataError("is no text: it holds bytes that are 0", fix=fix, where=str(path))
            name = mark if mark and given in (None, "utf-8") else given or "utf-8"
            with io.TextIOWrapper(stream, name, newline="") as text:
                yield text
    except UnicodeError as error:
        raise _make_decode_error(error, encoding, path) from error
    except _UNPACKING as error:
        said = getattr(error, "strerror", None) or error
        raise DataError(f"cannot be read: {said}", where=str(path)) from error


def find_marked_encoding(path: Path) -> str:
    """Return the encoding that the first bytes of a file say; empty if they say none.  Raises DataError."""
    try:
        with path.open("rb") as raw:
            head = _unpack(raw, path).peek(64)[:64]
    except _UNPACKING as error:
        said = getattr(error, "strerror", None) or error
        raise DataError(f"cannot be read: {said}", where=str(path)) from error
    return next((name for mark, name in _MARKS if head.startswith(mark)), "")


def _unpack(raw: BinaryIO, path: Path) -> io.BufferedReader:
    buffered = cast(io.BufferedReader, raw)
    head = buffered.peek(8)[:8]
    kind = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
    if kind is None:
        return buffered
    unpack: Any = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}.get(kind) or _open_zstd(path).open
    return io.BufferedReader(unpack(buffered))


def _open_zstd(path: Path) -> Any:
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise MissingExtraError(f"Reading files packed with Zstandard ({path.name})", "inspect")


def _check_encoding(encoding: str | None, path: Path) -> str | None:
    if encoding is None:
        return None
    try:
        info = codecs.lookup(encoding)
        if not getattr(info, "_is_text_encoding", True):
            raise LookupError
    except (LookupError, ValueError) as error:
        raise DataError(f"there is no text encoding {encoding!r}", where=str(path)) from error
    return info.name


def _make_decode_error(error: UnicodeError, encoding: str | None, path: Path) -> DataError:
    if encoding is not None:
        return DataError(f"is not text in {encoding}: {error}", where=str(path))
    seen = f" (byte 0x{error.object[error.start]:02x})" if isinstance(error, UnicodeDecodeError) else ""
    return DataError(
        f"is not UTF-8{seen}",
        fix="Save it as UTF-8, or say what it is, e.g. `encoding: latin-1` (of Windows: cp1252).",
        where=str(path),
    )


def read_lines(text: io.TextIOBase, budget: MemoryBudget, path: Path) -> Iterator[str]:
    """Yield the lines of a text with their ends.  Raises DataError for a line that is too long."""
    longest = budget.longest
    while line := text.readline(longest):
        if len(line) >= longest:
            raise DataError(f"has a line of more than {longest:,} characters", where=str(path))
        budget.spend(_LINE_COST, path)
        yield line


def read_whole(text: io.TextIOBase, budget: MemoryBudget, path: Path) -> str:
    """Return a whole text.  Raises DataError if it is too long."""
    whole = text.read(budget.longest)
    if len(whole) >= budget.longest:
        raise budget.too_large(path)
    return whole


def estimate_text_size(text: str) -> int:
    """Return about what a text takes in memory."""
    return len(text) * (1 if text.isascii() else 4)


def estimate_json_size(text: str) -> int:
    """Return about what the values of a JSON text take in memory, rather too much than too little."""
    values = text.count(",") + text.count(":")
    return estimate_text_size(text) + 64 * values + 160 * (text.count("[") + text.count("{"))


def find_encoding(options: Mapping[str, Any], path: Path) -> str | None:
    """Return the encoding that a task file gives for its data files, or None."""
    encoding = options.get("encoding")
    if encoding is not None and not isinstance(encoding, str):
        raise DataError(f"encoding must be a name such as latin-1; got {encoding!r}", where=str(path))
    return encoding
