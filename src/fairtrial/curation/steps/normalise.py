"""The step ``normalise``: texts written the same, so that what is equal to a reader is equal to a hash.

No word changes: case, quotation marks, digits and the white space within a line, which code needs, stay.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from fairtrial.archive.hostile.characters import clean_characters, describe_counts
from fairtrial.curation.base import Drop, StepContext, TrainingRow
from fairtrial.spec.curate_steps import Normalise

METHOD = 1
_TRAILING = re.compile(r"(?<![ \t\xa0])[ \t\xa0]++$", re.MULTILINE)
_EMPTY_LINES = re.compile(r"\n{3,}")
_LEADING = re.compile(r"(?:[ \t\xa0]*\n)+")


def _list_continuing() -> str:
    """Return what the bytes 0x80 to 0xBF look like, read as Windows-1252 or as Latin-1."""
    bytes_ = [bytes([one]) for one in range(0x80, 0xC0)]
    seen = {one.decode("latin-1") for one in bytes_} | {one.decode("cp1252", "ignore") for one in bytes_}
    return re.escape("".join(sorted(seen)))


_C = _list_continuing()
_MISREAD = re.compile(f"(?:[ÂÃÄÅÎÏÐÑ][{_C}]|[âã][{_C}]{{2}}|ð[{_C}]{{3}})+")
"""Runs of characters that are UTF-8 read as Windows-1252."""
_MEANT = re.compile("[ÂÃÄÅÎÏÐÑ][»”’“‘…–—°]")
"""May be meant as it stands at the end of a word in capitals, e.g. ``MAÇÃ»``."""


class NormaliseStep:
    """See `fairtrial.curation.base.Step`."""

    def __init__(self, settings: Normalise, context: StepContext) -> None:
        self.settings = settings

    def apply(self, row: TrainingRow) -> TrainingRow | Drop:
        """Write all texts of a row the same; drop it where nothing is left of one that it needs."""
        counts: Counter[str] = Counter()
        made = row.with_texts(lambda text: normalise(text, self.settings, counts))
        if lost := _find_lost(row, made):
            return Drop("empty", f"nothing is left of {lost}")
        if made is row:
            return row
        return made.changed("normalise", "; ".join(describe_counts(dict(counts))) or "white space or composition")

    def describe(self) -> Mapping[str, Any]:
        """Return the method."""
        return {"method": METHOD}


def normalise(text: str, settings: Normalise, counts: Counter[str] | None = None) -> str:
    """Return a text written as the settings ask; adds to ``counts`` how many characters of a kind were taken out."""
    if settings.encoding and not text.isascii():
        text = mend_encoding(text)
    if settings.characters:
        cleaned = clean_characters(text)
        text = cleaned.text
        if counts is not None:
            counts.update({name: count for name, count in cleaned.counts.items() if name != "words of mixed scripts"})
    if settings.white_space:
        text = _EMPTY_LINES.sub("\n\n", _TRAILING.sub("", text.replace("\r\n", "\n")))
        text = text.rstrip()
        text = text[found.end() :] if (found := _LEADING.match(text)) else text
    return text


def mend_encoding(text: str) -> str:
    """Return a text with UTF-8 that was read as Windows-1252 read as UTF-8, e.g. ``donâ€™t`` as ``don’t``."""
    return _MISREAD.sub(_mend, text)


def _mend(found: re.Match[str]) -> str:
    misread, text, at = found[0], found.string, found.start()
    if at and text[at - 1].isupper() and _MEANT.fullmatch(misread):
        return misread
    try:
        return b"".join(_to_byte(one) for one in misread).decode()
    except UnicodeError:
        return misread


def _to_byte(character: str) -> bytes:
    code = ord(character)
    return bytes([code]) if code < 256 else character.encode("cp1252")


def _find_lost(row: TrainingRow, made: TrainingRow) -> str:
    """Return which text has nothing left that had something; empty if none."""
    for before, after in zip(row.messages, made.messages, strict=True):
        if before.content and not after.content.strip():
            return f"what the {before.role} says"
    for name in ("text", "chosen", "rejected"):
        if getattr(row, name) and not getattr(made, name).strip():
            return f"the {name} answer" if name != "text" else "the text"
    return ""
