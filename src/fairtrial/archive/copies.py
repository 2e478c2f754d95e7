"""Which documents are the same text printed twice, and which of them is the one to use.  Pure.

Texts are compared by their sequences of four words, for the few documents that a search is about to show and those
that share most of their words: nothing is stored for it, so that a copy added, licensed or withdrawn a moment ago
counts at once, and no trace of a text stays behind where the text must not.  Two reports of one event are no copies:
texts that differ in a number or a negation are both kept, unless an agency's own id says that they are one text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from fairtrial.archive.document import Document
from fairtrial.records import content_hash
from fairtrial.rights import Decision, RightsRule, Use

METHOD = 1
"""Counts up when other documents are held to be copies."""

WORDS = 4
"""In a row, of the sequences that are compared."""
ALIKE = 0.8
"""Share of the shorter text's sequences that the other has too, from which texts of two publishers are one."""
SAME_PLACE = 0.3
"""Share of the shorter passage's sequences that the other has too, from which it is the same part of the text."""
DAYS = timedelta(days=7)
"""Between the dates of copies at most; texts without a date may be of any."""

_WORD = re.compile(r"\w+")
_DIGIT = re.compile(r"\d")
_NUMBERS_AND_NEGATIONS = """
no not never none without zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million
billion nicht kein keine ohne nie zwei drei vier fünf sechs sieben acht neun zehn ne pas jamais sans deux trois quatre
cinq sept huit neuf dix ikke ingen inte inga to tre fire fem seks syv åtte ni ti
"""
_TELLING = frozenset(_NUMBERS_AND_NEGATIONS.split())


@dataclass(frozen=True, slots=True)
class Sketch:
    """What of a text is compared.

    Attributes:
        whole: hash of its words, in order.
        sequences: of `WORDS` words each; of a shorter text the text itself.
        telling: its numbers and negations.
    """

    whole: str
    sequences: frozenset[int]
    telling: frozenset[str]


def sketch(text: str) -> Sketch:
    """Return what of a text is compared, without its case, punctuation and Markdown."""
    words = _WORD.findall(text.casefold())
    rows = zip(*(words[at:] for at in range(WORDS)), strict=False)
    sequences = frozenset(map(hash, rows)) or frozenset([hash(tuple(words))])
    distinct = set(words)
    telling = frozenset(word for word in distinct if word in _TELLING or _DIGIT.search(word))
    return Sketch(content_hash(words), sequences, telling)


def share_sequences(a: Sketch, b: Sketch) -> float:
    """Return which share of the shorter text's sequences the other has, from 0 to 1."""
    return len(a.sequences & b.sequences) / min(len(a.sequences), len(b.sequences))


@dataclass(frozen=True)
class Version:
    """A document that may be a copy of others."""

    document: Document

    @cached_property
    def sketch(self) -> Sketch:
        """What of its text is compared; made when a comparison comes to it."""
        return sketch(self.document.text)


def are_copies(a: Version, b: Version) -> bool:
    """Return whether two documents, of different addresses, are one text.

    They are where an agency's id says so.  Else their dates must be near, and: of one publisher, words and title are
    the same and so is the day; of two, `ALIKE` sequences are the same, and all numbers and negations.
    """
    one, other = a.document, b.document
    if one.wire and other.wire:
        return one.wire == other.wire
    if one.published and other.published and abs(_aware(one.published) - _aware(other.published)) > DAYS:
        return False
    if one.publisher == other.publisher:
        return one.title == other.title and _day(one) == _day(other) and a.sketch.whole == b.sketch.whole
    return share_sequences(a.sketch, b.sketch) >= ALIKE and a.sketch.telling == b.sketch.telling


def rank_version(document: Document, id: str, decisions: Mapping[Use, Decision]) -> tuple[object, ...]:
    """Return what puts copies in order, the one to use first.

    A corrected text comes before one that is not, the newest correction first: no licence makes a mistake right.  Then
    the better licence: a use that somebody permitted before one that nobody forbade, then what costs nothing, then
    more words that may be quoted, then fewer other duties.  Then the newest, then the smallest id.
    """
    corrected = [one.at for one in document.corrections]
    newest = max((_stamp(at) for at in corrected), default=0.0)
    return (
        not corrected,
        -newest,
        *_rank_licence(decisions),
        -_stamp(document.modified or document.published),
        id,
    )


def _rank_licence(decisions: Mapping[Use, Decision]) -> tuple[float, ...]:
    """Return how good a licence is for some uses, smaller is better."""
    rules = [one.rule for one in decisions.values()]
    surest = max((_SURENESS.get(rule, 0) for rule in rules), default=0)
    duties = [one.duties for one in decisions.values()]
    cost = sum(payment.amount or 0.0 for one in duties for payment in one.payments)
    payments = sum(len(one.payments) for one in duties)
    words = min((one.max_words for one in duties if one.max_words is not None), default=10**9)
    share = min((one.max_share for one in duties if one.max_share is not None), default=1.0)
    denied = sum(not one.allowed for one in decisions.values())
    others = sum(len(one.attributions) + len(one.reporting) + one.verbatim_only for one in duties)
    return denied, surest, payments, cost, -words, -share, others


_SURENESS = {RightsRule.FOLLOWS: 1, RightsRule.PROFILE: 2}


def _stamp(moment: datetime | None) -> float:
    return _aware(moment).timestamp() if moment else 0.0


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _day(document: Document) -> str:
    return _aware(document.published).astimezone(UTC).date().isoformat() if document.published else ""
