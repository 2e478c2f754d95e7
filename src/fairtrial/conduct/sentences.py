"""A text as sentences in one plain form: lower case, straight apostrophes, no markup, quotations left out.

Knows nothing of what sentences mean.  Everything is linear in the length of the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

MOST_CHARACTERS = 24_000
"""Of an answer that is read for its conduct, the last `TAIL` of a longer one among them."""
TAIL = 4_000
MOST_SENTENCE = 600
"""Characters of one sentence; what goes on is the next one."""

_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u2019\u2018\u02bc\u00b4`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011", "-"),
        "\u00a0": " ",
    }
)
_UNSEEN = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_MARKUP = re.compile(r"\*{1,3}|_{2,3}|~~|^\s{0,3}#{1,6}\s|^\s{0,3}>\s", re.M)
_SPACES = re.compile(r"[ \t\f\v]+")
_LABEL = re.compile(r"^\s*(?:assistant|answer|response|ai|bot)\s*:\s*", re.I)
_ENDS = re.compile(
    r"(?<=[.!?\u2026\u0964])[\"')\]]*\s+(?!\d{1,2}[.)] )|(?<=[\u3002\uff01\uff1f\u061f])|\n+"
    r"|(?<=,) (?=(?:but|however)\b)"
    r"|(?<=[:.,;]) (?=\(?\d{1,2}[.)] )"
)
_QUOTED = re.compile(r'"[^"\n]{3,400}"')
_SPEAKS = re.compile(r"\b(?:said|says|asked|replied|answered|whispered|shouted|cried|told)\b", re.I)
_ITEM = re.compile(r"^\s*(?:\(?\d{1,2}[.):]|[-\u2022*+]|[a-h][.)]|step\s+\d{1,2}\b)\s*", re.I)
_MARKER = re.compile(r"\s*\(?(?:\d{1,2}|[a-h])[.):]\s*")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_WIDE = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")


def flatten_text(text: str) -> str:
    """Return the text in plain form, with its case and lines; compatible and unseen characters made plain."""
    plain = _UNSEEN.sub("", unicodedata.normalize("NFKC", text).translate(_PLAIN))
    return _LABEL.sub("", _SPACES.sub(" ", _MARKUP.sub("", plain))).strip()


def keep_ends(text: str) -> str:
    """Return the beginning and the end of a text that is too long to be read whole."""
    if len(text) <= MOST_CHARACTERS:
        return text
    return text[: MOST_CHARACTERS - TAIL] + "\n" + text[-TAIL:]


def list_sentences(folded: str) -> list[str]:
    """Return the sentences of a folded text in lower case, each once in a row: a model in a loop says one thing."""
    found: list[str] = []
    marker = ""
    for one in _ENDS.split(folded.lower()):
        if _MARKER.fullmatch(one):
            marker = one.strip() + " "
            continue
        one, marker = marker + one, ""
        for start in range(0, len(one), MOST_SENTENCE):
            piece = one[start : start + MOST_SENTENCE].strip()
            if any(c.isalnum() for c in piece) and piece not in found[-4:]:
                found.append(piece)
    return found


def drop_quotations(folded: str) -> str:
    """Return a text without what stands in quotation marks, unless that is (nearly) all of it."""
    left = _QUOTED.sub(' " ', folded)
    if _SPEAKS.search(left):
        return left
    return left if 2 * len(left) > len(folded) or len(find_words(left)) > 12 else folded.replace('"', " ")


def is_item(sentence: str) -> bool:
    """Return whether a sentence is an item of a list."""
    return bool(_ITEM.match(sentence))


def find_words(text: str) -> list[str]:
    """Return the words of a text in lower case; of scripts without spaces, each character."""
    words: list[str] = []
    for word in _WORD.findall(text.lower()):
        words.extend(word if _WIDE.search(word) else [word])
    return words


def search_any(pattern: re.Pattern[str], sentences: Sequence[str]) -> str:
    """Return the first sentence in which a pattern is found; empty if there is none."""
    return next((one for one in sentences if pattern.search(one)), "")
