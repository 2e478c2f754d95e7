"""Which of the passages that a model is shown do not agree: two versions of one article, and other numbers.  Pure.

The rule for numbers is simple, and finds no other contradiction: two sentences of different documents that share a
name and two more words, and give different numbers of the same thing, each of them one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

SHARED_NAMES = 1
SHARED_WORDS = 2
LONGEST = 20_000
"""Characters of a passage that are looked at."""

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_COUNTED = re.compile(
    r"(?<![\w.,:/-])(\d{1,3}(?:[ ,.\u202f]\d{3})+|\d+)([.,]\d{1,2})?(?![\w/:-])\s+(?:\w+\s+)?([^\W\d_]{3,})"
)
_WORD = re.compile(r"[^\W\d_]{4,}")
_MONTHS = frozenset(
    month.casefold()
    for calendar in (
        "January February March April May June July August September October November December",
        "Januar Februar März Mai Juni Juli Oktober Dezember Jan Feb Mar Apr Jun Jul Aug Sep Oct Nov Dec",
    )
    for month in calendar.split(" ")
)


@dataclass(frozen=True, slots=True)
class Voice:
    """A passage as far as it can disagree with others.

    Attributes:
        number: by which the prompt calls it.
        document: id.
        uri: of the document.
        changed: when this version of the document was published.
        text: of the passage.
    """

    number: int
    document: str
    uri: str
    changed: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class _Claim:
    """A number of things that a sentence gives: the thing, the number, and what the sentence is about."""

    thing: str
    number: str
    names: frozenset[str]
    words: frozenset[str]


def find_earlier_versions(voices: Sequence[Voice]) -> Mapping[int, int]:
    """Return the numbers of passages of older versions of an article, each with that of one of the newest."""
    newest: dict[str, Voice] = {}
    for voice in voices:
        known = newest.get(voice.uri)
        if known is None or _stamp(voice) > _stamp(known):
            newest[voice.uri] = voice
    return {v.number: newest[v.uri].number for v in voices if v.document != newest[v.uri].document}


def find_other_numbers(voices: Sequence[Voice]) -> Mapping[int, Mapping[int, str]]:
    """Return of each passage those that give another number of something, and what that is."""
    claims = {voice.number: _read_claims(voice.text[:LONGEST]) for voice in voices}
    found: dict[int, dict[int, str]] = {}
    for i, one in enumerate(voices):
        for other in voices[i + 1 :]:
            thing = _find_clash(claims[one.number], claims[other.number]) if one.document != other.document else ""
            if thing:
                found.setdefault(one.number, {})[other.number] = thing
                found.setdefault(other.number, {})[one.number] = thing
    return found


def _find_clash(a: Sequence[_Claim], b: Sequence[_Claim]) -> str:
    """Return of what two passages give different numbers; empty if of nothing."""
    for one in a:
        for other in b:
            if (
                one.thing == other.thing
                and one.number != other.number
                and len(one.names & other.names) >= SHARED_NAMES
                and len(one.words & other.words) >= SHARED_WORDS
                and not any(one == same or other == same for same in _agreeing(a, b))
            ):
                return one.thing
    return ""


def _agreeing(a: Sequence[_Claim], b: Sequence[_Claim]) -> list[_Claim]:
    """Return the claims of two passages that the other one makes too."""
    both = {(c.thing, c.number) for c in a} & {(c.thing, c.number) for c in b}
    return [c for c in (*a, *b) if (c.thing, c.number) in both]


def _read_claims(text: str) -> list[_Claim]:
    """Return the numbers that sentences give; of things of which a sentence gives two, none."""
    claims = []
    for sentence in _SENTENCE.split(text):
        counted = [(m[3].casefold(), _fold_number(m[1], m[2])) for m in _COUNTED.finditer(sentence)]
        things = [thing for thing, _ in counted]
        names, words = _read_words(sentence)
        for thing, number in counted:
            if things.count(thing) == 1 and thing not in _MONTHS:
                claims.append(_Claim(thing, number, names, words - {thing}))
    return claims


def _fold_number(whole: str, part: str | None) -> str:
    """Return a number in one way to write it: 1,200 and 1.200 are 1200; 4,50 and 4.5 are 4.5."""
    decimals = (part or "")[1:].rstrip("0")
    return re.sub(r"\D", "", whole).lstrip("0") + (f".{decimals}" if decimals else "")


def _read_words(sentence: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names in a sentence (words in capitals but the first) and its other longer words."""
    names, words = set(), set()
    for i, found in enumerate(_WORD.finditer(sentence)):
        word = found[0]
        if word[0].isupper() and (i or sentence[: found.start()].strip()):
            names.add(word.casefold())
        else:
            words.add(word.casefold())
    return frozenset(names), frozenset(words)


def _stamp(voice: Voice) -> float:
    return voice.changed.timestamp() if voice.changed else 0.0
