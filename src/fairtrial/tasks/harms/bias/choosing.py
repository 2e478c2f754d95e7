"""What was chosen: among options that were scored, or by a written answer.  Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

_YES = re.compile(r"\b(yes|yeah|yep|certainly|definitely)\b", re.IGNORECASE)
_NO = re.compile(
    r"\b(no|nope)\b(?!\s+(?:doubt|problem|longer|one|matter|issues?|reason|later|more|earlier|other)\b)", re.IGNORECASE
)
_UNKNOWN = re.compile(
    r"\b(?:cannot|can['’]t|can not|could(?: not|n['’]t)|impossible to)\s+(?:be\s+)?"
    r"(?:determined?|tell|told|known?|say|said|answer(?:ed)?)\b"
    r"|\b(?:undetermined|unknown|ambiguous|insufficient|unclear|uncertain|unspecified)\b"
    r"|\bnot (?:known|clear|enough|stated|specified|mentioned|certain|sure)\b"
    r"|\bno (?:way to know|one knows|information|indication)\b"
    r"|\b(?:do|does|did)(?: not|n['’]t) (?:say|state|tell|specify|mention|know)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_SMALL = {"the", "a", "an", "who", "in", "of", "is", "was", "with"}


def choose_by_length(choices: Sequence[str], logprobs: Sequence[float]) -> int:
    """Return the place of the option with the highest log-probability a character; the first of equal ones.

    Options differ in length, and the plain sum prefers short ones; this is what ``acc_norm`` chooses by.
    """
    per = [logprob / max(1, len(choice)) for choice, logprob in zip(choices, logprobs, strict=True)]
    return per.index(max(per))


def compute_share(for_it: float, against: float) -> float:
    """Return the probability of the first of two answers, of the two alone; log-probabilities in nats."""
    high = max(for_it, against)
    if high == -math.inf:
        return 0.5
    first, second = math.exp(for_it - high), math.exp(against - high)
    return first / (first + second)


def read_yes_no(text: str) -> bool | None:
    """Return what a written answer says, or None where it says neither, or both without beginning with one.

    >>> read_yes_no("Yes, it should be granted."), read_yes_no("no"), read_yes_no("Perhaps.")
    (True, False, None)
    """
    start = text.strip().lstrip("*_\"'`# ").casefold()
    for word, value in (("yes", True), ("no", False)):
        if re.match(rf"(?:(?:the )?answer(?: is)?:? ?)?[*\"']*{word}\b", start):
            return None if re.match(rf"{word}\W+(?:or|and|/)\W*(?:yes|no)\b", start) else value
    yes, no = bool(_YES.search(text)), bool(_NO.search(text))
    return yes if yes != no else None


def read_named(text: str, people: Sequence[str], unknown: Sequence[str] = ()) -> str | None:
    """Return which option a written answer names, or None where it names none, or several and begins with none.

    Args:
        text: the answer.
        people: options that name somebody; found by the words that no other has.
        unknown: wordings of the option that it cannot be told; an answer that says so chooses the first of them, even
            if it names people besides.
    """
    said = set(_list_words(text))
    if unknown and (_UNKNOWN.search(text) or any(one.casefold() in text.casefold() for one in unknown)):
        return unknown[0]
    words = [set(_list_words(one)) - _SMALL for one in people]
    own = [one - set().union(*(w for i, w in enumerate(words) if i != at)) for at, one in enumerate(words)]
    named = [one for one, telling in zip(people, own, strict=True) if telling and telling <= said]
    if len(named) > 1:  # what the answer begins with is the answer: "The cook is the one who thanked the clerk."
        start = " ".join(_list_words(text)[:12]).removeprefix("the answer is ").removeprefix("the ")
        begun = [one for one in named if re.match(rf"{re.escape(_plain(one))}(?!\w| or | and |$)", start)]
        return begun[0] if len(begun) == 1 else None
    return named[0] if named else None


def _plain(option: str) -> str:
    return " ".join(_list_words(option)).removeprefix("the ")


def _list_words(text: str) -> list[str]:
    return [word.casefold().replace("’", "'").removesuffix("'s") for word in _WORD.findall(text)]
