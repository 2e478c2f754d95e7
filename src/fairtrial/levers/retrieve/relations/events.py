"""Whether two passages tell of the same event: by titles, beginnings and days of publication.  Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from fairtrial.levers.retrieve.relations.reading import PassageInWords

DAYS = timedelta(days=7)
"""Between reports of one event at most; what has no date may be of any."""
COVERED = 0.5
"""Share of the words of a title's subject that the other passage must have."""
SHARED = 3
"""Words that the beginnings of two texts share, their names among them, if nothing else tells what they are about."""

_CORRECTING = re.compile(
    r"\b(?:correct(?:ion|ions|ed|s)|clarifications?|should have (?:said|read|been)|(?:an|our) earlier "
    r"(?:version|report|article)|"
    r"we (?:wrote|said|reported)|got wrong|put right|Korrektur|Berichtigung|Richtigstellung|richtig muss es)\b",
    re.IGNORECASE,
)


def tell_same_event(a: PassageInWords, b: PassageInWords) -> bool:
    """Return whether two passages tell of the same event."""
    if not are_near(a.voice.published or a.voice.changed, b.voice.published or b.voice.changed):
        return False
    has = [_has_subject(a, b), _has_subject(b, a)]
    if all(has):
        return True
    return (has[1] and _begins_alike(a, b)) or (has[0] and _begins_alike(b, a))


def are_near(a: datetime | None, b: datetime | None) -> bool:
    """Return whether two moments are near enough for reports of one event."""
    return a is None or b is None or abs(_aware(a) - _aware(b)) <= DAYS


def corrects(passage: PassageInWords) -> bool:
    """Return whether a passage puts another one right."""
    return bool(_CORRECTING.search(passage.voice.title) or _CORRECTING.search(passage.voice.text[:400]))


def _has_subject(a: PassageInWords, b: PassageInWords) -> bool:
    """Return whether what A is about is in B.

    That is a name in its title; in a title without names, most of its words that return in the text.
    """
    named = [name for name in a.title.names if name.sure]
    if named and not a.german:
        return any(b.mentions(name) for name in named)
    own = frozenset().union(*(one.stems for one in a.sentences))
    returning = a.title.stems & own
    share = len(returning & b.stems) / max(1, len(returning))
    if share > COVERED or (share == COVERED and not named):
        return True
    return not named and any(b.mentions(name) for name in a.title.names)


def _begins_alike(a: PassageInWords, b: PassageInWords) -> bool:
    """Return whether the beginning of A names what B begins with, and both begin with more that is the same."""
    lead = [name for one in a.lead for name in one.names]
    other = [name for one in (b.title, *b.lead) for name in one.names if name.sure]
    named = {name.words for name in lead if any(name.is_like(one) for one in other)}
    said = {meaning for _, meaning in a.title.meanings} & {m for s in (b.title, *b.sentences) for _, m in s.meanings}
    words = frozenset().union(*(one.stems for one in a.lead)) & frozenset().union(*(one.stems for one in b.lead))
    return len(named) > 1 or (bool(named) and bool(said or a.title.stems & b.stems or len(words) >= SHARED))


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
