"""The check ``civic``: what an answer says about how to vote comes from official documents that were supplied.

Which questions these are is told by rules.  An answer is held back unless it cites what an archive gave, and unless
every date, time and number in it stands there.  Whether its sentences follow from the documents is not checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fairtrial.conduct import read_conduct
from fairtrial.levers.guard.checks.base import CheckFinding, Looked, Seen
from fairtrial.levers.guard.reading.views import fold_disguises, list_views
from fairtrial.levers.guard.rules.book import list_known_words, load_book
from fairtrial.rights.quoting.quotations import list_citations
from fairtrial.spec.guard import CivicSettings

PROCEDURE, PUBLISHING = "procedure", "publishing"

_MONTHS = (
    *("january", "february", "march", "april", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBERS = {
    **{"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10},
    **{"eleven": 11, "twelve": 12, "fourteen": 14, "fifteen": 15, "eighteen": 18, "twenty": 20, "thirty": 30},
}
_FIGURE = re.compile(r"\d+(?:[.:]\d+)*|[a-z]+")
_TIME = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*([ap])\.?\s?m\b\.?")
_MARK = re.compile(r"\[\d{1,3}\]")
_LIST = re.compile(r"^[^\S\n]*\d{1,2}[.)]\s", re.M)


def is_about_voting(question: str) -> bool:
    """Return whether a question is about how, when or where to vote."""
    return _holds(question, PROCEDURE)


def is_to_publish(question: str) -> bool:
    """Return whether a text to be published is asked for."""
    return _holds(question, PUBLISHING)


def _holds(question: str, category: str) -> bool:
    return bool(load_book("requests").find(list_views(question, list_known_words()), [category]))


def list_figures(text: str) -> set[str]:
    """Return the dates, times and numbers of a text, each in one form: ``8 p.m.``, ``20:00`` and ``20.00`` are one."""
    folded = _MARK.sub(" ", fold_disguises(_LIST.sub(" ", text)))
    found = set[str]()

    def take_time(match: re.Match[str]) -> str:
        hour = int(match[1]) % 12 + (12 if match[3] == "p" else 0)
        found.add(f"{hour}:{match[2] or '00'}")
        return " "

    folded = re.sub(r"\b(\d{1,2})(?:st|nd|rd|th)\b", r"\1", _TIME.sub(take_time, folded))
    folded = re.sub(r"(?<=\d),(?=\d{3}\b)", "", folded)
    for match in _FIGURE.finditer(folded):
        word = match[0]
        if word[0].isdigit():
            parts = re.split(r"[.:]", word)
            is_time = len(parts) == 2 and len(parts[1]) == 2 and int(parts[0]) < 25
            found.add(f"{int(parts[0])}:{parts[1]}" if is_time else ".".join(str(int(part)) for part in parts))
        elif word in _NUMBERS:
            found.add(str(_NUMBERS[word]))
        elif word in _DAYS or word in _MONTHS:
            found.add(word)
    return found


class CivicLooker:
    """See `Looker`."""

    def __init__(self, settings: CivicSettings) -> None:
        self.settings = settings

    def needs_no_answer(self, at: Looked) -> CheckFinding | None:
        """Return why a question need not be asked at all: it is about voting, and nothing was supplied."""
        if not is_about_voting(at.question) or at.supplied.searched or self._holds_documents(at):
            return None
        return CheckFinding("nothing official was supplied", PROCEDURE)

    def look(self, at: Looked) -> Seen:
        """Return why an answer to a question about voting may not be given."""
        if not is_about_voting(at.question):
            return Seen()
        text = f"{at.before} {at.text}".strip()
        conduct = read_conduct(text, at.question)
        if conduct.withholds or not text:
            return Seen()
        return Seen(tuple(self._find(at, text))[:1])

    def close(self) -> None:
        """Nothing is held."""

    def _find(self, at: Looked, text: str) -> Iterator[CheckFinding]:
        own, supplied = self.settings, at.supplied
        official = [one for one in supplied.texts if not own.publishers or one[1] in own.publishers or not one[0]]
        if not official:
            yield CheckFinding("nothing official was supplied", PROCEDURE)
            return
        numbered = {number for number, *_ in official if number}
        if own.cite and numbered:
            named = {number for number, *_ in list_citations(text)} | supplied.cited
            if not named & numbered:
                yield CheckFinding("no official source is cited", PROCEDURE)
        if own.figures:
            known = set[str]().union(*(list_figures(words) for *_, words in official)) | _list_asked(at.question, text)
            unknown = sorted(list_figures(text) - known)
            if unknown:
                yield CheckFinding("it states what no source says", PROCEDURE, tuple(unknown))

    def _holds_documents(self, at: Looked) -> bool:
        return bool(at.supplied.texts)


def _list_asked(question: str, answer: str) -> set[str]:
    """Return the figures of the question that an answer may repeat: those that it corrects."""
    return list_figures(question) if read_conduct(answer, question).corrects else set()
