"""Which of the passages that are shown together contradict each other, and in what.  Pure.

A passage is read as claims: a value (a number, a sum, a measure, a date, a time, a result, a name in a role, a yes or
no) of something.  Two passages of different documents contradict each other if they tell of the same event and claim
values of the same thing that cannot both be true.  Nothing is said of a mere likeness: other days, years, places,
parts of a whole, rounded numbers, first estimates and final sums, later counts and corrections are no contradiction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from itertools import combinations

from fairtrial.levers.retrieve.relations.claims import PassageClaim
from fairtrial.levers.retrieve.relations.events import corrects, tell_same_event
from fairtrial.levers.retrieve.relations.opposites import find_opposite, find_other_wording
from fairtrial.levers.retrieve.relations.quantities import GENERIC, read_claims
from fairtrial.levers.retrieve.relations.reading import PassageInWords, ProperName
from fairtrial.levers.retrieve.relations.roles import NamedRole, find_causes, find_places, find_roles
from fairtrial.levers.retrieve.relations.voices import Voice

REMEMBERED = 512
"""Passages whose claims are remembered: most are shown for several questions."""

_LASTING = frozenset({"week", "weeks", "month", "months", "woche", "wochen", "monat", "monate", "monaten"})
"""Of other times texts give many in passing, so that two of them need not be of one thing."""
_BEFORE_WORDS = "in at to from near of for on by nach aus bei von für"
_BEFORE = frozenset({"", *_BEFORE_WORDS.split(" ")})
"""Words behind which a name says where something is, or whose; nothing: it begins the sentence."""
_KINDS = {"money": "sum of money", "share": "share", "date": "date", "time": "time of day", "result": "result"}


class _ClaimingPassage(PassageInWords):
    """A passage with its claims."""

    @cached_property
    def claims(self) -> Sequence[PassageClaim]:
        """Values of things."""
        return read_claims(self)

    @cached_property
    def roles(self) -> Sequence[NamedRole]:
        """Names in roles."""
        return list(find_roles(self))

    @cached_property
    def phrases(self) -> Mapping[str, Sequence[frozenset[str]]]:
        """Causes, and places where something was found."""
        return {"cause": find_causes(self), "place": find_places(self)}

    @cached_property
    def correcting(self) -> bool:
        """Whether it puts another one right."""
        return corrects(self)


@lru_cache(maxsize=REMEMBERED)
def _read(voice: Voice) -> _ClaimingPassage:
    return _ClaimingPassage(voice)


def find_contradictions(voices: Sequence[Voice]) -> Mapping[int, Mapping[int, str]]:
    """Return of each passage those that contradict it, and in what."""
    read = [_read(replace(voice, number=0)) for voice in voices]
    found: dict[int, dict[int, str]] = {}
    for (voice, one), (other_voice, other) in combinations(zip(voices, read, strict=True), 2):
        thing = _find_contradiction(one, other)
        if thing:
            found.setdefault(voice.number, {})[other_voice.number] = thing
            found.setdefault(other_voice.number, {})[voice.number] = thing
    return found


def _find_contradiction(a: _ClaimingPassage, b: _ClaimingPassage) -> str:
    """Return in what two passages contradict each other; empty if in nothing."""
    if a.voice.document == b.voice.document or a.voice.uri == b.voice.uri or "satire" in (a.voice.label, b.voice.label):
        return ""
    if a.correcting or b.correcting or not tell_same_event(a, b):
        return ""
    known = a.title.stems | b.title.stems
    for one, other in _pair_claims(a, b, known):
        return _name(one, other)
    return _find_other_role(a, b) or _find_other_phrase(a, b) or _find_other_word(a, b)


def _pair_claims(
    a: _ClaimingPassage, b: _ClaimingPassage, known: frozenset[str]
) -> Iterator[tuple[PassageClaim, PassageClaim]]:
    """Yield claims of two passages that cannot both be true."""
    for one in a.claims:
        for other in b.claims:
            if (
                one.measures_same(other)
                and not one.agrees(other)
                and not one.is_apart(other)
                and not _is_past(one, b)
                and not _is_past(other, a)
                and not _is_agreed(one, b)
                and not _is_agreed(other, a)
                and not _is_update(one, other, a, b)
                and not _are_elsewhere(one, other, a, b)
                and not _have_other_subject(one, other, a, b)
                and _is_same_thing(one, other, a, b, known)
            ):
                yield one, other


def _is_same_thing(
    one: PassageClaim, other: PassageClaim, a: _ClaimingPassage, b: _ClaimingPassage, known: frozenset[str]
) -> bool:
    """Return whether two values that are of one unit are of one thing."""
    passing = one.kind == "duration" and one.thing not in _LASTING
    alone = not passing and all(
        sum(claim.measures_same(c) for c in read.claims) == 1 for claim, read in ((one, a), (other, b))
    )
    if one.kind == "number" and not (one.unit & other.unit) <= GENERIC and alone:
        return True
    return alone or one.shares(other, known | one.unit | other.unit) > 0


def _is_agreed(claim: PassageClaim, other: _ClaimingPassage) -> bool:
    """Return whether the other passage has the same value, too."""
    return any(claim.measures_same(one) and claim.agrees(one) for one in other.claims)


def _is_past(claim: PassageClaim, other: _ClaimingPassage) -> bool:
    """Return whether a value is of an earlier year, and the other passage speaks of no such."""
    published = other.voice.published or other.voice.changed
    if not claim.years or published is None:
        return False
    return max(claim.years) < published.year and not any(claim.years & one.years for one in other.claims)


def _is_update(one: PassageClaim, other: PassageClaim, a: _ClaimingPassage, b: _ClaimingPassage) -> bool:
    """Return whether the later of two claims says that the value has changed, or the earlier that it will."""
    when = [read.voice.published or read.voice.changed for read in (a, b)]
    if when[0] is None or when[1] is None:
        return one.provisional or other.provisional
    if when[0].date() == when[1].date():
        return False
    early, late = (one, other) if when[0] < when[1] else (other, one)
    return early.provisional or late.moved


def _are_elsewhere(one: PassageClaim, other: PassageClaim, a: _ClaimingPassage, b: _ClaimingPassage) -> bool:
    """Return whether two sentences name different places or people, of which the other passage knows nothing."""
    if a.german or b.german or not one.names or not other.names:
        return False
    return not any(b.mentions(name) for name in one.names) and not any(a.mentions(name) for name in other.names)


def _have_other_subject(one: PassageClaim, other: PassageClaim, a: _ClaimingPassage, b: _ClaimingPassage) -> bool:
    """Return whether two clauses say the like of different subjects.

    They do where a name stands in the place of another (at the beginning, or behind the same word), or a noun does,
    and the other passage knows nothing of either.
    """
    names = [{name.before: name for name in claim.names} for claim in (one, other)]
    for before in names[0].keys() & names[1].keys() & _BEFORE:
        if not b.mentions(names[0][before]) and not a.mentions(names[1][before]):
            return True
    return any(
        first == second and word not in b.stems and another not in a.stems
        for first, word in _list_heads(one)
        for second, another in _list_heads(other)
    )


def _list_heads(claim: PassageClaim) -> list[tuple[str, str]]:
    """Return the nouns of a clause that a name says more of: (name, noun), as in ``the Horne opera``."""
    pairs = list(zip(claim.order, claim.order[1:], strict=False))
    english = [(name[1:], noun) for name, noun in pairs if name[0] == ":" and noun[0] not in ".:"]
    return english + [(name[1:], noun[1:]) for noun, name in pairs if noun[0] == ":" and name[0] == "."]


def _find_other_role(a: _ClaimingPassage, b: _ClaimingPassage) -> str:
    """Return a role for which each passage names one alone, of whom the other knows nothing."""
    for role in sorted({one.role for one in a.roles} & {one.role for one in b.roles}):
        named = [
            {one.name.words[-1]: one for one in read.roles if one.role == role and not _is_known(one.name, read, other)}
            for read, other in ((a, b), (b, a))
        ]
        if all(len(one) == 1 for one in named):
            [(_, one)], [(_, other)] = (list(found.items()) for found in named)
            if not _is_named_apart(one, other, a, b):
                return f"name for the {role.removeprefix('role/')}"
    return ""


def _is_known(name: ProperName, own: _ClaimingPassage, other: _ClaimingPassage) -> bool:
    """Return whether a name is in the other passage, too, or says what its own is about."""
    return other.mentions(name) or any(name.is_like(one) for one in own.title.names if len(one.words) > 1)


def _is_named_apart(one: NamedRole, other: NamedRole, a: _ClaimingPassage, b: _ClaimingPassage) -> bool:
    """Return whether two roles are of different things: words of each are nowhere in the other passage."""
    if not one.of or not other.of or not one.of.isdisjoint(other.of):
        return False
    return one.of.isdisjoint(b.stems) and other.of.isdisjoint(a.stems)


def _find_other_phrase(a: _ClaimingPassage, b: _ClaimingPassage) -> str:
    for name, one in a.phrases.items():
        other = b.phrases[name]
        if one and other and all(x.isdisjoint(y) for x in one for y in other):
            return name
    return ""


def _find_other_word(a: _ClaimingPassage, b: _ClaimingPassage) -> str:
    return "answer" if find_opposite(a, b) else "word" if find_other_wording(a, b) else ""


def _name(one: PassageClaim, other: PassageClaim) -> str:
    """Return what two claims give different values of."""
    if one.kind in _KINDS:
        return _KINDS[one.kind]
    thing = one.thing or other.thing
    return f"number of {thing}" if thing else "number"
