"""Plain text: the first line is no title, for nobody said so; paragraphs stay as they are."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.archive.readers.found import Draft, SourceFile
from fairtrial.errors import ArchiveError


def read_plain(source: SourceFile) -> Iterator[Draft]:
    """Yield the document of a text file.  Raises ArchiveError if it is no text."""
    yield Draft(where=source.path, text=decode_text(source.data))


def decode_text(data: bytes) -> str:
    """Return a file's text: UTF-8, or UTF-16 with a byte order mark.  Raises ArchiveError if it is neither."""
    if b"\0" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ArchiveError("this is no text: it holds NUL characters.")
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ArchiveError(
            f"the file is not UTF-8 text (line {line}, byte {data[error.start]:#04x}).", fix="Save it as UTF-8."
        ) from None
