"""Where an answer quotes: what stands between marks of quotation, of several languages, and in block quotes.  Pure.

Knows no passages; `quotes` says whether they hold what is quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MARKS: tuple[tuple[str, str], ...] = (
    ("\u201c", "\u201d\u201f"),  # English, Spanish, Portuguese
    ("\u201e", "\u201c\u201d\u201f"),  # German, Polish, Czech, Hungarian
    ("\u201d", "\u201d"),  # Swedish, Finnish
    ("\u00ab", "\u00bb"),  # French, Italian, Russian
    ("\u00bb", "\u00ab\u00bb"),  # Danish, German books, Finnish
    ("\u2039", "\u203a"),
    ("\u203a", "\u2039\u203a"),
    ("\u2018", "\u2019\u201b"),
    ("\u201a", "\u2018\u2019\u201b"),
    ("\u300c", "\u300d"),  # Japanese, Chinese
    ("\u300e", "\u300f"),
    ("\u301d", "\u301e\u301f"),
    ("\uff02", "\uff02"),
    ('"', '"'),
    ("``", "''"),
    ("''", "''"),
    ("'", "'"),
)
"""Marks that open, with those that can close them."""

LONGEST = 4000
"""Characters of a quotation; a mark that is closed later than that opened none."""

_NEVER_ALONE = ("''", "'", "``", "\u2018", "\u201d", "\u00bb", "\u203a", "\u2039", "\u201a")
"""Marks that also stand for something else, e.g. an apostrophe: one that nothing closes opens no quotation."""
_SENTENCE_END = re.compile(r"(?<=[.!?\u2026\u3002])(?=\s)|\n")
_LAST_CITED = re.compile(r"(?:\s*\[\d{1,4}(?:\s*[,;]\s*\d{1,4})*\])+[\s.,;:!?]*\Z")

_OPENERS = {mark: closers for mark, closers in MARKS}
_BLOCK = re.compile(r"(?:^|(?<=\n))(?:[ ]{0,3}>[^\n]*(?:\n|$))+")
_HTML = re.compile(r"<(q|blockquote)\b[^>]{0,200}>(.{0,4000}?)</\1\s*>", re.IGNORECASE | re.DOTALL)
_MARKER = re.compile(r"^[ ]{0,3}(?:>[ ]?)+", re.MULTILINE)
_CITED = re.compile(r"\[(\d{1,4}(?:\s*[,;]\s*\d{1,4})*)\]")


@dataclass(frozen=True, slots=True)
class Quotation:
    """What an answer gives as somebody's words.

    Attributes:
        text: without the marks.
        start: first character of it in the answer, its mark included.
        end: one after the last, its closing mark included.
        cited: numbers of the passages that the answer names for it: those right after it, else those of its sentence.
        closed: whether a mark ends it; if none does, it reaches to the end of its sentence.
    """

    text: str
    start: int
    end: int
    cited: tuple[int, ...] = ()
    closed: bool = True


def find_quotations(answer: str) -> list[Quotation]:
    """Return the quotations of an answer, in order.  One within another is a part of the outer one."""
    found = sorted((*_find_blocks(answer), *_find_marked(answer)), key=lambda one: (one[0], -one[1]))
    kept: list[Quotation] = []
    for start, end, text, closed in found:
        if text.strip() and (not kept or start >= kept[-1].end):
            kept.append(Quotation(text, start, end, _find_cited(answer, start, end), closed))
    return kept


def list_citations(answer: str) -> list[tuple[int, int, int]]:
    """Return the citations of an answer, ``[1]`` or ``[1, 2]``, each as number and place of its brackets."""
    return [
        (int(number), found.start(), found.end())
        for found in _CITED.finditer(answer)
        for number in re.findall(r"\d+", found[1])
    ]


_Found = tuple[int, int, str, bool]
"""First character and one after the last, what is quoted, and whether a mark ends it."""


def _find_blocks(answer: str) -> Iterator[_Found]:
    for found in _BLOCK.finditer(answer):
        yield found.start(), found.end(), _CITED.sub("", _MARKER.sub("", found[0])), True
    for found in _HTML.finditer(answer):
        yield found.start(), found.end(), re.sub(r"<[^<>]{0,200}>", "", found[2]), True


def _find_marked(answer: str) -> Iterator[_Found]:
    at = 0
    while at < len(answer):
        mark = next((m for m in ("``", "''", answer[at]) if m in _OPENERS and answer.startswith(m, at)), "")
        if not mark or not _opens(answer, at, mark):
            at += len(mark) or 1
        elif (close := _find_close(answer, at, mark)) is not None:
            end, text = close
            yield at, end, text, True
            at = end
        elif mark in _NEVER_ALONE:
            at += len(mark)
        else:
            end = _find_sentence_end(answer, at + len(mark))
            yield at, end, answer[at + len(mark) : end], False
            at = end


def _find_sentence_end(answer: str, begin: int) -> int:
    """Return one after the sentence that a place stands in, without the citation behind it; within the paragraph."""
    found = _SENTENCE_END.search(answer, begin, begin + LONGEST)
    end = found.start() if found else min(len(answer), begin + LONGEST)
    cited = _LAST_CITED.search(answer, begin, end)
    return cited.start() if cited else end


def _find_close(answer: str, at: int, mark: str) -> tuple[int, str] | None:
    """Return one after the closing mark and what stands between; None where nothing closes in the same paragraph."""
    begin = at + len(mark)
    paragraph = answer.find("\n\n", begin)
    last = min(len(answer) if paragraph < 0 else paragraph, begin + LONGEST)
    closers = ("''",) if len(mark) > 1 else tuple(_OPENERS[mark])
    depth = 0
    i = begin
    while i < last:
        closer = next((c for c in closers if answer.startswith(c, i)), "")
        if closer and _closes(answer, i, closer, mark):
            if depth == 0:
                return i + len(closer), answer[begin:i]
            depth -= 1
        elif answer[i] == mark and mark not in closers:
            depth += 1
        i += len(closer) or 1
    return None


def _opens(answer: str, at: int, mark: str) -> bool:
    """Return whether a mark can open a quotation: an apostrophe within a word, or inches, do not."""
    if mark in ("'", "\u2018", "''", '"', "\u201d"):
        before = answer[at - 1] if at else " "
        after = answer[at + len(mark)] if at + len(mark) < len(answer) else " "
        return not before.isalnum() and not after.isspace()
    return True


def _closes(answer: str, at: int, closer: str, mark: str) -> bool:
    """Return whether a mark ends what ``mark`` opened: an apostrophe within a word does not."""
    if closer in ("'", "\u2019"):
        after = answer[at + 1] if at + 1 < len(answer) else " "
        return not after.isalnum() and not (at and answer[at - 1].isspace())
    if closer == mark == '"':
        return not (at and answer[at - 1].isspace())
    return True


def _find_cited(answer: str, start: int, end: int) -> tuple[int, ...]:
    """Return the numbers of the passages that an answer names for a quotation."""
    inside = _CITED.findall(answer[start:end])
    behind = re.compile(r"[\s.,;:!?)\u2013\u2014-]{0,4}((?:\[\d{1,4}(?:\s*[,;]\s*\d{1,4})*\]\s?)+)").match(answer, end)
    if inside or behind:
        return _read_numbers(" ".join(inside) + " " + (behind[1] if behind else ""))
    rest = re.compile(r"[^\n.!?\[]{0,300}((?:\[\d{1,4}(?:\s*[,;]\s*\d{1,4})*\]\s?)+)").match(answer, end)
    if rest:
        return _read_numbers(rest[1])
    sentence = max(answer.rfind(mark, 0, start) for mark in (". ", "! ", "? ", "\n"))
    return _read_numbers(" ".join(_CITED.findall(answer[max(sentence, start - 300, 0) : start])))


def _read_numbers(text: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(int(number) for number in re.findall(r"\d+", text)))
