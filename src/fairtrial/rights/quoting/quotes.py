"""Whether what an answer quotes stands in the passages that it was shown: found, misattributed, stitched or not found.

Texts are compared by their characters in Unicode NFKC, with white space folded and the different forms of quotation
marks, apostrophes and dashes taken as one; case counts only in that a word may begin with either.  Quotations of fewer
than 12 characters are too short to say anything.  A quotation that was changed counts as found only where 85% of it
survives as one run, with nothing before it and behind it no more than another ending of its last word.  Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from fairtrial.rights.quoting.quotations import Quotation, find_quotations

SHORTEST = 12
"""Characters, after folding, of a quotation that can be looked for, and of a piece of a stitched one."""
SURVIVING = 0.85
"""Share of a quotation that must stand in a passage as one run for it to count as found with changes."""

STEM = 4
"""Letters that two words share at their beginning, at least, to be forms of one word."""
ENDING = 3
"""Letters behind them, at most."""

QuoteStatus = Literal["found", "misattributed", "stitched", "not found", "too short"]

_ELLIPSIS = re.compile(
    r"\s*(?:\[\s*(?:\u2026|\.{3})\s*\]|\(\s*(?:\u2026|\.{3})\s*\)|\u2026|\.{3,}|\[[^\[\]\d]{1,40}\])\s*"
)
_SAME = {
    **dict.fromkeys('\u2018\u2019\u201a\u201b\u2032\u02bc`\u00b4"', "'"),  # a quotation within another has other marks
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\u2033\u301d\u301e\u301f\u300c\u300d", "'"),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
}
_EMPHASIS = "*_"
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|nicht|kein\w*|nie|niemals|ohne|pas|jamais|ne|sans|"
    r"niet|geen|ikke|inte|aldri\w*|n\u00e3o|nunca|non)\b|n't\b",
    re.IGNORECASE,
)
_GAP = 4
"""Words that may be left out between two pieces before a negation among them may be another sentence's."""


@dataclass(frozen=True, slots=True)
class Folded:
    """A text as it is compared.

    Attributes:
        text: folded.
        places: of each character the one of the text that it came from.
    """

    text: str
    places: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where a run of the folded text stands in the text."""
        return self.places[start], self.places[end - 1] + 1


@dataclass(frozen=True, slots=True)
class CheckedQuotation:
    """What was found out about a quotation.

    Attributes:
        quotation: of the answer.
        result: ``found`` in a passage that the answer names for it, or in any where it names none; ``misattributed``:
            it stands in another passage than those named; ``stitched``: of pieces that do not stand so in one passage;
            ``not found``; ``too short`` to be looked for.
        passages: numbers of the passages that it, or pieces of it, stand in; the first is the best.
        spans: where it stands, or its pieces, as passage number, first character and one after the last.
        words: of the quotation that stand in passages.
        exact: whether it is unchanged.
    """

    quotation: Quotation
    result: QuoteStatus
    passages: tuple[int, ...] = ()
    spans: tuple[tuple[int, int, int], ...] = ()
    words: int = 0
    exact: bool = False


def check_quotations(answer: str, passages: Mapping[int, str]) -> list[CheckedQuotation]:
    """Return what becomes of each quotation of an answer, in order.

    Args:
        answer: what was answered.
        passages: the texts that were shown, by the numbers that the prompt gave them.
    """
    quotations = find_quotations(answer)
    folded = {number: fold_in_place(text) for number, text in passages.items()} if quotations else {}
    return [check_quotation(one, folded) for one in quotations]


def check_quotation(quotation: Quotation, passages: Mapping[int, Folded]) -> CheckedQuotation:
    """Return what becomes of one quotation."""
    own = fold_in_place(re.sub(r"\s*\[\d{1,4}(?:\s*[,;]\s*\d{1,4})*\]", "", quotation.text))
    wanted = _trim(own.text)
    if len(wanted) < SHORTEST:
        return CheckedQuotation(quotation, "too short")
    named = [number for number in quotation.cited if number in passages]
    order = [*named, *(number for number in passages if number not in named)]
    pieces = [p for piece in _ELLIPSIS.split(wanted) if len(p := _trim(piece)) > 0]
    for number in order:
        if spans := _find_in_order(pieces, passages[number]):
            result: QuoteStatus = "misattributed" if quotation.cited and number not in named else "found"
            places = tuple((number, *span) for span in spans)
            return CheckedQuotation(quotation, result, (number,), places, _count_words(wanted), len(pieces) == 1)
    return _check_changed(quotation, wanted, pieces, order, passages, named)


def _check_changed(
    quotation: Quotation,
    wanted: str,
    pieces: Sequence[str],
    order: Sequence[int],
    passages: Mapping[int, Folded],
    named: Sequence[int],
) -> CheckedQuotation:
    """Return what becomes of a quotation that stands in no passage as it is."""
    runs = [(number, *find_longest_run(wanted, passages[number].text)) for number in order]
    best = max(runs, key=lambda run: run[1], default=(0, 0, 0, 0))
    number, length, at, there = best
    survives = length >= SHORTEST and length >= SURVIVING * len(wanted)
    place = (at, passages[number].text, there, length) if survives else None
    if len(pieces) == 1 and place and _says_the_same(wanted, *place, quotation.closed):
        result: QuoteStatus = "misattributed" if quotation.cited and number not in named else "found"
        span = passages[number].span(there, there + length)
        words = _count_words(wanted[at : at + length])
        return CheckedQuotation(quotation, result, (number,), ((number, *span),), words)
    covered = find_covering_runs(wanted, order, passages)
    if len(covered) > 1 and not _has_word(_list_gaps(wanted, covered)):  # a word put between changes what was said
        numbers = tuple(dict.fromkeys(number for number, *_ in covered))
        spans = tuple((n, *passages[n].span(place, place + end - start)) for n, start, end, place in covered)
        return CheckedQuotation(quotation, "stitched", numbers, spans, _count_words(wanted))
    return CheckedQuotation(quotation, "not found")


def _says_the_same(wanted: str, at: int, text: str, there: int, length: int, closed: bool) -> bool:
    """Return whether a quotation has no word of its own beside the run that it shares with a passage.

    It must begin where a word of the passage does: "legal" is not what "illegal" says.  Its last word may have another
    ending ("pier" for "piers"), no negation, number or other word; one that nothing closes may break off in it.
    """
    while at and there and wanted[at - 1].casefold() == text[there - 1].casefold():  # case of a first letter
        at, there, length = at - 1, there - 1, length + 1
    if _has_word([wanted[:at]]) or (there and _is_inside(text[there - 1], wanted[at])):
        return False
    own, theirs = (_read_ending(one, end) for one, end in ((wanted, at + length), (text, there + length)))
    if not own and (not theirs or not closed):
        return not _has_word([wanted[at + length :]])
    stem = _read_stem(wanted, at, at + length)
    rest = wanted[at + length + len(own) :]
    alike = len(stem) >= STEM and max(len(own), len(theirs)) <= ENDING and (stem + own + theirs).isalpha()
    denied = any(_NEGATION.search(stem + one) for one in (own, theirs))
    return alike and not denied and not _has_word([rest])


def _is_inside(before: str, after: str) -> bool:
    """Return whether two characters belong to one word; scripts without case may have no spaces between words."""
    return all(char.isdigit() or char.lower() != char.upper() for char in (before, after))


def _read_ending(text: str, at: int) -> str:
    """Return the rest of the word that a place cuts through; nothing if it stands at the end of a word."""
    if not at or at >= len(text) or not _is_inside(text[at - 1], text[at]):
        apostrophe = text[at : at + 2]  # "can" of "can't"
        return apostrophe if at and len(apostrophe) > 1 and apostrophe[0] == "'" and apostrophe[1].isalpha() else ""
    end = at
    while end < len(text) and (_is_inside(text[end - 1], text[end]) or text[end] == "'"):
        end += 1
    return text[at:end].rstrip("'")


def _read_stem(text: str, start: int, end: int) -> str:
    """Return the part of the last word of a run that stands in it."""
    at = end
    while at > start and text[at - 1].isalnum():
        at -= 1
    return text[at:end]


def _list_gaps(wanted: str, covered: Sequence[tuple[int, int, int, int]]) -> list[str]:
    ends = [0, *(end for _, _, end, _ in covered)]
    starts = [*(start for _, start, _, _ in covered), len(wanted)]
    return [wanted[end:start] for end, start in zip(ends, starts, strict=True)]


def _has_word(texts: Sequence[str]) -> bool:
    return any(char.isalnum() for text in texts for char in text)


def find_covering_runs(
    wanted: str, order: Sequence[int], passages: Mapping[int, Folded]
) -> list[tuple[int, int, int, int]]:
    """Return runs of a text that stand in passages, from left to right, each as long as can be and `SHORTEST` at least.

    Each is passage number, start and end in the text, and start in the folded passage.  Greedy from the left, which
    finds the fewest runs.
    """
    found: list[tuple[int, int, int, int]] = []
    at = 0
    while at + SHORTEST <= len(wanted):
        best = (0, 0, 0)
        for number in order:
            if (there := passages[number].text.find(wanted[at : at + SHORTEST])) >= 0:
                length, there = _grow(wanted, at, passages[number].text, there)
                best = max(best, (length, number, there), key=lambda one: one[0])
        if best[0]:
            found.append((best[1], at, at + best[0], best[2]))
            at += best[0]
        else:
            at += 1
    return found


def _grow(wanted: str, at: int, text: str, there: int) -> tuple[int, int]:
    """Return the longest run of ``text`` that begins as ``wanted`` does from ``at`` on, and where it is."""
    best, place = 0, there
    while there >= 0:
        length = SHORTEST
        while at + length < len(wanted) and there + length < len(text) and wanted[at + length] == text[there + length]:
            length += 1
        if length > best:
            best, place = length, there
        there = text.find(wanted[at : at + best + 1], there + 1) if at + best < len(wanted) else -1
    return best, place


def _find_in_order(pieces: Sequence[str], passage: Folded) -> list[tuple[int, int]]:
    """Return where pieces stand in a passage, one after the other; nothing if one of them does not.

    Nor where the few words between two of them deny: to leave out "not" turns a sentence around.
    """
    spans: list[tuple[int, int]] = []
    at = 0
    for piece in pieces:
        found = _find_piece(piece, passage.text, at)
        between = passage.text[at:found] if spans else ""
        if found < 0 or (len(between.split()) <= _GAP and _NEGATION.search(between)):
            return []
        spans.append(passage.span(found, found + len(piece)))
        at = found + len(piece)
    return spans


def _find_piece(piece: str, text: str, at: int) -> int:
    """Return where a piece stands as whole words, whichever case its first letter has; -1 if it does not."""
    for form in dict.fromkeys((piece, piece[0].swapcase() + piece[1:])):
        found = text.find(form, at)
        while found >= 0:
            end = found + len(form)
            open_before = found and text[found - 1].isalnum() and form[0].isalnum() and form[0].isascii()
            open_after = end < len(text) and text[end].isalnum() and form[-1].isalnum() and form[-1].isascii()
            if not open_before and not open_after:
                return found
            found = text.find(form, found + 1)
    return -1


def find_longest_run(a: str, b: str) -> tuple[int, int, int]:
    """Return the length of the longest run of characters in both texts, and where it begins in each.

    By doubling and halving the length looked for: a run of n characters holds one of every shorter length.
    """
    least, most = 0, min(len(a), len(b))
    place = (0, 0)
    while least < most:
        length = (least + most + 1) // 2
        found = _find_common(a, b, length)
        if found is None:
            most = length - 1
        else:
            least, place = length, found
    return (least, *place)


def _find_common(a: str, b: str, length: int) -> tuple[int, int] | None:
    short = {b[i : i + length]: i for i in range(len(b) - length, -1, -1)}
    for i in range(len(a) - length + 1):
        if (there := short.get(a[i : i + length])) is not None:
            return i, there
    return None


def fold_in_place(text: str) -> Folded:
    """Return a text as it is compared, with the place of each of its characters."""
    out: list[str] = []
    places: list[int] = []
    for i, cluster in _split_clusters(text):
        for char in unicodedata.normalize("NFKC", cluster):
            kind = unicodedata.category(char)
            if kind == "Cf" or char in _EMPHASIS:
                continue
            same = "\x20" if char.isspace() or kind == "Cc" else _SAME.get(char, char)
            if same == " " and (not out or out[-1] in " -"):  # a dash has spaces around it in some houses
                continue
            if same == "-" and out and out[-1] in " -":  # and is two hyphens in others
                out.pop()
                i = places.pop()
            out.append(same)
            places.append(i)
    return Folded("".join(out), tuple(places))


def _split_clusters(text: str) -> list[tuple[int, str]]:
    """Return characters with the marks that combine with them, so that each is normalised as a whole."""
    found: list[tuple[int, str]] = []
    for i, char in enumerate(text):
        if found and unicodedata.combining(char):
            found[-1] = (found[-1][0], found[-1][1] + char)
        else:
            found.append((i, char))
    return found


def _trim(text: str) -> str:
    """Return a folded text without the white space and the punctuation that a quotation may end with by itself."""
    return text.strip().strip("\"'").strip().rstrip(",.;:").strip()


def _count_words(text: str) -> int:
    return len(text.split())
