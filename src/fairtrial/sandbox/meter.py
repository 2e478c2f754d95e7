"""Counts the work that one template does, in steps, and stops it when they are used up.

A step is one node of the template executed, one element of a list looked at, or eight characters of text made or read.
Steps are counted and not timed, so that a template that is refused on one machine is refused on all.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

from jinja2 import TemplateRuntimeError
from jinja2.utils import Namespace

STEPS = 2_000_000
"""Steps that one rendering may take: about a second, and at most 16 million characters."""

MANY, MANY_STEPS, AVERAGE = 50, 10_000_000, 30_000
"""Rendered so often, and with so many steps in all, a template may take so many on average: some 15 ms."""

MOST_BITS = 16_000
"""Size of the largest whole number; Python writes no number of more than 4,300 digits (14,285 bits)."""

MOST_DEPTH = 100
"""Levels of lists within lists; some of Python's own functions crash on very deep ones."""

_SHORT = 64
_SMALL = 1 << 63
_FREE = frozenset({bool, float, type(None)})


class TooMuchWorkError(TemplateRuntimeError):
    """A template takes more steps, or makes larger numbers or deeper lists, than any prompt needs."""


class _Left(threading.local):
    steps = 0


_left = _Left()


def begin() -> int:
    """Give this thread the steps of one rendering; return how many it had, for `end`."""
    before, _left.steps = _left.steps, STEPS
    return before


def end(before: int) -> int:
    """Give this thread back the steps that it had before `begin`; return how many were used up since."""
    used, _left.steps = STEPS - _left.steps, before
    return used


def spend(steps: int) -> None:
    """Use up steps.  Raises TooMuchWorkError when there are none left."""
    left = _left.steps = _left.steps - steps
    if left < 0:
        raise TooMuchWorkError(f"it takes more than {STEPS:,} steps or {8 * STEPS:,} characters")


def weigh(value: Any) -> Any:
    """Use up the steps that it takes to look at all of a value, and return the value.

    Short texts and single numbers are free: the step of the node that holds them pays for them.

    Raises TooMuchWorkError if too few steps are left, for a huge number, and for lists nested too deeply.
    """
    kind = type(value)
    if kind is str:
        if len(value) > _SHORT:
            spend(len(value) >> 3)
    elif kind is list or kind is tuple:
        steps = len(value)
        for part in value:
            if type(part) is not str:
                weigh_steps(value)
                return value
            steps += len(part) >> 3
        spend(steps)
    elif kind not in _FREE and not (kind is int and -_SMALL < value < _SMALL):
        weigh_steps(value)
    return value


def weigh_steps(value: Any) -> int:
    """Return the steps that `weigh` takes, after they have been used up."""
    total = 0
    waiting: list[tuple[Any, int]] = [(value, 0)]
    while waiting:
        one, depth = waiting.pop()
        steps, inside = _look(one)
        spend(steps)
        total += steps
        if inside:
            if depth == MOST_DEPTH:
                raise TooMuchWorkError(f"it nests lists more than {MOST_DEPTH} levels deep")
            spend(len(inside))
            waiting += [(part, depth + 1) for part in inside]
    return total


def _look(value: Any) -> tuple[int, list[Any]]:
    """Return the steps of a value without what it holds, and what it holds."""
    if isinstance(value, str | bytes):
        return 1 + (len(value) >> 3), []
    if isinstance(value, int):
        if value.bit_length() > MOST_BITS:
            raise TooMuchWorkError(f"it makes a number of more than {MOST_BITS:,} bits")
        return 1, []
    if isinstance(value, Mapping):
        spend(2 * len(value))
        return 1, [part for pair in value.items() for part in pair]
    if isinstance(value, range):
        return 1 + len(value), []
    if isinstance(value, list | tuple | set | frozenset | type({}.items()) | type({}.keys()) | type({}.values())):
        spend(len(value))
        return 1, list(value)
    if isinstance(value, Namespace):
        return 1, list(object.__getattribute__(value, "_Namespace__attrs").values())
    return 1, []


def list_weighed(values: Iterable[Any]) -> list[Any]:
    """Return the values as a list, weighed as they come, so that an endless iterator is stopped."""
    return [weigh(value) for value in values]
