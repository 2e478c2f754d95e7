"""Grades as logs write them: numbers, truth values, words.  Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

WORDS: Mapping[str, float] = {
    **dict.fromkeys(("true", "yes", "y", "pass", "passed", "correct", "right", "c"), 1.0),
    **dict.fromkeys(("false", "no", "n", "fail", "failed", "incorrect", "wrong", "i"), 0.0),
}
"""What people and tools write for right and wrong."""


def read_grade(value: Any) -> float | None:
    """Return a grade as a number: right is 1, wrong 0; None for what is no grade."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float):
        try:
            number = float(value)
        except OverflowError:
            return None
        return number if math.isfinite(number) else None
    if not isinstance(value, str):
        return None
    text = value.strip()
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and not text.lower().startswith(("nan", "inf")) else None


def is_missing(value: Any) -> bool:
    """Return whether a cell holds nothing: empty, null, or the not-a-number that tables with gaps become."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    return isinstance(value, str) and value.strip().lower() in ("", "na", "n/a", "nan", "null", "none", "-")


def find_bounds(values: Iterable[float]) -> tuple[tuple[float, float] | None, bool]:
    """Return the smallest and largest possible value of a measure by the values seen, and whether that is a guess.

    Values from 0 to 1 are shares.  A few whole numbers (scales such as 1 to 5) are taken to be a scale that ends where
    the values end, which is a guess; anything else has no bounds.
    """
    seen = set(values)
    if not seen:
        return (0.0, 1.0), False
    low, high = min(seen), max(seen)
    if low >= 0 and high <= 1:
        return (0.0, 1.0), False
    if len(seen) <= 11 and 0 <= low < high <= 100 and all(value.is_integer() for value in seen):
        return (low, high), True
    return None, False
