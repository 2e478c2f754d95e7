"""Who or what is named as what only one can be: the winner, the head, the cause.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fairtrial.levers.retrieve.relations.reading import MONTHS, WEEKDAYS, PassageInWords, ProperName, ReadSentence

NEAR = 6
"""Words between a name and what it is named as at most."""
LONGEST_PHRASE = 6

_CAUSE = re.compile(
    r"\bcaused by\s(?P<a>[^,.;]+)|\bcause\b[^.;]{0,60}?\b(?:was|is|were)\s(?P<b>[^,.;]+)"
    r"|\b(?:names?|named|gives?|blames?|blamed|identified|saw)\s(?P<c>[^,.;]+?)\s(?:as|for) the cause"
    r"|\b(?P<d>(?:an?|the)\s[^,.;]{3,40}?)\s(?:was|is|were)\s(?:named as\s)?the cause"
    r"|\b(?:began|started|set off) (?:with|by)\s(?P<e>[^,.;]+)"
    r"|\bUrsache\s(?:\w+\s){0,3}?(?:war|ist)\s(?P<f>[^,.;]+)|\bdurch\s(?P<g>[^,.;]+?)\s(?:ausgelöst|verursacht)",
    re.IGNORECASE,
)

_FOUND = re.compile(
    r"\b(?:found|discovered|recovered|turned up|located|spotted)\s(?:it\s|them\s|him\s|her\s)?"
    r"(?:in|inside|behind|under|beneath|at|"
    r"near|on board)\s(?P<a>[^,.;]+)|\bhiding place\b[^.;]{0,20}?\b(?:was|is)\s(?P<b>[^,.;]+)"
    r"|\b(?:in|hinter|unter|bei)\s(?P<c>[^,.;]+?)\s(?:gefunden|entdeckt|sichergestellt)\b",
    re.IGNORECASE,
)
_NO_HOLDER_WORDS = "in at near of from on off against bei aus des der am im zu"
_NO_HOLDER = frozenset(_NO_HOLDER_WORDS.split(" "))
_CALENDAR = frozenset(name for names in (*WEEKDAYS, *MONTHS) for name in names)


@dataclass(frozen=True, slots=True)
class NamedRole:
    """A name for a role; ``of``: words that say whose it is."""

    role: str
    name: ProperName
    of: frozenset[str]


def find_roles(passage: PassageInWords) -> Iterator[NamedRole]:
    """Yield whom a passage may name as what: names near a word for a role."""
    for sentence in passage.sentences:
        if sentence.quoted:
            continue
        for at, meaning in sentence.meanings:
            if meaning.startswith("role/"):
                for name in _find_holders(sentence, at):
                    yield NamedRole(meaning, name, _find_object(sentence, at, name))


def _find_object(sentence: ReadSentence, at: int, name: ProperName) -> frozenset[str]:
    """Return what says whose a role is: a word right before it, or words behind it that begin with ``of``."""
    tokens = sentence.tokens
    found = [at - 1] if at and tokens[at - 1].telling else []
    if at + 1 < len(tokens) and tokens[at + 1].text.casefold() in ("of", "von", "des", "der", "at"):
        found += range(at + 2, min(at + 5, len(tokens)))
    return frozenset(
        tokens[i].stem for i in found
        if tokens[i].telling and not tokens[i].capital and not name.first <= i <= name.last
    )  # fmt: skip


def find_places(passage: PassageInWords) -> list[frozenset[str]]:
    """Return where a passage says that something was found, as stems of the words."""
    return _read_phrases(passage, _FOUND)


def find_causes(passage: PassageInWords) -> list[frozenset[str]]:
    """Return the causes that a passage names, as stems of their words."""
    return _read_phrases(passage, _CAUSE)


def _read_phrases(passage: PassageInWords, pattern: re.Pattern[str]) -> list[frozenset[str]]:
    found = []
    for sentence in passage.sentences:
        for match in pattern.finditer(sentence.text):
            said = next(part for part in match.groups() if part)
            words = ReadSentence(said, frozenset())
            stems = frozenset(
                one.stem
                for one in words.tokens[:LONGEST_PHRASE]
                if one.telling and one.text.casefold() not in _CALENDAR
            )
            if stems:
                found.append(stems)
    return found


def _find_holders(sentence: ReadSentence, at: int) -> list[ProperName]:
    """Return the names that stand near a word for a role."""
    return [
        name
        for name in sentence.names
        if not name.first <= at <= name.last
        and min(abs(name.first - at), abs(name.last - at)) <= NEAR
        and name.sure
        and not _is_place(sentence, name, at)
    ]


def _is_place(sentence: ReadSentence, name: ProperName, at: int) -> bool:
    """Return whether what stands beside a name makes it a place or an occasion, not who has a role."""
    before = sentence.tokens[name.first - 1].text.casefold() if name.first else ""
    if before in _NO_HOLDER:
        return True
    after = sentence.tokens[name.last + 1] if name.last + 1 < len(sentence.tokens) else None
    return before in ("the", "a", "an") and after is not None and after.telling and name.last + 1 != at
