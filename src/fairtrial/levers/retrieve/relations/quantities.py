"""Claims of numbers, sums, measures, days, times and results in a passage, clause by clause.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from fairtrial.levers.retrieve.relations.amounts import WrittenAmount, find_amounts
from fairtrial.levers.retrieve.relations.claims import PassageClaim
from fairtrial.levers.retrieve.relations.meanings import cut_endings, load_meanings
from fairtrial.levers.retrieve.relations.moments import Moment, find_days, find_moments, find_years
from fairtrial.levers.retrieve.relations.reading import PassageInWords, ReadSentence

THINGS = 2
"""Words behind a number that may be what it counts."""
_GENERIC_WORDS = "people person menschen mensch personen man residents men women one"
GENERIC = frozenset(map(cut_endings, _GENERIC_WORDS.split(" ")))
"""What is counted of anything: it does not tell of what a number is."""

_ARTICLE_WORDS = "the a an der die das dem den des ein eine einem einer"
_ARTICLES = frozenset(_ARTICLE_WORDS.split(" "))
_CLAUSE = re.compile(r";|,?\s(?:but|while|whereas|aber|während)\s|,\sof\s(?:which|whom)\s|,\s(?:and|und)\s|—|\s–\s")
_PROVISIONAL = re.compile(
    r"\b(?:so far|at first|initially|"
    r"initial|preliminary|provisional|first reports|to date|bisher|bislang|vorläufig|zunächst|"
    r"seit \w+ (?:tagen|wochen|monaten|jahren)|for the (?:past|last)|(?:has|have) been \w+ for)\b",
    re.IGNORECASE,
)
_MOVED = re.compile(
    r"\b(?:has risen|have risen|"
    r"rose to|risen to|has grown|grown to|climbed to|now stands|now|up from|down from|revised|"
    r"updated|meanwhile|gestiegen|erhöht|inzwischen|mittlerweile|nunmehr)\b",
    re.IGNORECASE,
)


def read_claims(passage: PassageInWords) -> list[PassageClaim]:
    """Return what a passage gives as numbers, sums, measures, days, times and results, without what somebody says."""
    return [claim for one in passage.sentences for claim in _read_sentence(one, passage)]


def _read_sentence(sentence: ReadSentence, passage: PassageInWords) -> Iterator[PassageClaim]:
    text = sentence.text
    if not any(char.isdigit() for char in text) and not any(True for _ in find_amounts(text)):
        return
    start = 0
    for cut in (*_CLAUSE.finditer(text), None):
        end = cut.start() if cut else len(text)
        yield from _read_clause(text[start:end], text, sentence, passage)
        start = cut.end() if cut else end


def _read_clause(clause: str, whole: str, sentence: ReadSentence, passage: PassageInWords) -> Iterator[PassageClaim]:
    published = passage.voice.published or passage.voice.changed
    moments = list(find_moments(clause, published))
    bare = clause
    for one in moments:
        bare = f"{bare[: one.start]}{' ' * (one.end - one.start)}{bare[one.end :]}"
    amounts = [one for one in find_amounts(bare) if not one.more]
    if not moments and not amounts:
        return
    read = ReadSentence(clause, passage.proper)
    about = PassageClaim(
        "number",
        "",
        frozenset(),
        0.0,
        0.0,
        read.stems,
        frozenset(meaning for _, meaning in read.meanings),
        find_years(whole, published),
        find_days(whole, published),
        tuple(name for name in sentence.names if name.sure),
        bool(_PROVISIONAL.search(whole)),
        bool(_MOVED.search(whole)),
        tuple(_mark_order(read)),
    )
    for one in moments:
        yield _claim_moment(one, about)
    for amount in amounts:
        claim = _claim_amount(amount, clause, read, about)
        if claim:
            yield claim


def _mark_order(read: ReadSentence) -> Iterator[str]:
    """Yield the stems of a clause as `PassageClaim.order` has them."""
    for at, one in enumerate(read.tokens):
        if one.telling:
            after = at and read.tokens[at - 1].text.casefold() in _ARTICLES
            yield f"{':' if after else '.'}{one.stem}" if one.capital else one.stem


def _claim_moment(one: Moment, about: PassageClaim) -> PassageClaim:
    value = _number_moment(one)
    made = replace(about, kind=one.kind, unit=frozenset({one.kind}), low=value, high=value)
    return replace(made, years=frozenset(), days=frozenset()) if one.kind == "date" else made


def _number_moment(one: Moment) -> float:
    """Return a moment as one number; of a result its parts without their order."""
    if one.kind == "date":
        return float(date(*one.value).toordinal())
    first, second = sorted(one.value) if one.kind == "result" else one.value
    return float(first * 10_000 + second)


def _claim_amount(amount: WrittenAmount, clause: str, read: ReadSentence, about: PassageClaim) -> PassageClaim | None:
    """Return the claim of an amount; None if nothing tells what it counts."""
    given = replace(about, kind=amount.kind, low=amount.low, high=amount.high)
    if amount.kind != "number":
        return replace(given, thing=amount.name, unit=frozenset({amount.unit or amount.kind}))
    things = _read_things(clause, amount.end, read)
    if things is None:
        return None
    meanings = load_meanings().find(things)
    units = {*things, *(meaning for _, meaning in meanings if meaning.startswith("alike/"))}
    if not things or things[0] in GENERIC:
        units |= about.meanings & load_meanings().counted
    behind = re.match(r"\s*([^\W\d]+)", clause[amount.end :])
    name = behind[1].casefold() if behind and things else ""
    return replace(given, thing=name, unit=frozenset(units)) if units else None


def _read_things(clause: str, end: int, read: ReadSentence) -> tuple[str, ...] | None:
    """Return stems of what a number may count, by the words behind it; None where that is a part of something."""
    found: list[str] = []
    at = end
    for token in read.tokens:
        if token.start < end:
            continue
        if clause[at : token.start].strip() or len(found) == THINGS:
            break
        if not token.telling:
            if not found and token.text.casefold() in ("of", "von", "der"):
                return None
            break
        found.append(token.stem)
        at = token.end
    return tuple(found)
