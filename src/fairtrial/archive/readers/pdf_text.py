"""The text of a PDF document, page by page.  Runs in the process with limits.

What a reader of the printed page does not see is left out: text that is drawn invisibly (unless all of it is, as in the
layer that OCR puts under a scan), in white, or in letters too small to read.
"""

from __future__ import annotations

import io
import re
from typing import Any

MOST_PAGES = 1_000
MOST_CHARACTERS = 2_000_000
SMALLEST = 2.0
"""Points under which letters are too small to read."""

_INVISIBLE = frozenset({3, 7})
"""Modes of drawing text that paint nothing (ISO 32000-1, table 106)."""


class _Page:
    """Gathers the pieces of text of a page, and whether each is seen."""

    def __init__(self) -> None:
        self.mode = 0
        self.colour: tuple[float, ...] = (0.0,)
        self.kept: list[tuple[tuple[int, tuple[float, ...]], tuple[float, ...]]] = []
        self.pieces: list[tuple[str, str]] = []

    def operate(self, operator: bytes, operands: list[Any], _: Any, __: Any) -> None:
        try:
            numbers = tuple(float(one) for one in operands if isinstance(one, int | float))
        except (TypeError, ValueError):
            return
        if operator == b"q" and len(self.kept) < 1_000:
            self.kept.append(((self.mode, self.colour), ()))
        elif operator == b"Q" and self.kept:
            (self.mode, self.colour), _ = self.kept.pop()
        elif operator == b"Tr" and numbers:
            self.mode = int(numbers[0])
        elif operator in {b"g", b"rg", b"k", b"sc", b"scn"} and numbers:
            self.colour = numbers if operator != b"k" else (1 - numbers[0] if not any(numbers) else 0.0,)

    def take(self, text: str, _: Any, matrix: list[float], __: Any, size: float) -> None:
        if not text:
            return
        height = abs(float(size or 0)) * max(abs(float(one)) for one in (matrix or [1, 0, 0, 1])[:4])
        why = ""
        if text.strip():
            if self.mode in _INVISIBLE:
                why = "invisible"
            elif all(one >= 0.97 for one in self.colour):
                why = "white"
            elif 0 < height < SMALLEST:
                why = "small"
        self.pieces.append((text, why))


def parse_pdf(data: bytes) -> dict[str, Any]:
    """Return what a PDF document holds, as JSON values.

    Keys: ``pages`` (texts), ``count`` (pages of the document), ``hidden`` (why -> pieces of text left out), ``layer``
    (whether all of its text is invisible), ``info`` (Title, Author, CreationDate, ...), ``broken`` (pages that cannot
    be read).
    """
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            return {"error": "it is encrypted, and needs a password."}
        count = len(reader.pages)
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        return {"error": f"it is damaged: {type(error).__name__}."}
    pages, broken, characters = [], 0, 0
    for number in range(min(count, MOST_PAGES)):
        page = _Page()
        try:
            reader.pages[number].extract_text(visitor_operand_before=page.operate, visitor_text=page.take)
        except (MemoryError, RecursionError):
            raise
        except Exception:  # hostile pages make the library raise nearly anything
            broken += 1
        pages.append(page.pieces)
        characters += sum(len(text) for text, _ in page.pieces)
        if characters > MOST_CHARACTERS:
            return {"error": f"its text has more than {MOST_CHARACTERS:,} characters, the most that are read."}
    return {**_leave_out_hidden(pages), "count": count, "broken": broken, "info": _read_info(reader)}


def _leave_out_hidden(pages: list[list[tuple[str, str]]]) -> dict[str, Any]:
    seen = any(text.strip() and not why for page in pages for text, why in page)
    layer = not seen and any(why == "invisible" for page in pages for _, why in page)
    hidden: dict[str, int] = {}
    texts = []
    for page in pages:
        kept = []
        for text, why in page:
            if why and not (layer and why == "invisible"):
                hidden[why] = hidden.get(why, 0) + 1
                kept.append("\n" if "\n" in text else "")
            else:
                kept.append(text)
        texts.append("".join(kept))
    return {"pages": texts, "hidden": hidden, "layer": layer}


def _read_info(reader: Any) -> dict[str, str]:
    try:
        told = reader.metadata or {}
        return {str(key).lstrip("/"): str(value)[:2_000] for key, value in list(told.items())[:50]}
    except Exception:  # as above
        return {}


def join_lines(page: str) -> str:
    """Return the text of a page in paragraphs: lines that only the width of the page has broken become one.

    A word that is divided at the end of a line becomes whole.  A line begins a paragraph after an empty one, or after
    one that ends a sentence and is short, or where it begins like an entry of a list.
    """
    lines = [" ".join(line.split()) for line in page.splitlines()]
    longest = max(map(len, lines), default=0)
    paragraphs: list[str] = []
    fresh = True
    for before, line in zip(["", *lines], lines, strict=False):
        if not line:
            fresh = True
            continue
        short = len(before) < 0.7 * longest and before.endswith((".", "!", "?", ":", "”", '"'))
        if fresh or short or re.match(r"(?:[-•–*]|\d{1,2}[.)])\s", line):
            paragraphs.append(line)
        elif re.search(r"[a-zà-ÿ]-$", paragraphs[-1]) and line[0].islower():
            paragraphs[-1] = paragraphs[-1][:-1] + line
        else:
            paragraphs[-1] += " " + line
        fresh = False
    return "\n\n".join(paragraphs)


def read_pdf_date(text: str) -> str:
    """Return a date of PDF (``D:20260304080000+01'00'``) as ISO 8601; empty if it is none."""
    found = re.match(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:(Z)|([+-]\d\d)'?(\d\d)?'?)?", text.strip())
    if not found:
        return ""
    defaults = ("", "01", "01", "00", "00", "00")
    parts = [part or default for part, default in zip(found.groups()[:6], defaults, strict=True)]
    year, month, day, hour, minute, second = parts
    zone = f"{found[8]}:{found[9] or '00'}" if found[8] else "+00:00"
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}{zone}"
