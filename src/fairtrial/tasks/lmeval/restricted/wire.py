"""Values as JSON can carry them between the two processes, and back.

Beside JSON's own: NaN and infinities (as Python's JSON has them), dates, times, decimals and bytes, under a key that no
row has.  Tuples and sets arrive as lists, numbers and arrays of numpy as Python's.
"""

from __future__ import annotations

import base64
import datetime
import decimal
from collections.abc import Callable, Mapping
from typing import Any

_KEY = "\x00fairtrial"
_PARTS: Mapping[type, tuple[str, Callable[[Any], str]]] = {
    datetime.datetime: ("datetime", datetime.datetime.isoformat),
    datetime.date: ("date", datetime.date.isoformat),
    datetime.time: ("time", datetime.time.isoformat),
    decimal.Decimal: ("decimal", str),
    bytes: ("bytes", lambda value: base64.b64encode(value).decode()),
}
_BACK: Mapping[str, Callable[[str], Any]] = {
    "datetime": datetime.datetime.fromisoformat,
    "date": datetime.date.fromisoformat,
    "time": datetime.time.fromisoformat,
    "decimal": decimal.Decimal,
    "bytes": base64.b64decode,
}


def pack(value: Any) -> Any:
    """Return a value as JSON can hold it.  Raises TypeError, naming the type, for what cannot be carried."""
    kind = type(value)
    if kind in {str, int, float, bool, type(None)}:
        return value
    if isinstance(value, Mapping):
        if wrong := [key for key in value if not isinstance(key, str)]:
            raise TypeError(f"a key that is no text: {wrong[0]!r}")
        return {key: pack(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [pack(part) for part in value]
    if isinstance(value, set | frozenset):
        return [pack(part) for part in sorted(value, key=repr)]
    if kind in _PARTS:
        name, write = _PARTS[kind]
        return {_KEY: [name, write(value)]}
    for base in (str, bool, int, float):  # of a subclass, such as numpy's float64
        if isinstance(value, base):
            return base(value)
    if callable(convert := getattr(value, "tolist", None)):
        return pack(convert())
    raise TypeError(f"a value of the type {kind.__name__}")


def unpack(value: Any) -> Any:
    """Return what `pack` was given."""
    if isinstance(value, list):
        return [unpack(part) for part in value]
    if isinstance(value, dict):
        if len(value) == 1 and _KEY in value:
            name, text = value[_KEY]
            return _BACK[name](text)
        return {key: unpack(part) for key, part in value.items()}
    return value
