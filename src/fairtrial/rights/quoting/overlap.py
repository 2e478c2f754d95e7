"""How much of an answer stands word for word in licensed texts, whether it is marked as a quotation or not.

Two measures that those use who look for memorised or copied text: the longest run of words, and the share of the
answer's sequences of 8 words.  What counts as the same words is in `words`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairtrial.rights.quoting.words import Words, read_words

GRAM = 8
"""Words of a sequence that is looked for."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """What of an answer stands in one text.

    Attributes:
        words: of the answer.
        longest: words of the longest run that stands in both, one after the other.
        answer_span: first character of that run in the answer, and one after its last; the first of several.
        text_span: the same in the text.
        grams: sequences of 8 words in the answer, repeated ones as often as they stand there.
        shared: of these, those that stand in the text.
    """

    words: int
    longest: int
    answer_span: tuple[int, int]
    text_span: tuple[int, int]
    grams: int
    shared: int

    @property
    def share(self) -> float | None:
        """Share of the answer's sequences of 8 words that stand in the text; None for an answer of fewer words."""
        return self.shared / self.grams if self.grams else None


def measure_overlap(answer: str, text: str, gram: int = GRAM) -> Overlap:
    """Return how much of an answer stands word for word in a text, in time that grows with both lengths alone."""
    return _compare(read_words(answer), read_words(text), gram)


class OverlapIndex:
    """Many texts, for the question which of them an answer repeats.

    About 20 bytes a word beside the texts themselves.  An answer costs time that grows with its own length and with
    the texts that it repeats, not with those that are here.

    Args:
        texts: by their names.
        gram: words of a sequence; shorter repetition is not found.
    """

    def __init__(self, texts: Mapping[str, str], gram: int = GRAM) -> None:
        self._texts, self._gram = texts, gram
        self._names = tuple(texts)
        hashes = [_hash_grams(read_words(text).folded, gram) for text in texts.values()]
        owners = np.repeat(np.arange(len(hashes), dtype=np.int32), [len(one) for one in hashes])
        joined = np.concatenate(hashes) if hashes else np.empty(0, np.uint64)
        order = np.argsort(joined, kind="stable")
        self._hashes, self._owners = joined[order], owners[order]

    def find(self, answer: str) -> dict[str, Overlap]:
        """Return the texts with which an answer shares a sequence of words, most of it first.

        Texts that are not among them share fewer than ``gram`` words in a row.
        """
        words = read_words(answer)
        asked = np.unique(_hash_grams(words.folded, self._gram))
        first = np.searchsorted(self._hashes, asked, "left")
        last = np.searchsorted(self._hashes, asked, "right")
        near = {int(owner) for a, b in zip(first, last, strict=True) for owner in self._owners[a:b]}
        found = {
            name: _compare(words, read_words(self._texts[name]), self._gram)  # exact: equal hashes are only a hint
            for name in (self._names[owner] for owner in sorted(near))
        }
        shared = ((name, one) for name, one in found.items() if one.shared)
        return dict(sorted(shared, key=lambda pair: (-pair[1].longest, -pair[1].shared)))


def _compare(answer: Words, text: Words, gram: int) -> Overlap:
    if gram < 1:
        raise ValueError(f"a sequence has at least 1 word, got {gram}")
    longest, in_answer, in_text = _find_longest_run(answer.folded, text.folded)
    asked = list(_list_grams(answer.folded, gram))
    there = set(_list_grams(text.folded, gram)) if longest >= gram else set()
    return Overlap(
        words=len(answer.folded),
        longest=longest,
        answer_span=_span_of(answer, in_answer, longest),
        text_span=_span_of(text, in_text, longest),
        grams=len(asked),
        shared=sum(one in there for one in asked),
    )


def _span_of(words: Words, start: int, length: int) -> tuple[int, int]:
    return (words.spans[start][0], words.spans[start + length - 1][1]) if length else (0, 0)


def _list_grams(words: Sequence[str], gram: int) -> Iterable[tuple[str, ...]]:
    return zip(*(words[i:] for i in range(gram)), strict=False)


def _hash_grams(words: Sequence[str], gram: int) -> NDArray[np.uint64]:
    """Return a number for each sequence of words, by their place; equal ones for equal sequences."""
    if gram < 1:
        raise ValueError(f"a sequence has at least 1 word, got {gram}")
    single = np.fromiter((hash(word) & 0xFFFF_FFFF_FFFF_FFFF for word in words), np.uint64, len(words))
    count = max(len(words) - gram + 1, 0)
    mixed = np.zeros(count, np.uint64)
    for i in range(gram):
        mixed = mixed * np.uint64(0x9E37_79B9_7F4A_7C15) + single[i : i + count]  # wraps around
    return mixed


def _find_longest_run(answer: Sequence[str], text: Sequence[str]) -> tuple[int, int, int]:
    """Return the length of the longest run of words in both, and where it starts in each: first in the text, then.

    A suffix automaton of the answer (Blumer et al. 1985, https://doi.org/10.1016/0304-3975(85)90157-4) reads the text.
    """
    automaton = _Automaton(answer)
    best, best_end, best_state = 0, 0, 0
    state, length = 0, 0
    for i, word in enumerate(text):
        while state and word not in automaton.steps[state]:
            state = automaton.links[state]
            length = automaton.lengths[state]
        if word in automaton.steps[state]:
            state = automaton.steps[state][word]
            length += 1
        if length > best:
            best, best_end, best_state = length, i + 1, state
    return best, automaton.firsts[best_state] - best, best_end - best


class _Automaton:
    """All runs of words of one text: from state 0, words lead on as long as they stand there one after the other.

    Attributes:
        steps: of each state, word to state.
        links: of each state, that of the longest shorter ending which also stands elsewhere; 0 of state 0.
        lengths: of each state, its longest run.
        firsts: of each state, where its runs end for the first time, exclusively.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.steps: list[dict[str, int]] = [{}]
        self.links, self.lengths, self.firsts = [0], [0], [0]
        last = 0
        for i, word in enumerate(words):
            last = self._extend(last, word, i + 1)

    def _extend(self, last: int, word: str, end: int) -> int:
        new = self._add({}, self.lengths[last] + 1, end)
        at: int | None = last
        while at is not None and word not in self.steps[at]:
            self.steps[at][word] = new
            at = self.links[at] if at else None
        if at is None:
            return new
        known = self.steps[at][word]
        if self.lengths[known] != self.lengths[at] + 1:
            copy = self._add(dict(self.steps[known]), self.lengths[at] + 1, self.firsts[known])
            self.links[copy], self.links[known] = self.links[known], copy
            walk: int | None = at
            while walk is not None and self.steps[walk].get(word) == known:
                self.steps[walk][word] = copy
                walk = self.links[walk] if walk else None
            known = copy
        self.links[new] = known
        return new

    def _add(self, steps: dict[str, int], length: int, first: int) -> int:
        self.steps.append(steps)
        self.links.append(0)
        self.lengths.append(length)
        self.firsts.append(first)
        return len(self.steps) - 1
