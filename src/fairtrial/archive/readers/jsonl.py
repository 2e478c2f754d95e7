"""JSON Lines: a document a row, with the fields of front matter and its ``text``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fairtrial.archive.readers.finishing import hash_stream
from fairtrial.archive.readers.found import MOST_BYTES, Draft, DraftPicture, Refused, Source
from fairtrial.archive.readers.markdown import simplify_markdown
from fairtrial.archive.readers.stating import state
from fairtrial.errors import ArchiveError

MOST_VALUES = 200_000
"""Most values in one row, by its commas and brackets: a short text can hold values that fill the memory."""

_TEXTS = ("text", "markdown", "body", "content")
_PICTURES = ("file", "caption", "credit")


def read_jsonl(source: Source) -> Iterator[Draft | Refused]:
    """Yield the documents of a file, and the rows that cannot be read."""
    with source.open() as file:
        sha256 = hash_stream(file)
    with source.open() as file:
        number = 0
        while line := file.readline(MOST_BYTES + 1):
            number += 1
            where = f"{source.path}:{number}"
            if len(line) > MOST_BYTES:
                yield Refused(
                    where, ArchiveError(f"the row has more than {MOST_BYTES:,} bytes, the most that are read.")
                )
                while not line.endswith(b"\n") and (line := file.readline(MOST_BYTES)):
                    pass
                continue
            if not line.strip(b"\xef\xbb\xbf \t\r\n"):
                continue
            try:
                yield _read_row(line, where, source, sha256)
            except ArchiveError as error:
                yield Refused(where, error)


def _read_row(line: bytes, where: str, source: Source, sha256: str) -> Draft:
    row = parse_json(line)
    if not isinstance(row, dict):
        raise ArchiveError('the row is no JSON object; expected one such as {"title": ..., "text": ...}.')
    fields = dict(row)
    pictures = fields.pop("pictures", None) or []
    given = [name for name in _TEXTS if name in fields]
    texts = [fields.pop(name) for name in given]
    if len(given) != 1 or not isinstance(texts[0], str):
        seen = ", ".join(given) or "none"
        raise ArchiveError(f"the row needs its text in one field of {', '.join(_TEXTS)}; seen: {seen}.")
    fields.setdefault("uri", fields.pop("id", None) or where)
    draft = Draft(where=where, text="", markdown=True)
    state(draft, fields, source.seen, sha256, "row")
    draft.text, images = simplify_markdown(texts[0], draft.notes)
    for caption, target in images:
        _add_picture(draft, source, {"file": target, "caption": caption})
    for one in pictures if isinstance(pictures, list) else [pictures]:
        _add_picture(draft, source, one)
    return draft


def _add_picture(draft: Draft, source: Source, told: object) -> None:
    if not isinstance(told, Mapping) or not set(told) <= set(_PICTURES) or not all(
        isinstance(value, str) for value in told.values()
    ) or "file" not in told:  # fmt: skip
        raise ArchiveError(f"pictures: a picture is a mapping of {', '.join(_PICTURES)} to texts.")
    if (data := source.fetch(told["file"])) is None:
        draft.notes.append(f"left out the image {told['file'][:200]!r}: there is no such file beside it")
    else:
        draft.pictures.append(DraftPicture(data, told.get("caption", ""), told.get("credit", "")))


def parse_json(body: bytes, most: int = MOST_VALUES) -> Any:
    """Return JSON text as values.  Raises ArchiveError with the place of a mistake, or if it is too much."""
    if len(body) > MOST_BYTES:
        raise ArchiveError(f"it has {len(body):,} bytes; at most {MOST_BYTES:,} are read.")
    values = body.count(b",") + body.count(b"[") + body.count(b"{")
    if values > most:
        raise ArchiveError(f"it holds some {values:,} values; at most {most:,} are read.")
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise ArchiveError(f"it is no JSON: {error.msg} (line {error.lineno}, column {error.colno}).") from None
    except UnicodeDecodeError:
        raise ArchiveError("it is no UTF-8 text.", fix="Save it as UTF-8.") from None
    except RecursionError:
        raise ArchiveError("it is nested too deeply.") from None
    except ValueError as error:
        raise ArchiveError(f"it is no JSON: {str(error)[:120]}.") from None


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")
