"""Where the sentences of a text end, so that what stands in one of them is never given in part.  Pure."""

from __future__ import annotations

import re

LONGEST = 2_000
"""Characters after which a sentence is cut at a space, so that a stream does not wait for ever."""

_END = re.compile(r"[.!?\u2026\u3002\uff01\uff1f\u061f\u0964]+[\"'\u201d\u2019)\]]*(?=\s)|\n+")
_SHORT = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|no|nr|vs|etc|e\.g|i\.e|approx|tel|fig|ext|inc|ltd|co)|\b[A-Za-z])\.$", re.I
)
_NUMBER = re.compile(r"[\d+(][\d ./()+-]*$")
_GOES_ON = re.compile(r"\s*[\d(+]")


def find_end(text: str, last: bool = False) -> int:
    """Return where the first sentence of a text ends, with the white space after it; 0 if that is not known yet.

    A number is never cut, whatever stands between its digits, so what comes after an end must be seen.

    Args:
        text: from the beginning of the sentence.
        last: whether nothing comes after it.
    """
    for match in _END.finditer(text):
        after = match.end()
        space = re.match(r"\s*", text[after:])
        assert space is not None
        end = after + space.end()
        if end == len(text) and not last:
            return 0
        head = text[: match.end()].rstrip()
        if _SHORT.search(head) and "\n" not in match[0]:
            continue
        if _NUMBER.search(head.rstrip(".!?")) and _GOES_ON.match(text[after:]):
            continue
        return end
    if len(text) > LONGEST:
        return _cut_long(text)
    return len(text) if last else 0


def _cut_long(text: str) -> int:
    """Return a space at which a sentence without an end is cut, not within a number."""
    for match in reversed(list(re.finditer(r"\s+", text[:LONGEST]))):
        if not (_NUMBER.search(text[: match.start()]) and _GOES_ON.match(text[match.start() :])):
            return match.end()
    return LONGEST


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Return the places of the sentences of a whole text, each with the white space after it."""
    spans, at = [], 0
    while at < len(text):
        end = at + (find_end(text[at:], last=True) or len(text) - at)
        spans.append((at, end))
        at = end
    return spans
