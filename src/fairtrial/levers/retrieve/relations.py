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
    r"(?<![\w.,:/-])(\d{1,3}(?:[ ,.\u202f]\d{3})+|\d+)([.,]\d{1,2})?(?![\w/:-])"
    r"(?:\s+(hundred|thousand|million|billion|dozen|Tausend|Millionen|Milliarden)\b)?\s+([^\W\d]\w*)(?:(?=\s+(\w+))|)",
    re.IGNORECASE,
)
_THING = re.compile(r"[^\W\d_]{3,}")
_NO_THINGS = frozenset(
    word
    for language in (
        "about after against and are because been before but can did during for from had has have into more near now "
        "over per since than that the their them then there they this through under until was were when which while "
        "who will with within without would",
        "als auf aus bei bis das dem den der des die durch ein eine für gegen haben hat hatte hatten ist mehr mit nach "
        "seit sind unter und vom von vor war waren weil wenn werden wird wurde wurden zum zur über",
    )
    for word in language.split(" ")
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
    """A number of things that a sentence gives, and what the sentence is about.

    Attributes:
        things: the word behind the number, and the next one: the first may belong to it ("14 fishing boats"), or the
            second be no thing ("14 boats sank").
        number: in one way to write it.
        names: in the sentence.
        words: other longer words in it.
    """

    things: tuple[str, ...]
    number: str
    names: frozenset[str]
    words: frozenset[str]


def find_earlier_versions(voices: Sequence[Voice]) -> Mapping[int, int]:
    """Return the numbers of passages of older versions of an article, each with that of one of the newest.

    Of versions whose dates are not known, or the same, none is said to be the earlier one.
    """
    newest: dict[str, tuple[datetime, int]] = {}
    for voice in voices:
        if voice.changed is not None and (voice.uri not in newest or voice.changed > newest[voice.uri][0]):
            newest[voice.uri] = (voice.changed, voice.number)
    return {v.number: newest[v.uri][1] for v in voices if v.changed is not None and v.changed < newest[v.uri][0]}


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
    agreed = {(thing, c.number) for c in a for thing in c.things} & {(t, c.number) for c in b for t in c.things}
    for one in a:
        for other in b:
            thing = _find_same_thing(one.things, other.things)
            if (
                thing
                and one.number != other.number
                and len(one.names & other.names) >= SHARED_NAMES
                and len((one.words & other.words) - {*one.things, *other.things}) >= SHARED_WORDS
                and not any((same, c.number) in agreed for c in (one, other) for same in c.things)
            ):
                return thing
    return ""


def _find_same_thing(a: Sequence[str], b: Sequence[str]) -> str:
    """Return what two numbers are both of; empty if of different things.

    A second word alone does not tell it: boats that sank are no houses that sank.
    """
    if len(a) == len(b) == 2 and a == b:
        return " ".join(a)
    return next((thing for thing in a if thing in b and thing in (a[0], b[0])), "")


def _read_claims(text: str) -> list[_Claim]:
    """Return the numbers that sentences give; of things of which a sentence gives two, none."""
    claims = []
    for sentence in _SENTENCE.split(text):
        counted = [(_read_things(m[4], m[5]), _fold_number(m[1], m[2], m[3])) for m in _COUNTED.finditer(sentence)]
        things = [thing for every, _ in counted for thing in every]
        names, words = _read_words(sentence)
        claims += [
            _Claim(every, number, names, words)
            for every, number in counted
            if every and all(things.count(thing) == 1 for thing in every) and every[0] not in _MONTHS
        ]
    return claims


def _read_things(first: str, second: str | None) -> tuple[str, ...]:
    """Return the words behind a number that can be what it is a number of; none where the first of them cannot."""
    found: list[str] = []
    for word in (first.casefold(), (second or "").casefold()):
        if not _THING.fullmatch(word) or word in _NO_THINGS:
            break
        found.append(word)
    return tuple(found)


def _fold_number(whole: str, part: str | None, scale: str | None) -> str:
    """Return a number in one way to write it: 1,200 and 1.200 are 1200; 4,50 and 4.5 are 4.5."""
    decimals = (part or "")[1:].rstrip("0")
    digits = re.sub(r"\D", "", whole).lstrip("0") + (f".{decimals}" if decimals else "")
    return f"{digits} {scale.casefold()}" if scale else digits


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
