"""Cuts a document into passages: by headings, paragraphs, sentences, and words where nothing else fits.

Spans are exact, in order, and do not overlap; together they hold every character that is not white space or part of a
heading (whose words every passage under it carries as `headings`).  The same document always gives the same passages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from fairtrial.archive.blocks import Block, find_sections
from fairtrial.archive.document import Document, Passage, Picture
from fairtrial.archive.sentences import find_sentence_spans

METHOD = 1
"""Of cutting; counts up when the same document is cut elsewhere."""

MOST = 1000
"""Characters of a passage at most: some 200 to 250 tokens of English, so that six fit a small model's context."""

_BOUNDARY = re.compile(r"[;:,][\s]|\s")


@dataclass(frozen=True, slots=True)
class Cutting:
    """How long passages may be.

    Attributes:
        most: of one passage.
        unit: of what ``most`` counts, for people and for the archive's record of itself.
        count: how many of them a text has; it must not fall when a text grows.
    """

    most: int = MOST
    unit: str = "characters"
    count: Callable[[str], int] = len

    def identity(self) -> list[object]:
        """Return what decides where a document is cut, as JSON values."""
        return [METHOD, self.most, self.unit]


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    headings: tuple[str, ...]


def cut(document: Document, cutting: Cutting | None = None) -> list[Passage]:
    """Return the passages of a document: those of its text in order, then those of its pictures.

    A passage stands under one heading.  Paragraphs are put together as long as they fit; one that does not fit alone is
    cut between sentences.  A table stays whole where it fits, else it is cut between rows, and every piece after the
    first has the table's own head as its innermost heading.  Spans of pictures are those of `describe_picture`.  A
    document with neither text nor pictures has one passage, empty, so that its title can be found.

    Raises ValueError if ``cutting.most`` is less than 1.
    """
    how = cutting or Cutting()
    if how.most < 1:
        raise ValueError(f"a passage of {how.most} {how.unit} at most holds nothing")
    made = [_Piece(one, document.text[one.start : one.end], None) for one in _cut_text(document.text, how)]
    for number, picture in enumerate(document.pictures):
        told = describe_picture(picture)
        spans = _join(told, _split(told, Block(0, len(told)), how), (), how)
        made += [_Piece(one, told[one.start : one.end], number) for one in spans]
    if not made and document.title:
        made = [_Piece(_Span(0, 0, ()), "", None)]
    id = document.id  # a hash of all its text, each time
    return [
        Passage(id, index, one.span.start, one.span.end, one.span.headings, one.text, one.picture)
        for index, one in enumerate(made)
    ]


def describe_picture(picture: Picture) -> str:
    """Return the words of a picture: its caption, then what is written in it on lines of its own."""
    return "\n".join(one for one in (picture.caption, picture.text) if one.strip())


def write_indexed(title: str, passage: Passage) -> str:
    """Return what vectors are made of: a passage after its document's title and its headings, its subject."""
    heads = [one for one in (title, *passage.headings) if one.strip()]
    return "\n".join([*dict.fromkeys(heads), passage.text])


@dataclass(frozen=True, slots=True)
class _Piece:
    span: _Span
    text: str
    picture: int | None


def _cut_text(text: str, how: Cutting) -> Iterator[_Span]:
    """Yield the passages of a text, section by section."""
    for section in find_sections(text):
        units: list[tuple[int, int]] = []
        for block in section.blocks:
            if _fits(text, block.start, block.end, how):
                units.append((block.start, block.end))
            elif block.kind == "text":
                units += _split(text, block, how)
            else:
                yield from _join(text, units, section.headings, how)
                yield from _cut_rows(text, block, section.headings, how)
                units = []
        yield from _join(text, units, section.headings, how)


def _cut_rows(text: str, block: Block, headings: tuple[str, ...], how: Cutting) -> Iterator[_Span]:
    """Yield a table or code in pieces, cut between lines; pieces of a table after the first stand under its head."""
    pieces = list(_join(text, _split(text, block, how), headings, how))
    head = _name_head(text, block) if block.kind == "table" else ""
    for number, piece in enumerate(pieces):
        yield _Span(piece.start, piece.end, (*headings, head)) if head and number else piece


def _join(text: str, units: Sequence[tuple[int, int]], headings: tuple[str, ...], how: Cutting) -> Iterator[_Span]:
    """Yield units put together as long as they fit; of the last two spans the shorter one gets some of the longer."""
    groups: list[list[tuple[int, int]]] = []
    for unit in units:
        if groups and _fits(text, groups[-1][0][0], unit[1], how):
            groups[-1].append(unit)
        else:
            groups.append([unit])
    if len(groups) > 1:
        before, last = groups[-2:]
        while len(before) > 1 and last[-1][1] - before[-1][0] <= before[-2][1] - before[0][0]:
            if not _fits(text, before[-1][0], last[-1][1], how):
                break
            last.insert(0, before.pop())
    for group in groups:
        yield _Span(group[0][0], group[-1][1], headings)


def _split(text: str, block: Block, how: Cutting) -> list[tuple[int, int]]:
    """Return what a block that does not fit is made of: lines or sentences, else pieces of them that fit."""
    start, end = _trim(text, block.start, block.end)
    units = find_sentence_spans(text, start, end) if block.kind == "text" else _list_lines(text, start, end)
    found: list[tuple[int, int]] = []
    for unit in units:
        found += [unit] if _fits(text, *unit, how) else _cut_words(text, *unit, how)
    return found


def _fits(text: str, start: int, end: int, how: Cutting) -> bool:
    if how.count is len:
        return end - start <= how.most
    return how.count(text[start:end]) <= how.most


def _cut_words(text: str, start: int, end: int, how: Cutting) -> Iterator[tuple[int, int]]:
    """Yield pieces that end between words, in the second half of what fits, or anywhere if there is no such place."""
    while start < end:
        reach = _reach(text, start, end, how)
        stop = reach
        if reach < end:
            places = [found.end() for found in _BOUNDARY.finditer(text, start + (reach - start) // 2, reach)]
            clauses = [place for place in places if text[place - 2 : place - 1] in ";:,"]
            stop = (clauses or places or [_keep_character_whole(text, start, reach)])[-1]
        trimmed = _trim(text, start, stop)
        if trimmed[0] < trimmed[1]:
            yield trimmed
        start = stop


def _reach(text: str, start: int, end: int, how: Cutting) -> int:
    """Return where the longest piece that fits ends; at least one character."""
    if how.count is len:
        return min(end, start + how.most)
    low, high = start + 1, min(end, start + 64)
    while high < end and _fits(text, start, high, how):
        low, high = high, min(end, start + 2 * (high - start))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _fits(text, start, middle, how) else (low, middle - 1)
    return low


def _keep_character_whole(text: str, start: int, place: int) -> int:
    """Return a place at or before ``place`` that is not between a letter and its accents, where there is one near."""
    back = place
    while (
        back > start + 1 and place - back < 32 and (unicodedata.combining(text[back]) or text[back] in "\u200d\ufe0f")
    ):
        back -= 1
    return back if back > start + 1 or place == start + 1 else place


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a span without white space at its ends; indentation before the first word of a line is part of it."""
    while end > start and text[end - 1].isspace():
        end -= 1
    while start < end and text[start].isspace():
        start += 1
    return start, end


def _name_head(text: str, block: Block) -> str:
    """Return the first row of a table as a heading."""
    line = text[block.start : block.end].split("\n", 1)[0]
    return " | ".join(cell.strip() for cell in line.strip().strip("|").split("|"))[:200]


def _list_lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the lines of a span that are not empty."""
    while start < end:
        stop = text.find("\n", start, end)
        stop = end if stop < 0 else stop
        trimmed = _trim(text, start, stop)
        if trimmed[0] < trimmed[1]:
            yield trimmed
        start = stop + 1
