"""JSON of clients, read so that nobody waits for long: what takes the interpreter much time is refused beforehand."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from fairtrial.serve.errors import ApiError

MOST_MARKS = 1_000_000
"""Commas, brackets, colons and backslashes of a body, in its texts, too: about as many values and escapes it may have.
The parser cannot be interrupted, and a list of two bytes becomes 56."""
MARKS = b",[{:\\"
_HALF = re.compile(rb"\\u[dD][89a-fA-F]|\0")
"""What a body has where half of a character may stand: a JSON escape of one, or UTF-16."""
_SURROGATE = re.compile("[\ud800-\udfff]")


def read_json(data: bytes) -> Any:
    """Return JSON values in which half of a character, as of a text that was cut in an emoji, is U+FFFD.

    UTF-8 cannot have such halves, so that neither an answer nor a ledger could.

    Raises ApiError for what is no JSON, or has too many values.
    """
    if len(data) > MOST_MARKS and (found := count_marks(data)) > MOST_MARKS:
        told = f"the body has {found:,} commas, brackets, colons and backslashes; {MOST_MARKS:,} are allowed."
        raise ApiError(400, told, code="body_too_complex")
    try:
        value = json.loads(data, parse_constant=_refuse_constant)
        return _mend(value) if _may_have_halves(data) else value
    except RecursionError:
        raise ApiError(400, "the body is nested too deeply.") from None
    except ValueError as error:
        said = "a number has too many digits" if "integer string" in str(error) else str(error)[:200]
        raise ApiError(400, f"the body is no JSON: {said}.") from None


def count_marks(data: bytes) -> int:
    """Return how many signs a body has that make values or escapes."""
    return sum(data.count(bytes([mark])) for mark in MARKS)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"it has no number {name}")


def _may_have_halves(data: bytes) -> bool:
    if b"\0" in data or (b"\\u" in data and _HALF.search(data)):
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return True
    return False


def _mend(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, dict):
        return {_mend(key): _mend(held) for key, held in value.items()}
    if isinstance(value, list):
        return [_mend(one) for one in value]
    return value
