"""What a filter, a test or a method of a value costs before it runs, where that is more than looking at its input.

Everything that can make much out of little has an entry here: widths, repetitions, separators, number formats.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from jinja2.exceptions import SecurityError
from jinja2.utils import _PassArg

from fairtrial.sandbox.meter import TooMuchWorkError, list_weighed, spend, weigh, weigh_steps

MOST_WIDTH = 10_000
"""Largest width, precision or indent that a template may ask for."""

_Arguments = tuple[Any, ...]
_Cost = Callable[[_Arguments], _Arguments]

_CONVERSION = re.compile(r"%(\([^()]*\))?[-+ #0]*(\*|\d*)(?:\.(\*|\d*))?[hlL]?(.)?", re.DOTALL)
_LONG_NUMBER = re.compile(r"\d{6,}")


def check_width(*numbers: Any) -> None:
    """Raise TooMuchWorkError for a width, precision or indent beyond `MOST_WIDTH`."""
    for number in numbers:
        if isinstance(number, int) and abs(number) > MOST_WIDTH:
            raise TooMuchWorkError(f"it asks for a width of {number:,}; at most {MOST_WIDTH:,}")


def check_percent(form: Any, values: Any) -> None:
    """Raise TooMuchWorkError for a ``%`` format that makes more than its values have, and use up what it makes."""
    text = form.decode("latin-1") if isinstance(form, bytes) else str(form)
    given = values if isinstance(values, tuple) else (values,)
    for key, width, precision, kind in _CONVERSION.findall(text):
        if kind in {"(", ")"}:
            raise TooMuchWorkError(f"the format {text[:80]!r} has a key with brackets in it: {key}")
        for number in (width, precision):
            if number == "*":
                check_width(*given)
                spend(MOST_WIDTH >> 3)
            elif number:
                check_width(int(number[:10]))
                spend(int(number) >> 3)
        weigh(values)  # each conversion writes one of them, and a mapping's may be written again and again


def check_spec(spec: str) -> None:
    """Raise TooMuchWorkError for a format specification (``:>20``) that asks for too great a width."""
    for number in re.findall(r"\d+", spec):
        check_width(int(number[:10]))
        spend(int(number[:10]) >> 3)


def repeat(value: Any, times: Any) -> None:
    """Use up what ``value * times`` makes."""
    for one, count in ((value, times), (times, value)):
        if isinstance(one, str | bytes | list | tuple) and isinstance(count, int):
            spend(weigh_steps(one) * max(0, min(count, 1 << 40)))
            return


def _fill_up(arguments: _Arguments, count: int) -> list[Any]:
    return [*arguments, *[None] * count][:count]


def _charge_padding(arguments: _Arguments) -> _Arguments:
    check_width(*arguments[1:])
    spend(sum(number for number in arguments[1:] if isinstance(number, int) and number > 0))
    return arguments


def _charge_lines(arguments: _Arguments) -> _Arguments:
    text, width = str(arguments[0]), _fill_up(arguments, 2)[1]
    check_width(width)
    size = len(width) if isinstance(width, str) else width if isinstance(width, int) else 8
    spend((len(text.splitlines()) + text.count("\t") + 1) * max(size, 0) >> 3)
    return arguments


def _charge_replacing(arguments: _Arguments) -> _Arguments:
    text, old, new = (str(part) if part is not None else "" for part in _fill_up(arguments, 3))
    spend((text.count(old) if old else len(text) + 1) * len(new) >> 3)
    return arguments


def _charge_joining(arguments: _Arguments) -> _Arguments:
    values, separator = _fill_up(arguments, 2)
    values = list_weighed(values)
    spend(len(values) * len(str(separator or "")) >> 3)
    return (values, *arguments[1:])


def _charge_joining_by(arguments: _Arguments) -> _Arguments:
    if len(arguments) != 2:
        return arguments
    return (arguments[0], *_charge_joining((arguments[1], arguments[0]))[:1])


def _charge_summing(arguments: _Arguments) -> _Arguments:
    values = list_weighed(arguments[0])
    if not all(isinstance(part, int | float) for part in arguments[2:]):
        spend(len(values) * weigh_steps(values))  # lists are copied at every addition
    return (values, *arguments[1:])


def _check_format(arguments: _Arguments) -> _Arguments:
    check_percent(arguments[0], arguments[1:])
    return arguments


def _charge_comparing(arguments: _Arguments) -> _Arguments:
    values = list_weighed(arguments[0]) if not isinstance(arguments[0], Mapping) else arguments[0]
    spend(20 * weigh_steps(values))
    return (values, *arguments[1:])


def _charge_square(arguments: _Arguments) -> _Arguments:
    spend(len(str(arguments[0])) ** 2 >> 6)
    return _charge_padding(arguments)


def _charge_wrapping(arguments: _Arguments) -> _Arguments:
    text, width, _, between = _fill_up(arguments, 4)
    check_width(width)
    lines = len(str(text)) // max(1, width if isinstance(width, int) else 79) + str(text).count("\n") + 1
    spend(lines * (len(str(text)) + 8 * len(str(between or ""))) >> 3)
    return arguments


def _charge_characters(arguments: _Arguments) -> _Arguments:
    if isinstance(arguments[0], str | bytes):
        spend(len(arguments[0]))
    return arguments


def _charge_json(arguments: _Arguments) -> _Arguments:
    indent = _fill_up(arguments, 2)[1]
    if indent is not None:
        check_width(indent)
        spend(weigh_steps(arguments[0]) * (len(indent) if isinstance(indent, str) else max(0, int(indent))) >> 1)
    return arguments


def _refuse_method(arguments: _Arguments) -> _Arguments:
    raise SecurityError("this method is not allowed in a template")


def _check_encoding(arguments: _Arguments) -> _Arguments:
    if any(
        str(part).lower() not in {"utf-8", "utf8", "ascii", "latin-1", "strict", "ignore", "replace"}
        for part in arguments[1:]
    ):
        raise SecurityError("only utf-8, ascii and latin-1 are allowed in a template")
    return arguments


FILTER_COSTS: Mapping[str, _Cost] = {
    "center": _charge_padding, "batch": _charge_padding, "slice": _charge_padding, "truncate": _charge_padding,
    "round": _charge_padding, "indent": _charge_lines, "replace": _charge_replacing, "join": _charge_joining,
    "sum": _charge_summing, "format": _check_format, "sort": _charge_comparing, "unique": _charge_comparing,
    "min": _charge_comparing, "max": _charge_comparing, "groupby": _charge_comparing, "dictsort": _charge_comparing,
    "wordwrap": _charge_wrapping, "striptags": _charge_square, "list": _charge_characters,
    "reverse": _charge_characters, "map": _charge_characters, "select": _charge_characters,
    "reject": _charge_characters, "tojson": _charge_json, "pprint": _charge_comparing,
}  # fmt: skip
LEFT_OUT = ("urlize",)
"""Filters that no prompt needs and that take time without measure."""

_COMPARING = (
    "eq", "==", "equalto", "ne", "!=", "lt", "lessthan", "<", "gt", "greaterthan", ">", "le", "<=", "ge", ">=", "in",
    "divisibleby", "lower", "upper",
)  # fmt: skip
"""Tests that look at all of a value."""

METHOD_COSTS: Mapping[str, _Cost] = {
    "center": _charge_padding, "ljust": _charge_padding, "rjust": _charge_padding, "zfill": _charge_padding,
    "expandtabs": _charge_lines, "replace": _charge_replacing, "join": _charge_joining_by,
    "split": _charge_characters, "rsplit": _charge_characters, "splitlines": _charge_characters,
    "translate": _refuse_method, "maketrans": _refuse_method, "to_bytes": _refuse_method,
    "from_bytes": _refuse_method, "encode": _check_encoding, "decode": _check_encoding, "striptags": _charge_square,
}  # fmt: skip


def guard_filter(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that uses up the steps of what it is given and of what it makes."""
    skip = 0 if _PassArg.from_obj(function) is None else 1
    cost = FILTER_COSTS.get(name)
    shape = inspect.signature(function) if cost else None
    outer = skip if _PassArg.from_obj(inspect.unwrap(function)) is None else 0  # an argument its signature lacks

    @wraps(function)
    def call(*given: Any, **named: Any) -> Any:
        spend(1)
        for value in given[skip:]:
            weigh(value)
        for value in named.values():
            weigh(value)
        if cost is not None and shape is not None:
            if named:
                bound = shape.bind(*given[outer:], **named)
                bound.apply_defaults()
                given, named = (*given[:outer], *bound.args), bound.kwargs
            given = (*given[:skip], *cost(given[skip:]))
            if named:
                check_percent(given[skip], named)
        result = function(*given, **named)
        if isinstance(result, str | list):
            spend(len(result) >> 3)
        return result

    return call


def guarded_test(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a test (``is even``) that uses up the steps of what it looks at."""
    whole = name in _COMPARING

    @wraps(function)
    def call(*given: Any, **named: Any) -> Any:
        spend(1)
        if whole:
            for value in (*given, *named.values()):
                weigh(value)
        return function(*given, **named)

    return call
