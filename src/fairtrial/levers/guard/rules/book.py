"""Rules of a guard: read from YAML, turned into patterns, tried on a folded text.

A rule needs words of several groups near one another, in any order, and none of its exceptions beside them.  That is
all it can say, so that a person can read it, and no text takes it more than linear time.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import Annotated

from pydantic import Field

from fairtrial.errors import SpecError
from fairtrial.levers.guard.reading.common import COMMON
from fairtrial.levers.guard.reading.views import PLAIN, View, fold_disguises
from fairtrial.spec.problems import validate_section
from fairtrial.spec.section import Positive, Section, Text, Texts
from fairtrial.spec.yamlfile import read_yaml

FOLDER = Path(__file__).parent
BOOKS = {"hazards": ("hazards", "intents"), "jailbreaks": ("jailbreaks",)}
"""Set of rules, as a policy names it, to its files."""
MOST_PHRASES = 3_000
"""Of one group of a rule, those of groups that it names among them."""
MOST_WORDS = 20
"""Of one phrase."""
NEAR = 6
"""Words around a match in which an exception counts."""
HEAD = 4
"""Letters of a word by which a text without it is told."""
_RUN = re.compile(r"[^\W_]+")
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_END = re.compile(r"[.!?\n;]")
_BEGIN = itemgetter(0)


class RuleText(Section):
    """One rule, as it is written."""

    rule: Text = Field(description="What it looks like, for people.")
    category: Text = Field(description="Hazard or kind.")
    needs: tuple[Texts, ...] = Field(min_length=1, description="Groups; one word or phrase of each must be there.")
    unless: Texts = Field((), description="Words or phrases beside it with which it does not hold.")
    within: Annotated[Positive, Field(le=200)] = Field(14, description="Words that all groups must stand within.")


class BookText(Section):
    """A file of rules."""

    version: Positive = Field(description="Counts up whenever a rule changes.")
    words: Mapping[str, Texts] = Field({}, description="Groups that rules name as $NAME.")
    rules: tuple[RuleText, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class PatternRule:
    """A rule as patterns over folded text.

    Attributes:
        name, category: of the rule.
        needs: each must be found,
        unless: and this not beside them,
        within: in so many words.
        heads: of each of ``needs`` the first letters, at most `HEAD`, that its words begin with; empty if unknown.
    """

    name: str
    category: str
    needs: tuple[re.Pattern[str], ...]
    unless: re.Pattern[str] | None
    within: int
    heads: tuple[frozenset[str], ...] = ()

    def may_hold(self, beginnings: Set[str]) -> bool:
        """Return whether a text can have words of all groups; quicker than to look for them.

        Args:
            beginnings: first letters of its words, 1 to `HEAD` of each.
        """
        return not any(heads and heads.isdisjoint(beginnings) for heads in self.heads)


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that holds.

    Attributes:
        rule: its name.
        category: of it.
        words: that it rests on, as they were read.
        view: in which the text was read so.
    """

    rule: str
    category: str
    words: tuple[str, ...]
    view: str


@dataclass(frozen=True, slots=True)
class Book:
    """Rules of one file.

    Attributes:
        version: of the file.
        rules: in order.
        vocabulary: single words of the rules.
    """

    version: int
    rules: tuple[PatternRule, ...]
    vocabulary: frozenset[str]

    def find(self, views: Sequence[View], categories: Sequence[str] = (), without: Sequence[str] = ()) -> list[Match]:
        """Return the rules that hold in any of the views, each once, by the first view that shows it."""
        rules = [r for r in self.rules if (not categories or r.category in categories) and r.category not in without]
        found: dict[tuple[str, str], Match] = {}
        for view in views:
            places: _Places | None = None
            beginnings = {word[:n] for word in set(_RUN.findall(view.text)) for n in range(1, HEAD + 1)}
            for rule in rules:
                if (rule.name, rule.category) in found or not rule.may_hold(beginnings):
                    continue
                if not all(need.search(view.text) for need in rule.needs):
                    continue
                places = places or _Places(view.text)
                if words := _find_window(rule, places):
                    found[rule.name, rule.category] = Match(rule.name, rule.category, words, view.name)
        return list(found.values())


class _Places:
    """A text whose words are numbered; the end of a sentence counts as a few words."""

    GAP = 3

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts: list[int] = []
        self.numbers: list[int] = []
        number, last = 0, 0
        for token in _TOKEN.finditer(text):
            if self.starts and _END.search(text, last, token.start()):
                number += self.GAP
            self.starts.append(token.start())
            self.numbers.append(number)
            number, last = number + 1, token.end()

    def number(self, at: int) -> int:
        """Return the number of the word at a character."""
        return self.numbers[max(bisect(self.starts, at) - 1, 0)] if self.numbers else 0

    def find(self, pattern: re.Pattern[str]) -> list[tuple[int, int, str]]:
        """Return where a pattern's words stand, in order: numbers of the first and the last one, and the words."""
        return [(self.number(m.start(1)), self.number(m.end(1) - 1), m[1]) for m in pattern.finditer(self.text)]


def _find_window(rule: PatternRule, places: _Places) -> tuple[str, ...]:
    """Return the words by which a rule holds; empty if it does not."""
    groups = [places.find(need) for need in rule.needs]
    spans = [] if rule.unless is None else places.find(rule.unless)
    longest = max((b - a for a, b, _ in spans), default=0)
    for first, last, words in groups[0]:
        chosen, low, high = [words], first, last
        for group in groups[1:]:
            begun = group[bisect(group, high - rule.within, key=_BEGIN) : bisect(group, low + rule.within, key=_BEGIN)]
            near = [one for one in begun if max(high, one[1]) - min(low, one[0]) < rule.within]
            if not near:
                break
            best = min(near, key=lambda one: max(high, one[1]) - min(low, one[0]))
            low, high = min(low, best[0]), max(high, best[1])
            chosen.append(best[2])
        else:
            beside = spans[bisect(spans, low - NEAR - longest - 1, key=_BEGIN) : bisect(spans, high + NEAR, key=_BEGIN)]
            if not any(low - NEAR <= b for _, b, _ in beside):
                return tuple(dict.fromkeys(" ".join(one.split()) for one in chosen))
    return ()


def _compile_group(phrases: Sequence[str]) -> re.Pattern[str]:
    """Return a pattern for any of some phrases; ``*`` at a word's end stands for any ending."""

    def one(phrase: str) -> str:
        words = [
            re.escape(fold_disguises(word.rstrip("*"))) + (r"\w{0,20}" if word.endswith("*") else "")
            for word in phrase.split()
        ]
        return r"\W{1,4}".join(words)

    options = sorted({one(phrase) for phrase in phrases}, key=lambda text: (-len(text), text))
    return re.compile(rf"(?<!\w)({'|'.join(options)})(?!\w)")


def _list_heads(phrases: Sequence[str]) -> frozenset[str]:
    """Return the first letters of a group's phrases; nothing if one begins with what is no letter or digit."""
    found = [_RUN.match(fold_disguises(phrase.split()[0].rstrip("*"))) for phrase in phrases if phrase.split()]
    return frozenset(run[0][:HEAD] for run in found if run) if all(found) else frozenset()


def _expand(phrases: Sequence[str], words: Mapping[str, Sequence[str]], where: str) -> list[str]:
    """Return phrases with those of groups in their place, each once.  Raises SpecError for what no rule can have."""
    found: dict[str, None] = {}
    waiting, taken = [*reversed(phrases)], set[str]()
    while waiting:
        phrase = waiting.pop()
        if not phrase.startswith("$"):
            _check_phrase(phrase, where)
            found[phrase] = None
        elif phrase[1:] not in words:
            known = ", ".join(f"${name}" for name in words) or "none"
            raise SpecError(f"there is no group of words {phrase[:60]!r}; there are {known[:400]}.", where=where)
        elif phrase not in taken:  # once is enough, also for a group that names itself
            taken.add(phrase)
            waiting += reversed(words[phrase[1:]])
        if len(found) > MOST_PHRASES:
            raise SpecError(
                f"a rule has more than {MOST_PHRASES:,} words or phrases in one group.",
                fix="Write several rules, or end words in `*`.",
                where=where,
            )
    return list(found)


def _check_phrase(phrase: str, where: str) -> None:
    parts = phrase.split()
    if len(parts) > MOST_WORDS:
        raise SpecError(f"a phrase of a rule has {len(parts):,} words; at most {MOST_WORDS} are allowed.", where=where)
    if not _RUN.search(phrase):
        raise SpecError(f"the phrase {phrase[:60]!r} of a rule has no letter and no digit.", where=where)


def make_book(text: BookText, where: str = "") -> Book:
    """Return rules as patterns.  Raises SpecError for a group of words that there is not."""
    rules, vocabulary = [], set[str]()
    for one in text.rules:
        needs = [_expand(group, text.words, where) for group in one.needs]
        unless = _expand(one.unless, text.words, where)
        for phrase in (phrase for group in needs for phrase in group):
            vocabulary |= {fold_disguises(word.strip("*")) for word in phrase.split() if len(word) > 2}
        rules.append(
            PatternRule(
                one.rule,
                one.category,
                tuple(_compile_group(group) for group in needs),
                _compile_group(unless) if unless else None,
                one.within,
                tuple(_list_heads(group) for group in needs),
            )
        )
    return Book(text.version, tuple(rules), frozenset(vocabulary))


def read_book(path: Path) -> Book:
    """Return the rules of a file.  Raises SpecError, with the line, for whatever is wrong with it."""
    _, data, places = read_yaml(path, "It has a `version` and `rules`; see docs/guard.md.")
    if not isinstance(data, dict):  # nothing of it is shown: a policy of others may name any file
        raise SpecError(
            "the file is no file of rules: it has no keys and values.",
            fix="It has a `version` and `rules`; see docs/guard.md.",
            where=str(path),
        )
    return make_book(validate_section(BookText, data, places), str(path))


@cache
def load_book(name: str) -> Book:
    """Return a file of rules that ships with the lever, e.g. ``hazards``."""
    return read_book(FOLDER / f"{name}.yaml")


@cache
def list_known_words() -> frozenset[str]:
    """Return common words, and those of the rules that ship with the lever."""
    return COMMON.union(*(load_book(name).vocabulary for name in ("hazards", "intents", "jailbreaks", "requests")))


def describe_match(match: Match) -> tuple[str, ...]:
    """Return what a match rests on, and which disguise was taken off."""
    return match.words if match.view == PLAIN else (*match.words, f"read as: {match.view}")
