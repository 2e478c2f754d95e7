"""Texts to the words that are searched for: the same in every store, whatever its database would make of them.

Letters and digits of any script, compatible forms folded (NFKC), case folded, accents dropped.  Scripts that write no
spaces give pairs of neighbouring signs.  The English possessive goes, and so do endings of
English that make no other word (`stems`).  Of a question, the words that ask are not searched for.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from fairtrial.archive.stores.stems import stem_word

WORDS_VERSION = 2
"""Another number means that the same text gives other words: part of every archive's fingerprint."""

LONGEST = 64
"""Letters of a word that count; what is longer is no word, and need not fill an index."""

WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
WORD_OF_ASCII = re.compile("[a-z0-9]+")
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
"""Thai, Lao, Burmese, Khmer, Japanese and Chinese."""
_UNTELLING = """
a an and any are as at be been being but by can could did do does for from had has have how if in into is it its may
might must no not of on or other should some such than that the their then there these they this those to was were what
when where which who whom whose why will with would
"""
UNTELLING = frozenset(_UNTELLING.split())
"""Words that a question is made of: they are in the index, and are not searched for unless there are no others."""
POSSESSIVE = ("'s", "\u2019s")


def split_words(text: str) -> list[str]:
    """Return the words of a text, folded, in order.

    >>> split_words("The Mayor's caf\\u00e9, 3rd Street")
    ['the', 'mayor', 'cafe', '3rd', 'street']
    """
    folded = _fold(text)
    words: list[str] = []
    if folded.isascii() and "'" not in folded:
        words = WORD_OF_ASCII.findall(folded)
        return words if max(map(len, words), default=0) <= LONGEST else [word[:LONGEST] for word in words]
    for word in WORD.findall(folded):
        if not word.isascii() and UNSPACED.search(word):
            words.extend(_split_unspaced(word))
        elif "'" in word or "\u2019" in word:
            bare = word[:-2] if word.endswith(POSSESSIVE) else word
            words.append(bare.replace("'", "").replace("\u2019", "")[:LONGEST])
        else:
            words.append(word if len(word) <= LONGEST else word[:LONGEST])
    return words


class _Stems(dict[str, str]):
    """Words without their endings, kept as they are asked for: most words of a text were asked for before."""

    def __missing__(self, word: str) -> str:
        if len(self) >= REMEMBERED:
            self.clear()
        stem = self[word] = stem_word(word)
        return stem


REMEMBERED = 1 << 17
_STEMS = _Stems()


def list_words(text: str) -> list[str]:
    """Return the words of a text without their endings, in order."""
    return list(map(_STEMS.__getitem__, split_words(text)))


def count_query_words(query: str) -> Counter[str]:
    """Return what is searched for: as `list_words`, counted, without the words that only ask.

    >>> sorted(count_query_words("When does the ferry sail?"))
    ['ferry', 'sail']
    """
    words = split_words(query)
    return Counter(map(stem_word, [word for word in words if word not in UNTELLING] or words))


def _fold(text: str) -> str:
    """Return a text without the differences that a search should not see."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", text).casefold()
    text = "".join(sign for sign in unicodedata.normalize("NFD", text) if unicodedata.category(sign) != "Mn")
    return unicodedata.normalize("NFC", text)


def _split_unspaced(word: str) -> Iterable[str]:
    """Yield the pairs of neighbouring signs of runs without spaces, and the words between the runs."""
    at = 0
    for run in UNSPACED.finditer(word):
        if at < run.start():
            yield word[at : run.start()]
        signs = run[0]
        yield from (signs[i : i + 2] for i in range(len(signs) - 1)) if len(signs) > 1 else (signs,)
        at = run.end()
    if at < len(word):
        yield word[at:]
