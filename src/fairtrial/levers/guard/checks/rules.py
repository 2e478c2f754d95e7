"""The check ``rules``: patterns by category, over all views of a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from fairtrial.archive.hostile.instructions import find_instructions
from fairtrial.conduct import read_conduct
from fairtrial.levers.guard.checks.base import Change, CheckFinding, Looked, Seen, check_categories
from fairtrial.levers.guard.reading.views import fold_disguises, is_unreadable, list_views
from fairtrial.levers.guard.rules.book import BOOKS, Book, Match, describe_match, list_known_words, load_book, read_book
from fairtrial.levers.guard.sentences import cut_sentences
from fairtrial.spec.guard import RuleSettings

TURNS = 6
"""Earlier turns of the user that are read together with the question: a request may be split over them."""
BEFORE = 300
"""Characters of an answer that are read again with its next sentence."""
INJECTION, STEERING = "injection", "steering"
"""Categories of words that look like instructions to a model."""
UNREADABLE = "unreadable"
"""Set and category of a script that no rule reads."""
STEERS = ("steers the answer", "addresses the model", "gives the model a role", "wants a tool used")
"""Rules for what a user may well say, and a document should not."""
_QUOTED = re.compile('["\u201c\u00ab]([^"\u201c\u201d\u00ab\u00bb]{1,400})["\u201d\u00bb]')
LEFT_OUT = "[left out]"
"""What stands for a sentence that was taken out."""


def _take_piece(turn: str) -> str:
    """Return what a turn hands over as a piece of something: what it quotes, else what stands behind its last colon."""
    quoted = _QUOTED.findall(turn)
    if quoted:
        return str(quoted[-1])
    _, colon, after = turn.rpartition(":")
    return after.strip() if colon else ""


def load_books(settings: RuleSettings) -> list[Book]:
    """Return the rules of a check.

    Raises SpecError for a file of rules that is wrong, and for a category that none of the rules has.
    """
    books = [load_book(book) for name in settings.sets for book in BOOKS.get(name, ())]
    books += [read_book(Path(path)) for path in settings.files]
    known = {rule.category for book in books for rule in book.rules}
    known |= {INJECTION, STEERING} if "injections" in settings.sets else set()
    known |= {UNREADABLE} if UNREADABLE in settings.sets else set()
    check_categories("categories", settings.categories, known)
    check_categories("without", settings.without, known)
    return books


class RuleLooker:
    """See `Looker`.  Raises SpecError as `load_books` does.

    Args:
        settings: which rules.
        cuts: whether it is to be told which sentences are to be left out.
    """

    def __init__(self, settings: RuleSettings, cuts: bool) -> None:
        self.settings, self.cuts = settings, cuts
        self.books = load_books(settings)
        self.known = list_known_words().union(*(book.vocabulary for book in self.books))

    def look(self, at: Looked) -> Seen:
        """Return the rules that hold, each once."""
        if at.stage == "output" and at.last and not at.before and read_conduct(at.text, at.question).withholds:
            return Seen()  # it names what it declines
        found: dict[tuple[str, str], CheckFinding] = {}
        for text in self._list_texts(at):
            for one in self._find(text):
                found.setdefault((one.rule, one.category), one)
        changes = self._cut(at.text) if found and self.cuts else ()
        return Seen(tuple(CheckFinding(one.rule, one.category, one.evidence, changes) for one in found.values()))

    def close(self) -> None:
        """Nothing is held."""

    def _list_texts(self, at: Looked) -> Iterator[str]:
        yield at.text
        if at.before:
            yield f"{at.before[-BEFORE:]} {at.text}"
        if at.stage == "input" and at.turns:
            yield " ".join([*at.turns[-TURNS:], at.text])
            yield "".join([*(turn.strip() for turn in at.turns[-TURNS:]), at.text.strip()])
            pieces = [piece for turn in (*at.turns[-TURNS:], at.text) if (piece := _take_piece(turn))]
            if len(pieces) > 1:
                yield " ".join(pieces)
                yield "".join(pieces)

    def _find(self, text: str) -> Iterator[CheckFinding]:
        own = self.settings
        views = list_views(text, self.known, own.decode)
        for book in self.books:
            for match in book.find(views, own.categories, own.without):
                yield CheckFinding(match.rule, match.category, describe_match(match))
        if "injections" in own.sets:
            seen: set[str] = set()
            for view in views:
                for span in find_instructions(view.source):
                    category = STEERING if span.rule in STEERS else INJECTION
                    if span.rule not in seen and self._wants(category):
                        seen.add(span.rule)
                        match = Match(span.rule, category, (view.source[span.start : span.end],), view.name)
                        yield CheckFinding(match.rule, match.category, describe_match(match))
        if UNREADABLE in own.sets and self._wants(UNREADABLE) and is_unreadable(text):
            yield CheckFinding("a script that no rule reads", UNREADABLE)

    def _wants(self, category: str) -> bool:
        own = self.settings
        return category not in own.without and (not own.categories or category in own.categories)

    def _cut(self, text: str) -> tuple[Change, ...]:
        """Return the sentences for which a rule holds by itself as left out; all of them if none does so alone."""
        spans = cut_sentences(text)
        bad = [span for span in spans if any(True for _ in self._find(text[slice(*span)]))]
        kept = fold_disguises("".join(text[start:end] for start, end in spans if (start, end) not in bad))
        if not bad or any(True for _ in self._find(kept)):
            bad = [(0, len(text))]
        return tuple(Change(start, start + len(text[start:end].rstrip()), LEFT_OUT) for start, end in bad)
