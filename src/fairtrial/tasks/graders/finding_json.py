"""Finding the JSON in a written answer: all of it, a fenced block, or the largest value in running text.  Pure."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from math import isfinite
from typing import Any

MOST_CHARACTERS = 200_000
"""Of an answer that is searched; one that is longer has no readable JSON."""

MOST_VALUES = 10_000
"""Numbers, texts, lists, objects and so on in the JSON of an answer."""

MOST_LEVELS = 30
"""Of lists and objects inside each other."""

MOST_KEY = 1_000
"""Characters in the name of a field."""

_MOST_BEGINNINGS = 200
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})([^`~]*)\Z")
_BEGINS = re.compile(r"[{\[]")


class NoJsonError(ValueError):
    """There is no JSON in a text, or more than is looked at."""


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _read_float(text: str) -> float:
    """Return a number.  Raises ValueError for 1e400 and the like, which is JSON but no number that can be compared."""
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"the number {text:.40} is too large")
    return number


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_read_float)


def parse_answer_json(text: str) -> Any:
    """Return a text that is JSON, as its value.  Raises ValueError if it is none; NaN and 1e400 are none."""
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_read_float)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def find_json(text: str) -> Any:
    """Return the JSON value that a text gives as its answer.

    The whole text if it is JSON; else the last fenced block that is; else the longest object or list in it.

    Raises NoJsonError if there is none, or it is larger or deeper than what is looked at.
    """
    text = text.strip()
    if len(text) > MOST_CHARACTERS:
        raise NoJsonError(f"the answer has {len(text):,} characters; at most {MOST_CHARACTERS:,} are searched")
    for part in [text, *reversed(list(_list_blocks(text)))]:
        try:
            value = parse_answer_json(part.strip())
        except ValueError:
            continue
        return _check_size(value)
    return _check_size(_find_longest(text))


def _list_blocks(text: str) -> Iterator[str]:
    """Yield what stands between lines of three or more backticks or tildes, each block closed by the same mark."""
    lines = text.split("\n")
    marks = [_FENCE.match(line.rstrip("\r")) for line in lines]
    closing: dict[str, list[int]] = {}
    for number, mark in enumerate(marks):
        if mark and not mark[2].strip():
            closing.setdefault(mark[1], []).append(number)
    free = 0
    for number, mark in enumerate(marks):
        if mark is None or number < free:
            continue
        ends = closing.get(mark[1], [])
        if (at := bisect_right(ends, number)) < len(ends):
            yield "\n".join(lines[number + 1 : ends[at]])
            free = ends[at] + 1


def _check_size(value: Any) -> Any:
    """Return the value.  Raises NoJsonError if it holds too much, so that comparing it takes a bounded time."""
    waiting, seen = [(value, 0)], 0
    while waiting:
        one, level = waiting.pop()
        seen += 1
        inside = list(one.values()) if isinstance(one, dict) else one if isinstance(one, list) else []
        if isinstance(one, dict) and any(len(name) > MOST_KEY for name in one):
            raise NoJsonError(f"its JSON has a field whose name is longer than {MOST_KEY:,} characters")
        if inside and level == MOST_LEVELS:
            raise NoJsonError(f"its JSON is nested more than {MOST_LEVELS} levels deep")
        if seen + len(waiting) + len(inside) > MOST_VALUES:
            raise NoJsonError(f"its JSON holds more than {MOST_VALUES:,} values")
        waiting += [(part, level + 1) for part in inside]
    return value


def _find_longest(text: str) -> Any:
    best, longest, at, read = None, 0, 0, 0
    for _ in range(_MOST_BEGINNINGS):
        found = _BEGINS.search(text, at)
        if found is None or read > 4 * MOST_CHARACTERS:
            break
        try:
            value, end = _DECODER.raw_decode(text, found.start())
        except (ValueError, RecursionError) as error:
            at = found.end()
            read += (error.pos if isinstance(error, json.JSONDecodeError) else len(text)) - at
            continue
        if end - found.start() > longest:
            best, longest = value, end - found.start()
        at = end
    if not longest:
        raise NoJsonError("there is no JSON in the answer")
    return best
