"""A text as the words that count when texts are compared, each with its place.

Two texts are the same words where they differ in case, white space, punctuation, marks of Markdown, addresses of links,
compatibility forms (NFKC: ligatures, full-width letters) and characters that are not seen (soft hyphens, zero-width
ones).  Of scripts without spaces between words, each character is a word.  Linear in the text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_APOSTROPHES = dict.fromkeys("'’ʼ＇", "'")
_THAI_TO_KHMER = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_HAN_AND_KANA = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_UNSPACED = _THAI_TO_KHMER + _HAN_AND_KANA
_WORD = re.compile(rf"[{_UNSPACED}]|[^\s'{_UNSPACED}]+(?:'+[^\s'{_UNSPACED}]+)*")
_LINK = re.compile(r"(?<=\])\([^\s()]*\)")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text.

    Attributes:
        folded: the words as they are compared.
        spans: of each, its first character in the text and one after its last.
    """

    folded: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]


def read_words(text: str) -> Words:
    """Return the words of a text."""
    plain = _LINK.sub(lambda link: " " * len(link[0]), text).translate(_SEPARATING)  # each character keeps its place
    folded: list[str] = []
    spans: list[tuple[int, int]] = []
    for found in _WORD.finditer(plain):
        for word in _fold_word(found[0]):
            folded.append(word)
            spans.append(found.span())
    return Words(tuple(folded), tuple(spans))


def _fold_word(word: str) -> list[str]:
    """Return a word in the form that is compared; several where its compatibility form has separators in it."""
    if word.isascii():
        return [word.replace("'", "").lower()]
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", word).casefold()).translate(_SEPARATING)
    seen = "".join(char for char in folded if char != "'" and not _is_unseen(char))
    return seen.split()


def _is_unseen(char: str) -> bool:
    return not char.isascii() and unicodedata.category(char) == "Cf"


class _Separating(dict[int, str]):
    """Character to itself if it belongs to a word, else to a space; filled as characters are met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        kind = unicodedata.category(char)
        inside = kind[0] in "LMN" or kind in ("Cf", "Co", "Cn")
        self[code] = _APOSTROPHES.get(char) or (char if inside else " ")
        return self[code]


_SEPARATING = _Separating()
