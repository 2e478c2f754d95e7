"""Finding the JSON in a written answer: all of it, a fenced block, or the largest value in running text.  Pure."""

from __future__ import annotations

import json
import re
from typing import Any

MOST_CHARACTERS = 200_000
"""Of an answer that are searched."""

_MOST_BEGINNINGS = 200
_FENCED = re.compile(r"^[ \t]*(`{3,}|~{3,})[^\n`~]*\n(.*?)^[ \t]*\1[ \t]*$", re.MULTILINE | re.DOTALL)
_BEGINS = re.compile(r"[{\[]")


class NoJsonError(ValueError):
    """There is no JSON in a text."""


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def parse_json(text: str) -> Any:
    """Return a text that is JSON, as its value.  Raises ValueError if it is none; NaN and infinities are none."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def find_json(text: str) -> Any:
    """Return the JSON value that a text gives as its answer.

    The whole text if it is JSON; else the last fenced block that is; else the longest object or list in it.

    Raises NoJsonError if there is none.
    """
    text = text.strip()[:MOST_CHARACTERS]
    for part in [text, *(found[2] for found in reversed(list(_FENCED.finditer(text))))]:
        try:
            return parse_json(part.strip())
        except ValueError:
            continue
    return _find_longest(text)


def _find_longest(text: str) -> Any:
    best, longest, at = None, 0, 0
    for _ in range(_MOST_BEGINNINGS):
        found = _BEGINS.search(text, at)
        if found is None:
            break
        try:
            value, end = _DECODER.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            at = found.end()
            continue
        if end - found.start() > longest:
            best, longest = value, end - found.start()
        at = end
    if not longest:
        raise NoJsonError("there is no JSON in the answer")
    return best
