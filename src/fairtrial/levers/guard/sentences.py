"""Where the sentences of a text end, so that what stands in one of them is never given in part.  Pure."""

from __future__ import annotations

import re

LONGEST = 2_000
"""Characters after which a sentence is cut at a space, so that a stream does not wait for ever."""
HARD = 8_000
"""Characters without a place to cut after which the rest of an answer is checked as a whole."""
CLEAR = 40
"""Characters around a space in which no digit and no address stands, if that can be had."""

_STOPS = ".!?\u2026\u3002\uff01\uff1f\u061f\u0964"
_END = re.compile(rf"(?<![{_STOPS}])[{_STOPS}]+[\"'\u201d\u2019)\]]*(?=\s)|\n+")
_SHORT = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|no|nr|vs|etc|e\.g|i\.e|approx|tel|fig|ext|inc|ltd|co)|\b[A-Za-z])\.$", re.I
)
_JOINS = "./()+_|\u00b7\u00ad\u200b-\u200f\u2060-\u2064\ufeff\u2010-\u2015\u2212-"
_NUMBER = re.compile(rf"[\d+(][\d {_JOINS}]*$")
_DELICATE = re.compile(r"[\d@]")
_SAFE = re.compile(rf"(?<![\d\s{_JOINS}])\s+(?=\S)|(?<!\s)\s+(?=[^\s\d(+])")
"""A space that is not within a number."""
_GOES_ON = re.compile(r"\s*[\d(+]")
_SPACE = re.compile(r"\s*")


def find_end(text: str, last: bool = False, start: int = 0) -> int:
    """Return the length of the first sentence of a text, with the white space after it; 0 if that is not known yet.

    A number is never cut, whatever stands between its digits, so what comes after an end must be seen.

    Args:
        text: from the beginning of the sentence.
        last: whether nothing comes after it.
        start: where the sentence begins.
    """
    near = text[start : start + LONGEST + 2]  # what comes after it is looked at only where no sentence ends in it
    for match in _END.finditer(near):
        after = match.end()
        space = _SPACE.match(near, after)
        assert space is not None
        end = space.end()
        if start + end == len(text) and not last:
            return 0
        if end > LONGEST:
            break
        head = near[max(0, after - 80) : after].rstrip()
        if _SHORT.search(head) and "\n" not in match[0]:
            continue
        if _NUMBER.search(head.rstrip(".!?")) and _GOES_ON.match(near, after):
            continue
        return end
    if len(near) > LONGEST and (cut := _cut_long(text[start:])):
        return cut
    return len(text) - start if last else 0


def _cut_long(text: str) -> int:
    """Return a space at which a sentence without an end is cut; 0 if there is none yet.

    It is the last one of the first `LONGEST` characters that has no digit and no address beside it, else the last one
    there that is not within a number, else the first such one after them.
    """
    early = [match.end() for match in _SAFE.finditer(text[:LONGEST])]
    for at in reversed(early):
        if at + CLEAR <= LONGEST and not _DELICATE.search(text[max(0, at - CLEAR) : at + CLEAR]):
            return at
    if early:
        return early[-1]
    found = _SAFE.search(text, LONGEST - 1)
    return found.end() if found else 0


def cut_sentences(text: str) -> list[tuple[int, int]]:
    """Return the places of the sentences of a whole text, each with the white space after it."""
    spans, at = [], 0
    while at < len(text):
        end = at + (find_end(text, last=True, start=at) or len(text) - at)
        spans.append((at, end))
        at = end
    return spans
