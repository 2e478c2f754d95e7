"""What words of the news mean, from `words.yaml`: by what families of meaning claims are told apart.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml

from fairtrial.archive.stores.stems import stem_word

LONGEST_PHRASE = 4
SHORTEST = 4
"""Letters that are left of a word at least."""
_ENDINGS = ("ern", "en", "em", "er", "es", "e", "n")


@dataclass(frozen=True, slots=True)
class Meanings:
    """The lexicon, by stems.

    Attributes:
        phrases: stems in a row to what they mean: ``family/concept``, ``alike/concept``, ``opposite/N``, ``role/NAME``.
        sharp: families of which a word on one side only tells claims apart, too.
        counted: meanings of what a number counts where no word behind it says so.
    """

    phrases: Mapping[tuple[str, ...], frozenset[str]]
    sharp: frozenset[str]
    counted: frozenset[str]

    def find(self, stems: Sequence[str]) -> list[tuple[int, str]]:
        """Return all meanings in a row of stems, each with the place of its last word."""
        found = []
        for at in range(len(stems)):
            for length in range(1, min(LONGEST_PHRASE, len(stems) - at) + 1):
                for meaning in self.phrases.get(tuple(stems[at : at + length]), ()):
                    found.append((at + length - 1, meaning))
        return found


@lru_cache(maxsize=1 << 16)
def cut_endings(word: str) -> str:
    """Return a folded word without endings of English and German: more than a search cuts, since words stand beside it.

    >>> [cut_endings(word) for word in ("mitgliedern", "mitglieder", "closed", "bridges")]
    ['mitglied', 'mitglied', 'clos', 'bridg']
    """
    stem = stem_word(word)
    for ending in _ENDINGS:
        if stem.endswith(ending) and len(stem) - len(ending) >= SHORTEST:
            return stem[: -len(ending)]
    return stem


@lru_cache(maxsize=1)
def load_meanings() -> Meanings:
    """Return the lexicon."""
    text = (resources.files("fairtrial.levers.retrieve.relations") / "words.yaml").read_text(encoding="utf-8")
    read: Mapping[str, Any] = yaml.safe_load(text)
    phrases: dict[tuple[str, ...], frozenset[str]] = {}
    for meaning, said in _list_words(read):
        stems = tuple(cut_endings(word) for word in said.casefold().split())
        phrases[stems] = phrases.get(stems, frozenset()) | {meaning}
    counted = frozenset(f"alike/{name}" for name in read["counted"])
    return Meanings(phrases, frozenset(read["sharp"]), counted)


def _list_words(read: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Yield (meaning, words) of the file."""
    for family, concepts in read["families"].items():
        for concept, words in concepts.items():
            yield from ((f"{family}/{concept}", word) for word in _split(words))
    for kind, name in (("alike", "alike"), ("roles", "role")):
        for concept, words in read[kind].items():
            yield from ((f"{name}/{concept}", word) for word in _split(words))
    for at, words in enumerate(read["opposites"]):
        yield from ((f"opposite/{at}", str(word)) for word in words)


def _split(words: str) -> list[str]:
    return [word.strip() for word in words.split(",")]


def exclude_each_other(a: Iterable[str], b: Iterable[str]) -> bool:
    """Return whether two sets of meanings cannot be of one thing: of some family they have different concepts."""
    one, other = _group(a), _group(b)
    sharp = load_meanings().sharp
    if any(one[family].isdisjoint(other[family]) for family in one.keys() & other.keys()):
        return True
    return any(family in sharp for family in one.keys() ^ other.keys())


def _group(meanings: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for meaning in meanings:
        family, _, concept = meaning.partition("/")
        if family not in ("alike", "opposite", "role"):
            found.setdefault(family, set()).add(concept)
    return found
