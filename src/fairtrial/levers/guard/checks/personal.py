"""The check ``personal_data``: numbers whose check digits are right, telephones and addresses, masked in their place.

Names are looked for only where a policy asks for it, and then only behind a title or an introduction: most are missed.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import accumulate
from operator import itemgetter

from fairtrial.conduct import find_personal_data
from fairtrial.levers.guard.checks.base import Change, CheckFinding, Looked, Seen
from fairtrial.spec.guard import PersonalDataSettings

MASKS = {
    "card": "[card number]",
    "iban": "[account number]",
    "phone": "[phone number]",
    "email": "[email address]",
    "identity": "[identity number]",
    "ipv4": "[IP address]",
    "name": "[name]",
}
"""Kind to what stands for it."""

_NAME = (
    r"[A-Z\u00c0-\u00de][\w'\u2019-]{1,24}(?:[ ](?:van|von|de|der|da|bin|al|[A-Z\u00c0-\u00de][\w'\u2019-]{1,24})){0,3}"
)
_BEFORE = r"[Mm]y name is|[Ii] am called|[Tt]his is|[Ss]igned,?|[Nn]ame:|Herr|Frau|M(?:rs?|s|x)\.?|Miss|Dr\.?|Prof\.?"
_NAMED = re.compile(rf"\b(?:{_BEFORE})\s({_NAME})")
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff\u2010-\u2015\u2212]")
_DOTTED = re.compile(r"(?<=\d)[._/\u00b7|](?=\d)")


def plain_digits(text: str) -> str:
    """Return a text of the same length with all digits as ASCII and marks that nobody sees as hyphens."""
    folded = _UNSEEN.sub("-", text)
    if folded.isascii():
        return folded
    return "".join(
        str(unicodedata.digit(one))
        if not one.isascii() and one.isdigit()
        else " "
        if one.isspace() and one != "\n"
        else one
        for one in folded
    )


def find_places(text: str, kinds: tuple[str, ...]) -> list[tuple[int, int, str]]:
    """Return the places of personal data of these kinds, in order; none overlaps another."""
    plain = plain_digits(text)
    found: list[tuple[int, int, str]] = [(one.start, one.end, one.kind) for one in find_personal_data(plain)]
    for again in (_DOTTED.sub("-", plain), re.sub(r"(?<=\d)\n(?=\d)", " ", plain)):
        if again != plain:
            more = ((one.start, one.end, one.kind) for one in find_personal_data(again) if one.kind in ("card", "iban"))
            found += _list_apart(more, sorted(found))
    if "name" in kinds:
        found += [(*match.span(1), "name") for match in _NAMED.finditer(text)]
    chosen: list[tuple[int, int, str]] = []
    for start, end, kind in sorted(found):
        if kind in kinds and (not chosen or start >= chosen[-1][1]):
            chosen.append((start, end, kind))
    return chosen


def _list_apart(more: Iterable[tuple[int, int, str]], found: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Return the places that overlap none of those found, which are in order."""
    ends = list(accumulate((end for _, end, _ in found), max, initial=0))
    return [one for one in more if ends[bisect_left(found, one[1], key=itemgetter(0))] <= one[0]]


class PersonalDataLooker:
    """See `Looker`."""

    def __init__(self, settings: PersonalDataSettings) -> None:
        self.kinds = settings.kinds

    def look(self, at: Looked) -> Seen:
        """Return a finding for each kind that is there, with all its places."""
        return Seen(tuple(self._find(at.text)))

    def close(self) -> None:
        """Nothing is held."""

    def _find(self, text: str) -> Iterator[CheckFinding]:
        places = find_places(text, self.kinds)
        for kind in dict.fromkeys(kind for *_, kind in places):
            own = [(start, end) for start, end, found in places if found == kind]
            told = f"{len(own)} of them" if len(own) > 1 else f"{own[0][1] - own[0][0]} characters"
            changes = tuple(Change(start, end, MASKS[kind]) for start, end in own)
            yield CheckFinding(MASKS[kind].strip("[]"), kind, (told,), changes)
