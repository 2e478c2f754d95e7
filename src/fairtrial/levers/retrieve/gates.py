"""Gates on an answer: citations resolved, quotations looked for, words beyond a licence cut, credits given.  Pure.

What is counted against a licence is every word that an answer repeats of a document: in quotation marks, or without
them where at least `RUN` words in a row are the document's; `UNQUOTED_RUN` where it may not be quoted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from fairtrial.levers.retrieve.noting import NotedPassage
from fairtrial.records import QuoteUse
from fairtrial.records.trace import ABSTAINED, CUT_QUOTES, UNSHOWN_CITED, WITHHELD
from fairtrial.rights.quoting.quotations import list_citations
from fairtrial.rights.quoting.quotes import CheckedQuotation, check_quotations, fold_in_place
from fairtrial.rights.quoting.words import read_words

RUN = 8
"""Words in a row, the same as a document's, that count as repeated even without quotation marks."""

UNQUOTED_RUN = 5
"""The same, of a document that may not be quoted at all."""

LEFT_OUT = "[\u2026]"
NOT_FOUND = "[not found in the passages]"
REASONS = {
    "quotes": "[Withheld: the answer quotes what its sources do not say.]",
    "words": "[Withheld: the answer repeats more of a source than its licence allows.]",
}
_Policy = Literal["cut", "withhold", "mark"]

_CHANGED = ("not found", "stitched")
_Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Gated:
    """An answer after all gates.

    Attributes:
        text: that is given.
        actions: what was done, for the trace.
        quotes: what became of each quotation of `SHORTEST` characters.
        cited: numbers of the passages that it names.
        words: words that it repeats of each passage, by number.
        credits: that must stand beside it.
    """

    text: str
    actions: tuple[str, ...] = ()
    quotes: tuple[QuoteUse, ...] = ()
    cited: frozenset[int] = frozenset()
    words: Mapping[int, int] = field(default_factory=dict)
    credits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Copied:
    """A run of an answer that stands in a passage: where, in which, and the words."""

    start: int
    end: int
    passage: int
    words: tuple[_Span, ...]


def pass_gates(
    text: str, shown: Sequence[NotedPassage], policy: _Policy, most_words: int | None, abstention: str
) -> Gated:
    """Return what is given of an answer.

    Args:
        text: as the model wrote it.
        shown: what it was shown.
        policy: what is done to quotations that the passages do not hold; see `fairtrial.spec.retrieve`.
        most_words: of one document at most, beside what its licence says; None: no such limit.
        abstention: what stands for an answer where there is too little evidence.
    """
    if is_abstention(text, abstention):
        return Gated(text, (ABSTAINED,))
    numbers = {one.number for one in shown}
    named = [number for number, *_ in list_citations(text)]
    cited = frozenset(number for number in named if number in numbers)
    actions = [UNSHOWN_CITED] if any(number not in numbers for number in named) else []
    checked = check_quotations(text, {one.number: one.text for one in shown})
    looked_for = [one for one in checked if one.result != "too short"]
    copied = find_copied(text, shown, looked_for)
    over = _find_excess(shown, copied, most_words)
    wrong = [one for one in looked_for if one.result in _CHANGED]
    if (over or wrong) and policy == "withhold":
        reason = REASONS["words" if over else "quotes"]
        quotes = tuple(_make_quote(one, "withheld" if one in wrong else "") for one in looked_for)
        return Gated(reason, (*actions, WITHHELD), quotes, cited)
    given, quotes = _change_text(text, looked_for, over, policy)
    actions += [CUT_QUOTES] if over else []
    words = _count_words(copied, over)
    used = cited | words.keys()
    return Gated(given, tuple(actions), quotes, cited, words, list_credits(shown, used))


def is_abstention(text: str, abstention: str) -> bool:
    """Return whether an answer says no more than that there is too little evidence."""
    own, wanted = (re.sub(r"\W+", " ", fold_in_place(one).text.casefold()).strip() for one in (text, abstention))
    return bool(wanted) and re.sub(r"(?: \d+)+$", "", own) == wanted


def list_credits(shown: Sequence[NotedPassage], used: frozenset[int]) -> tuple[str, ...]:
    """Return the credits that an answer owes: to the sources that it names or repeats; if it does neither, to all."""
    owing = [one for one in shown if one.number in used] or shown
    return tuple(dict.fromkeys(credit for one in owing for credit in one.credits))


def cut_excess(text: str, shown: Sequence[NotedPassage], most_words: int | None) -> str:
    """Return what a model wrote beside its answer, e.g. its thoughts, without what an answer may not repeat either."""
    over = _find_excess(shown, find_copied(text, shown, ()), most_words) if text else []
    return _change_text(text, (), over, "cut")[0]


def hide_words(text: str, shown: Sequence[NotedPassage]) -> str:
    """Return a text without any run of `UNQUOTED_RUN` words that a passage, or what is shown with it, has too."""
    words = read_words(text)
    told = [read_words(text).folded for one in shown for text in (one.text, *one.around)]
    taken = {i for one in told for i in find_repeated(words.folded, one, UNQUOTED_RUN)}
    runs: list[_Span] = []
    for i in sorted(taken):
        start, end = words.spans[i]
        if runs and i - 1 in taken:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return _change_text(text, (), runs, "cut")[0]


def find_copied(text: str, shown: Sequence[NotedPassage], checked: Sequence[CheckedQuotation]) -> list[_Copied]:
    """Return the runs of an answer that stand in passages, from left to right; none overlaps another.

    In quotation marks as far as passages hold it, elsewhere `RUN` words in a row at least.  Of a document that may not
    be quoted `UNQUOTED_RUN`, and its title, headings and corrections count, too.
    """
    answer = read_words(text)
    taken = [0] * len(answer.folded)  # number of the passage that a word is from
    for one in shown:
        for told in (one.text, *(one.around if not one.quote.allowed else ())):
            for i in find_repeated(answer.folded, read_words(told).folded, RUN if one.quote.allowed else UNQUOTED_RUN):
                taken[i] = taken[i] or one.number
    for quotation in checked:
        if quotation.passages:
            start, end = quotation.quotation.start, quotation.quotation.end
            inside = [i for i, (a, b) in enumerate(answer.spans) if start <= a and b <= end]
            for i in inside:
                taken[i] = quotation.passages[0]
    found: list[_Copied] = []
    at = 0
    while at < len(taken):
        end = at
        while end < len(taken) and taken[end] == taken[at]:
            end += 1
        if taken[at]:
            spans = answer.spans[at:end]
            found.append(_Copied(spans[0][0], spans[-1][1], taken[at], tuple(spans)))
        at = end
    return found


def find_repeated(answer: Sequence[str], passage: Sequence[str], run: int) -> set[int]:
    """Return the places of the words of an answer that stand in runs of so many that a passage has too."""
    there = {tuple(passage[i : i + run]) for i in range(len(passage) - run + 1)}
    starts = (i for i in range(len(answer) - run + 1) if tuple(answer[i : i + run]) in there)
    return {i + k for i in starts for k in range(run)}


def _find_excess(shown: Sequence[NotedPassage], copied: Sequence[_Copied], most_words: int | None) -> list[_Span]:
    """Return the runs of an answer that repeat more of a document than may be repeated."""
    documents = {one.number: one.found.document.id for one in shown}
    limits: dict[str, int] = {}
    for one in shown:
        own = [limit for limit in (one.most_words, most_words) if limit is not None]
        if own:
            document = one.found.document.id
            limits[document] = min([*own, limits.get(document, own[0])])
    used: dict[str, int] = {}
    over = []
    for run in copied:
        document = documents[run.passage]
        left = limits[document] - used.get(document, 0) if document in limits else len(run.words)
        used[document] = used.get(document, 0) + len(run.words)
        if left < len(run.words):
            over.append((run.words[max(left, 0)][0], run.end))
    return over


def _count_words(copied: Sequence[_Copied], over: Sequence[_Span]) -> dict[int, int]:
    """Return how many words of each passage an answer repeats after what is too much was cut."""
    words: dict[int, int] = {}
    for run in copied:
        kept = sum(not any(a <= start < b for a, b in over) for start, _ in run.words)
        if kept:
            words[run.passage] = words.get(run.passage, 0) + kept
    return words


def _change_text(
    text: str, checked: Sequence[CheckedQuotation], over: Sequence[_Span], policy: _Policy
) -> tuple[str, tuple[QuoteUse, ...]]:
    """Return an answer without what is too much, its wrong quotations taken out or marked, and what became of each."""
    changes: list[tuple[int, int, str]] = [(start, end, LEFT_OUT) for start, end in over]
    quotes = []
    for one in checked:
        start, end = one.quotation.start, one.quotation.end
        done = "cut" if any(start < b and a < end for a, b in over) else ""
        if one.result in _CHANGED and policy == "cut":
            changes = [change for change in changes if not (start < change[1] and change[0] < end)]
            changes.append((start, end, NOT_FOUND if one.result == "not found" else LEFT_OUT))
            done = "taken out"
        elif one.result in _CHANGED:
            changes.append((end, end, f" {NOT_FOUND}" if one.result == "not found" else " [put together from pieces]"))
            done = done or "marked"
        elif one.result == "misattributed":
            changes.append((end, end, f" [stands in {one.passages[0]}]"))
            done = done or "marked"
        quotes.append(_make_quote(one, done))
    given = text
    for start, end, put in sorted(changes, reverse=True):
        given = given[:start] + put + given[end:]
    return given, tuple(quotes)


def _make_quote(one: CheckedQuotation, done: str) -> QuoteUse:
    assert one.result != "too short"
    return QuoteUse(one.result, one.passages, one.words, one.exact, done)
