"""Text to tokens and back: what every vocabulary can do, whichever library cuts the text.

Text from users, tasks and documents is never read as special tokens; only what a chat template itself writes is.
Knows nothing of requests or models.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fairtrial.engines.local.prefix_tree.trie import Tokens
from fairtrial.thoughts import Tags, find_markers

_MARK = re.compile("\ue0f0([0-9a-f]+)\ue0f1")
_LINE_END = re.compile("\n[A-Za-z]")
_LONG = 256  # characters from which on a shared beginning is worth remembering
EMPTY: Tokens = np.empty(0, dtype=np.int32)


@dataclass(frozen=True, slots=True)
class _Beginning:
    text: str
    tokens: Tokens
    special: bool


def _is_letter(text: str, at: int) -> bool:
    return at < len(text) and text[at].isascii() and text[at].isalpha()


def _count_common(a: str, b: str) -> int:
    """Return how many leading characters ``a`` and ``b`` have in common."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if a[low:middle] == b[low:middle] else (low, middle - 1)
    return low


class Vocabulary(ABC):
    """Encodes and decodes with the vocabulary of one model.

    Attributes:
        size: number of tokens.
        bos: begin-of-text token, or None if the model has none.
        prefix: the token that stands before a text scored from its beginning: bos, else the end-of-text token, or None.
        adds_bos: whether the model says that prompts begin with ``bos``.
        bos_text: ``bos`` as a chat template writes it; empty if there is none.
        eos_text: the end-of-text token as a chat template writes it; empty if there is none.
        special_texts: special tokens as text.
        kept: those of them that are not left out of what a model writes.
        cuts_lines: whether text is always cut where a line ends and a letter follows, as byte-pair tokenisers do that
            first cut text into words and spaces: what comes before such a point and what comes after it do not depend
            on each other there.
    """

    size: int
    bos: int | None
    prefix: int | None
    adds_bos: bool
    bos_text: str
    eos_text: str
    cuts_lines: bool

    def __init__(self, special_texts: Sequence[str]) -> None:
        """Remember ``special_texts``, the special tokens as text, so that they can be told from what users write."""
        texts = sorted(filter(None, special_texts), key=len, reverse=True)
        self.special_texts = frozenset(texts)
        self.kept: frozenset[str] = frozenset()
        self._shield = re.compile("|".join(map(re.escape, [*texts, "\ue0f0", "\ue0f1"])))
        self._beginning: _Beginning | None = None
        self._previous = ""

    @abstractmethod
    def _encode(self, text: str, special: bool) -> Tokens:
        """Return the tokens of ``text``, nothing added."""

    @abstractmethod
    def piece(self, token: int) -> bytes:
        """Return the bytes that ``token`` stands for; special tokens stand for nothing, unless they are ``kept``."""

    @abstractmethod
    def ends(self, token: int) -> bool:
        """Whether the model ends its answer with ``token``."""

    def keep(self, tags: Tags) -> None:
        """Let the special tokens by which thoughts are told from answers stand for their own text from now on."""
        self.kept = find_markers(tags, self.special_texts)

    def encode(self, text: str, *, special: bool = False) -> Tokens:
        """Return the tokens of ``text``, nothing added; ``special`` reads special tokens written in it.

        The beginning that many long texts share is tokenised once, up to a point where text is always cut
        (``cuts_lines``).
        """
        if not self.cuts_lines or len(text) < _LONG:
            return self._encode(text, special)
        known = self._beginning
        if known and known.special == special and text.startswith(known.text) and _is_letter(text, len(known.text)):
            return np.concatenate([known.tokens, self._encode(text[len(known.text) :], special)])
        tokens = self._encode(text, special)
        self._beginning = self._shared_beginning(text, tokens, special)
        self._previous = text
        return tokens

    def _shared_beginning(self, text: str, tokens: Tokens, special: bool) -> _Beginning | None:
        """Return what ``text`` shares with the text before it, up to a line's end, if it is long enough to be kept."""
        common = _count_common(self._previous, text)
        ends = [m.end() - 1 for m in _LINE_END.finditer(text, max(0, common - _LONG), common)]
        if not ends or ends[-1] < _LONG:
            return None
        rest = self._encode(text[ends[-1] :], special)
        at = len(tokens) - len(rest)
        if at <= 0 or not np.array_equal(tokens[at:], rest):
            return None
        return _Beginning(text[: ends[-1]], tokens[:at], special)

    def with_bos(self, tokens: Tokens) -> Tokens:
        """Return ``tokens`` after the begin-of-text token, if the model wants one and it is not there yet."""
        if not self.adds_bos or (len(tokens) and tokens[0] == self.bos):
            return tokens
        return np.concatenate([np.array([self.bos], dtype=np.int32), tokens])

    def shield(self, also: Sequence[str] = ()) -> tuple[Callable[[str], str], Callable[[str], Tokens]]:
        """Return a pair of functions: one that marks special tokens written in a text, one that encodes marked text.

        ``also`` are other texts to be marked, one or more characters each.

        The first is for what users, tasks and documents write; a template may then be put around it.  The second reads
        special tokens outside the marks, and the marked ones as plain characters.
        """
        raw: list[str] = []
        shield = re.compile("|".join(map(re.escape, also)) + "|" + self._shield.pattern) if also else self._shield

        def mark(text: str) -> str:
            return shield.sub(replacement, text)

        def replacement(match: re.Match[str]) -> str:
            raw.append(match.group())
            return f"\ue0f0{len(raw) - 1:x}\ue0f1"

        def encode(text: str) -> Tokens:
            parts = _MARK.split(text)
            if len(parts) == 1:
                return self.encode(text, special=True)
            pieces = [
                self.encode(raw[int(part, 16)]) if i % 2 else self.encode(part, special=True)
                for i, part in enumerate(parts)
            ]
            return np.concatenate(pieces)

        return mark, encode
