"""A text as the published rules count it: words, lines, paragraphs, each made once; and a rule that is broken."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
"""Scripts that write no spaces between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""
_WORDS = re.compile(r"\w+(?:['’-]\w+)*|\.{2,}|[^\w\s]")
_MIXED_WORDS = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+(?:['’-][^\W{_UNSPACED}]+)*|\.{{2,}}|[^\w\s]")
_WIDE = re.compile(f"[{_UNSPACED}]")
_PARAGRAPHS = re.compile(r"\n{2,}")
_LINES = re.compile(r"\n+")


@dataclass(frozen=True, slots=True)
class Broken:
    """A published rule that a text breaks.

    Attributes:
        rule: its name, e.g. ``dup_line_frac``.
        value: of the text.
        limit: beyond which the rule is broken; None for rules without a number.
    """

    rule: str
    value: float | None = None
    limit: float | None = None

    @property
    def detail(self) -> str:
        """Value and limit, for people."""
        if self.value is None or self.limit is None:
            return ""
        sign = ">" if self.value > self.limit else "<"
        return f"{_write(self.value)} {sign} {_write(self.limit)}"


def _write(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.4g}"


class MeasuredText:
    """A text with what rules count of it.

    Words are runs of letters and digits, with apostrophes and hyphens inside; every mark of punctuation is a token of
    its own, as the tokenizers of the published pipelines have it.  Of scripts without spaces each character is a word.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def tokens(self) -> list[str]:
        """Words and marks, in order."""
        return (_MIXED_WORDS if self.has_unspaced else _WORDS).findall(self.text)

    @cached_property
    def words(self) -> list[str]:
        """Tokens with a letter or digit."""
        return [one for one in self.tokens if one[0].isalnum() or (one[0] == "_" and any(map(str.isalnum, one)))]

    @cached_property
    def has_unspaced(self) -> bool:
        """Whether some of it is of a script that writes no spaces."""
        return not self.text.isascii() and _WIDE.search(self.text) is not None

    @cached_property
    def is_unspaced(self) -> bool:
        """Whether most of its letters are of such a script; what counts words means nothing then."""
        if not self.has_unspaced:
            return False
        return 2 * len(_WIDE.findall(self.text)) > sum(map(str.isalnum, self.text))

    @cached_property
    def filled_lines(self) -> list[str]:
        """Lines that are not empty, as they are."""
        return [line for line in self.text.split("\n") if line.strip()]

    @cached_property
    def lines(self) -> list[str]:
        """Pieces between runs of line feeds."""
        return _LINES.split(self.text)

    @cached_property
    def paragraphs(self) -> list[str]:
        """Pieces between empty lines."""
        return _PARAGRAPHS.split(self.text.strip())


def count_duplicates(pieces: list[str]) -> tuple[int, int]:
    """Return how many pieces repeat an earlier one, and how many characters these have."""
    unique = set(pieces)
    if len(unique) == len(pieces):
        return 0, 0
    return len(pieces) - len(unique), sum(map(len, pieces)) - sum(map(len, unique))
