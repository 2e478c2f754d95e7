"""Where the tokens that an endpoint tells stand in the text that it was given.  Pure.

The offsets that endpoints tell are not used: some count a begin-of-text token that is not in the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

PARTIAL = re.compile(r"^bytes:\\x.*|\ufffd+", re.DOTALL)
"""How endpoints write what is only some bytes of a character; others write nothing."""


def locate_tokens(tokens: Sequence[str], text: str) -> tuple[int, list[tuple[int, int]]] | None:
    """Return how many tokens stand before the text, and (start, end) in characters of each one of the text.

    A token that is only some bytes of a character starts and ends where that character does start.  Tokens after the
    end of the text are left out.  None if these are not the text's tokens.
    """
    for before in (0, 1):
        spans = _walk_tokens([token.replace("▁", " ") for token in tokens[before:]], text)
        if spans is not None:
            return before, spans
    return None


def _walk_tokens(tokens: Sequence[str], text: str) -> list[tuple[int, int]] | None:
    """Return (start, end) of each token, the first of which begins the text; None if one is not found in its place."""
    spans: list[tuple[int, int]] = []
    at = owing = 0  # characters passed, and tokens since then that may be parts of one more
    for token in tokens:
        if at >= len(text):
            break
        if not at and token.startswith(" ") and not text.startswith(" "):
            token = token[1:]  # some tokenisers put a space before every text
        start = at
        pieces = PARTIAL.split(token)
        if len(pieces) > 1 or not token:
            owing += 1
        for piece in filter(None, pieces):
            found = text.find(piece, at, at + len(piece) + owing)
            if found < 0:
                return None if at + owing < len(text) or not spans else spans
            start = found if piece == token else start
            at, owing = found + len(piece), 0
        if len(pieces) > 1 and not pieces[-1]:
            owing = 1
        spans.append((start, at))
    return spans if at + owing >= len(text) else None
