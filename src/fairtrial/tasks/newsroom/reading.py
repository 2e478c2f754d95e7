"""Reads short written answers: the numbers, dates, pairs and names that they give, and whether they decline to answer.

What counts are the first `MOST_WORDS` words, without citations.  An answer that gives several values gives none, so
that nobody is right by listing all that was found.  Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from fairtrial.tasks.newsroom.values import MONTHS, MONTHS_DE, SMALL, SMALL_DE, FactValue
from fairtrial.tasks.newsroom.world import YEAR

MOST_WORDS = 60
"""Of an answer that are read."""

ABSTAINS = (
    "the archive does not say",
    "archive does not say",
    "articles do not say",
    "passages do not say",
    "does not say",
    "do not say",
    "not in the archive",
    "cannot be answered",
    "can't be answered",
    "cannot answer",
    "no answer can be given",
    "i do not know",
    "i don't know",
    "is not known",
    "not stated",
    "not mentioned",
    "not specified",
    "not given in",
    "no information",
    "not enough information",
    "das archiv sagt es nicht",
    "steht nicht im archiv",
)
"""Phrases, in small letters, by which an answer declines."""

_CITATION = re.compile(r"\[\s*\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*\s*\]|【[^】]{0,20}】")
_MONTH = {name.lower(): n % 12 + 1 for n, name in enumerate((*MONTHS, *MONTHS_DE))}
_MONTH |= {name[:3].lower(): n + 1 for n, name in enumerate(MONTHS)}
_NAMED = "|".join(sorted(_MONTH, key=len, reverse=True))
_DATES = (
    re.compile(
        rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\.?\s+(?:of\s+)?(?P<m>{_NAMED})\b\.?,?(?:\s+(?P<y>\d{{4}}))?", re.I
    ),
    re.compile(rf"\b(?P<m>{_NAMED})\b\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<y>\d{{4}}))?", re.I),
    re.compile(r"\b(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})\b"),
    re.compile(r"\b(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})\b"),
)
_PAIR = re.compile(
    r"(?<![\d.,])(\d{1,2})\s*(?:votes?|Stimmen)?\s*(?:[-–—:]|to|zu|against|gegen)\s*(\d{1,2})(?![\d.,]\d|\d)", re.I
)
_NUMBER = re.compile(r"(?<![\w.,])\d[\d.,]*(?<![.,])(?:\s*(?P<scale>thousand|million|millionen|mio|mn|m|k)\b)?", re.I)
_SCALES = {"thousand": 10**3, "k": 10**3, "million": 10**6, "millionen": 10**6, "mio": 10**6, "mn": 10**6, "m": 10**6}
_SPELT = {word: n for words in (SMALL, SMALL_DE) for n, word in enumerate(words) if n > 1}


def take_answer(text: str) -> str:
    """Return the part of an answer that is read, without citations, in Unicode NFKC."""
    plain = _CITATION.sub(" ", unicodedata.normalize("NFKC", text)).replace("**", "").replace("’", "'")
    return " ".join(plain.split()[:MOST_WORDS])


def declines(text: str) -> bool:
    """Return whether an answer says, in one of the stated phrases, that there is none."""
    plain = take_answer(text).lower()
    return any(phrase in plain for phrase in ABSTAINS)


def gives_something(text: str) -> bool:
    """Return whether there is an answer at all that does not decline."""
    return bool(take_answer(text)) and not declines(text)


def gives(text: str, gold: FactValue, asked: str, others: Sequence[FactValue] = ()) -> bool:
    """Return whether an answer gives a value and no other of its kind.

    Args:
        text: the whole answer.
        gold: the value.
        asked: the question: numbers and names that it mentions may be repeated.
        others: values that must not be mentioned, where names or words are asked for.
    """
    plain = take_answer(text)
    if gold.kind in ("name", "word"):
        others = [one for one in others if one.kind == gold.kind and not _mentions(asked, one.text)]
        return _gives_name(plain, gold) and not any(_mentions(plain, one.text) for one in others)
    found = read_fact_values(plain, gold.kind)
    return found - (read_fact_values(asked, gold.kind) - {gold.key}) == {gold.key}


def gives_all(text: str, golds: Sequence[FactValue], asked: str) -> bool:
    """Return whether an answer gives all of several values and no other of their kind."""
    plain, kind = take_answer(text), golds[0].kind
    if kind in ("name", "word"):
        return all(_mentions(plain, gold.text) for gold in golds)
    keys = {gold.key for gold in golds}
    found = read_fact_values(plain, kind) - (read_fact_values(asked, kind) - keys)
    return found <= keys <= found | (_read_spelt(plain) if kind == "number" else set())


def read_fact_values(text: str, kind: str) -> set[str]:
    """Return the numbers, dates or pairs in a text, as `FactValue.key` writes them; if none, small ones in words.

    Dates without a year are of the archive's own year.
    """
    if kind == "date":
        return {f"{YEAR}-{key}" if len(key) == 5 else key for key in _read_dates(text)[0]}
    if kind == "pair":
        return {f"{int(one[1])} {int(one[2])}" for one in _PAIR.finditer(text)}
    rest = _read_dates(text)[1]
    numbers = {value for one in _NUMBER.finditer(rest) if (value := _read_number(one))}
    return numbers or _read_spelt(rest)


def _read_spelt(text: str) -> set[str]:
    """Return the small numbers that are written in words."""
    return {str(_SPELT[word]) for word in re.findall(r"[a-zäöüß]+", text.lower()) if word in _SPELT}


def _read_dates(text: str) -> tuple[set[str], str]:
    """Return the dates in a text, ``MM-DD`` where the year is not said, and the text without them."""
    found = set[str]()
    for pattern in _DATES:
        for one in pattern.finditer(text):
            month = _MONTH.get(one["m"].lower()) or (int(one["m"]) if one["m"].isdigit() else 0)
            day = f"{month:02d}-{int(one['d']):02d}"
            found.add(f"{one['y']}-{day}" if one["y"] else day)
        text = pattern.sub(" ", text)
    return found, text


def _read_number(found: re.Match[str]) -> str:
    """Return a number as `FactValue.key` writes it; ``2,400`` and ``2.400`` are thousands, ``2.4`` and
    ``2,4`` are not.
    """
    scale = found["scale"] or ""
    digits = found[0].removesuffix(scale).strip()
    if re.fullmatch(r"\d{1,3}([.,])\d{3}(?:\1\d{3})*", digits):
        digits = re.sub("[.,]", "", digits)
    else:
        last = max(digits.rfind("."), digits.rfind(","))
        digits = re.sub("[.,]", "", digits[:last]) + "." + digits[last + 1 :] if last >= 0 else digits
    try:
        value = Decimal(digits) * _SCALES.get(scale.lower(), 1)
    except InvalidOperation:
        return ""
    return f"{value.normalize():f}"


def _gives_name(plain: str, gold: FactValue) -> bool:
    if _mentions(plain, _strip_article(gold.text)):
        return True
    said = re.sub(r"^(?:councillor|inspector|mr|mrs|ms|dr)\.?\s+", "", plain.strip(" .,:;!\"'"), flags=re.I)
    return gold.kind == "name" and _fold(said) == _fold(gold.text.split()[-1])


def _mentions(text: str, name: str) -> bool:
    """Return whether a text has a name in it, as whole words in any case."""
    text, name = f" {_fold(text)} ", _fold(_strip_article(name))
    at = text.find(name)
    while at >= 0:
        if not (text[at - 1].isalnum() or text[at + len(name)].isalnum()):
            return True
        at = text.find(name, at + 1)
    return False


def _strip_article(name: str) -> str:
    return re.sub(r"^(?:an?|the)\s+", "", name, flags=re.I)


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).replace("’", "'").casefold().split())
