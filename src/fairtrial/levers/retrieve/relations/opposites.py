"""A yes and a no about the same, and two sentences that differ in a word alone.  Pure."""

from __future__ import annotations

import re

from fairtrial.levers.retrieve.relations.meanings import exclude_each_other
from fairtrial.levers.retrieve.relations.moments import find_days, find_years
from fairtrial.levers.retrieve.relations.reading import PassageInWords, ReadSentence

ALIKE = 0.6
"""Share of the shorter sentence's words that the other must have where one says the opposite."""
SAME = 0.85
"""The same where one denies what the other says."""
LEAST = 3
"""Words that both must have."""

_PRONOUNS = frozenset({"it", "he", "she", "they", "this", "es", "er", "sie"})
_NOT = re.compile(r"\b(?:not|never|no longer|cannot|\w+n't|nicht|keine?[nrms]?|nie)\b", re.IGNORECASE)
_OURS = re.compile(r"\b(?:I|we|our|us|this newspaper|this paper|wir|unser\w*|diese Zeitung)\b")


def find_opposite(a: PassageInWords, b: PassageInWords) -> str:
    """Return the word with which one passage says the opposite of the other; empty if neither does."""
    for one in a.sentences:
        if one.quoted or not one.tokens:
            continue
        for other in b.sentences:
            if not other.quoted and other.tokens:
                word = _compare(one, other, a, b)
                if word:
                    return word
    return ""


def _compare(one: ReadSentence, other: ReadSentence, a: PassageInWords, b: PassageInWords) -> str:
    """Return the word in which two sentences are opposites."""
    pair = _find_poles(one, other)
    denied = bool(_NOT.search(one.text)) != bool(_NOT.search(other.text))
    if not pair and not denied:
        return ""
    polar = {stem for stems in pair for stem in stems}
    left, right = (_list_stems(one, a) - polar, _list_stems(other, b) - polar) if pair else (one.stems, other.stems)
    shared = len(left & right)
    share = shared / max(1, min(len(left), len(right)))
    if pair and denied:
        return ""
    if shared < LEAST or share < (ALIKE if pair else SAME) or _are_apart(one, other, a, b):
        return ""
    return _find_word(one, pair[0]) if pair else "not"


def _list_stems(sentence: ReadSentence, passage: PassageInWords) -> frozenset[str]:
    """Return what a sentence is about; of one that begins with a pronoun also what the one before it is."""
    at = passage.sentences.index(sentence)
    if at and sentence.tokens[0].text.casefold() in _PRONOUNS:
        return sentence.stems | passage.sentences[at - 1].stems
    return sentence.stems


def _find_poles(one: ReadSentence, other: ReadSentence) -> tuple[frozenset[str], ...]:
    """Return the stems of a pair of opposites, one in each sentence and neither in both; nothing if there is none."""
    poles = [_list_poles(sentence) for sentence in (one, other)]
    for pole, stem in poles[0].items():
        against = pole ^ 1
        if against in poles[1] and pole not in poles[1] and against not in poles[0]:
            return frozenset({stem}), frozenset({poles[1][against]})
    return ()


def _list_poles(sentence: ReadSentence) -> dict[int, str]:
    return {
        int(meaning.removeprefix("opposite/")): sentence.tokens[at].stem
        for at, meaning in sentence.meanings
        if meaning.startswith("opposite/")
    }


def _are_apart(one: ReadSentence, other: ReadSentence, a: PassageInWords, b: PassageInWords) -> bool:
    """Return whether two sentences speak of different times, or different things."""
    dates = [voice.published or voice.changed for voice in (a.voice, b.voice)]
    years = [find_years(s.text, when) for s, when in zip((one, other), dates, strict=True)]
    days = [find_days(s.text, when) for s, when in zip((one, other), dates, strict=True)]
    if years[0] != years[1] or (days[0] and days[1] and days[0].isdisjoint(days[1])):
        return True
    numbers = [set(re.findall(r"\d[\d.,:]*", s.text)) for s in (one, other)]
    said = [
        {meaning for _, meaning in s.meanings if not meaning.startswith(("direction/", "edge/", "sex/", "harm/"))}
        for s in (one, other)
    ]
    return numbers[0] != numbers[1] or exclude_each_other(*said)


def find_other_wording(a: PassageInWords, b: PassageInWords) -> str:
    """Return a word of A in whose place a sentence of B that is else the same has another; empty if there is none."""
    for one in a.sentences:
        for other in b.sentences:
            if one.quoted or other.quoted or _OURS.search(one.text) or _OURS.search(other.text):
                continue
            word = _find_slot(one, other)
            if word:
                return word
    return ""


def _find_slot(one: ReadSentence, other: ReadSentence) -> str:
    """Return the word in which two sentences differ that are long and else the same."""
    left, right = [t.text.casefold() for t in one.tokens], [t.text.casefold() for t in other.tokens]
    least = min(len(left), len(right))
    if left == right or least < 6:
        return ""
    head = next((i for i in range(least) if left[i] != right[i]), least)
    tail = next((i for i in range(least - head) if left[-1 - i] != right[-1 - i]), least - head)
    gaps = [tokens[head : len(tokens) - tail] for tokens in (one.tokens, other.tokens)]
    same = sum(token.telling for i, token in enumerate(one.tokens) if i < head or i >= len(left) - tail)
    if not all(0 < len(gap) <= 3 for gap in gaps) or same < 4 or head + tail < 0.7 * least:
        return ""
    if not all(any(token.telling for token in gap) for gap in gaps):
        return ""
    capital = [any(token.capital for token in gap) for gap in gaps]
    return gaps[0][0].text if all(capital) else ""


def _find_word(sentence: ReadSentence, stems: frozenset[str]) -> str:
    return next(token.text.casefold() for token in sentence.tokens if token.stem in stems)
