"""JSON Lines: a document a row, with the fields of front matter and its ``text``; also as BEIR has rows.

Files may be packed by gzip.  They are read row by row, however large they are.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from fairtrial.archive.readers.beir import ID, SeenIds, lift_fields
from fairtrial.archive.readers.finishing import hash_stream
from fairtrial.archive.readers.found import MOST_BYTES, Draft, DraftPicture, Refused, SourceFile
from fairtrial.archive.readers.markdown import simplify_markdown
from fairtrial.archive.readers.stating import state
from fairtrial.errors import ArchiveError

MOST_VALUES = 200_000
"""Most values in one row, by its commas and brackets: a short text can hold values that fill the memory."""

_TEXTS = ("text", "markdown", "body", "content")
_PICTURES = ("file", "caption", "credit")


def read_jsonl(source: SourceFile) -> Iterator[Draft | Refused]:
    """Yield the documents of a file, and the rows that cannot be read."""
    with source.open() as whole:
        sha256 = hash_stream(whole)
    ids = SeenIds()
    with source.open() as raw:
        packed = source.path.lower().endswith(".gz")
        for where, line in _read_lines(gzip.GzipFile(fileobj=raw) if packed else raw, source.path):
            if isinstance(line, ArchiveError):
                yield Refused(where, line)
                continue
            try:
                yield _read_row(line, where, source, sha256, ids)
            except ArchiveError as error:
                yield Refused(where, error)


def _read_lines(file: BinaryIO | gzip.GzipFile, path: str) -> Iterator[tuple[str, bytes | ArchiveError]]:
    """Yield the place of each row that is not empty, and its bytes, or why it cannot be read."""
    number = 0
    try:
        while line := file.readline(MOST_BYTES + 1):
            number += 1
            where = f"{path}:{number}"
            if len(line) > MOST_BYTES:
                yield where, ArchiveError(f"the row has more than {MOST_BYTES:,} bytes, the most that are read.")
                while not line.endswith(b"\n") and (line := file.readline(MOST_BYTES)):
                    pass
            elif line.strip(b"\xef\xbb\xbf \t\r\n"):
                yield where, line
    except (gzip.BadGzipFile, EOFError, zlib.error):
        told = f"it is damaged after row {number:,}: it cannot be unpacked." if number else "it is no gzip file."
        yield path, ArchiveError(told, fix="Fetch it again; the rows before that were read.")


def _read_row(line: bytes, where: str, source: SourceFile, sha256: str, ids: SeenIds) -> Draft:
    row = parse_document_json(line)
    if not isinstance(row, dict):
        raise ArchiveError('the row is no JSON object; expected one such as {"title": ..., "text": ...}.')
    notes: list[str] = []
    fields = lift_fields(row, notes) if ID in row else dict(row)
    pictures = fields.pop("pictures", None) or []
    given = [name for name in _TEXTS if name in fields]
    texts = [fields.pop(name) for name in given]
    if len(given) != 1 or not isinstance(texts[0], str):
        seen = ", ".join(given) or "none"
        raise ArchiveError(f"the row needs its text in one field of {', '.join(_TEXTS)}; seen: {seen}.")
    fields.setdefault("uri", fields.pop("id", None) or where)
    draft = Draft(where=where, text="", markdown=ID not in row, notes=notes)
    state(draft, fields, source.seen, sha256, "row")
    if ID in row:
        ids.add(draft.uri)
        draft.text = texts[0].replace("\r\n", "\n")
    else:
        draft.text, images = simplify_markdown(texts[0], draft.notes)
        for caption, target in images:
            _add_picture(draft, source, {"file": target, "caption": caption})
    for one in pictures if isinstance(pictures, list) else [pictures]:
        _add_picture(draft, source, one)
    return draft


def _add_picture(draft: Draft, source: SourceFile, told: object) -> None:
    if not isinstance(told, Mapping) or not set(told) <= set(_PICTURES) or not all(
        isinstance(value, str) for value in told.values()
    ) or "file" not in told:  # fmt: skip
        raise ArchiveError(f"pictures: a picture is a mapping of {', '.join(_PICTURES)} to texts.")
    if (data := source.fetch(told["file"])) is None:
        draft.notes.append(f"left out the image {told['file'][:200]!r}: there is no such file beside it")
    else:
        draft.pictures.append(DraftPicture(data, told.get("caption", ""), told.get("credit", "")))


def parse_document_json(body: bytes, most: int = MOST_VALUES, *, doubled: bool = True) -> Any:
    """Return JSON text as values; of a key that stands twice in an object the last, or none where ``doubled`` is false.

    Raises ArchiveError with the place of a mistake, or if it is too much.
    """
    if len(body) > MOST_BYTES:
        raise ArchiveError(f"it has {len(body):,} bytes; at most {MOST_BYTES:,} are read.")
    values = body.count(b",") + body.count(b"[") + body.count(b"{")
    if values > most:
        raise ArchiveError(f"it holds some {values:,} values; at most {most:,} are read.")
    try:
        return json.loads(
            body.decode("utf-8-sig"),
            parse_constant=_refuse_constant,
            object_pairs_hook=None if doubled else _refuse_doubled,
        )
    except json.JSONDecodeError as error:
        raise ArchiveError(f"it is no JSON: {error.msg} (line {error.lineno}, column {error.colno}).") from None
    except UnicodeDecodeError:
        raise ArchiveError("it is no UTF-8 text.", fix="Save it as UTF-8.") from None
    except RecursionError:
        raise ArchiveError("it is nested too deeply.") from None
    except ValueError as error:
        why = "a number has more digits than are read" if "integer string" in str(error) else str(error)[:120]
        raise ArchiveError(f"it is no JSON: {why}.") from None


def _refuse_doubled(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")
