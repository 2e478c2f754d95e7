"""Problems of what a user has written, in sentences: the key, the value seen, what is allowed, what was meant.

Turns pydantic's errors into words; knows no section and no file.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from fairtrial.errors import did_you_mean
from fairtrial.spec.yamlfile import Location

KINDS: Mapping[str, str] = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "tuple_type": "a list, e.g. [a, b]",
    "dict_type": "a key and a value, e.g. {key: value}",
    "model_type": "keys and values, e.g. {key: value}",
    "too_short": "a list with at least one entry",
    "string_too_short": "some text",
    "string_pattern_mismatch": "1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit",
}
"""Pydantic's kind of error to what is allowed."""


def describe_error(error: ValidationError, keys: Sequence[str] = ()) -> str:
    """Return what is wrong with a specification that stands in no file: one sentence a problem.

    Args:
        error: of pydantic.
        keys: that are allowed in the specification itself.
    """
    told = [word_problem(problem, keys if len(problem["loc"]) == 1 else (), {}) for problem in flatten_errors(error)]
    return told[0] if len(told) == 1 else "\n".join([f"{len(told)} problems:", *(f"  {line}" for line in told)])


def flatten_errors(error: ValidationError) -> Iterator[Mapping[str, Any]]:
    """Yield pydantic's errors, those of a lever's or grader's settings in place of the one that wraps them."""
    for problem in error.errors():
        context = problem.get("ctx", {})
        at = (*problem["loc"], *context.get("at", ()))
        if _is_told_already(problem):
            continue
        for inner in context.get("inner", ()):
            if not _is_told_already(inner):
                yield {**inner, "loc": (*at, *inner["loc"])}
        if "inner" not in context:
            yield {**problem, "loc": at}


def _is_told_already(problem: Mapping[str, Any]) -> bool:
    """Return whether a list is too short only because its entries have errors of their own."""
    return bool(problem["type"] == "too_short" and problem["input"])


def word_problem(problem: Mapping[str, Any], keys: Sequence[str], written: Mapping[Location, str]) -> str:
    """Return a sentence about a problem: what is wrong, the value seen, what is allowed.

    Args:
        problem: of `flatten_errors`.
        keys: that are allowed where an unknown one stands.
        written: location to what stands there in a file, where YAML has made something else of it.
    """
    at: Location = problem["loc"]
    kind = problem["type"]
    if kind == "extra_forbidden":
        listed = f"{did_you_mean(str(at[-1]), keys)} Keys here: {', '.join(keys)}." if keys else ""
        inside = f" in {format_location(at[:-1])}" if at[:-1] and not keys else ""
        return f"unknown key {at[-1]!r}{inside}.{listed}"
    if kind == "missing":
        inside = f" in {format_location(at[:-1])}" if at[:-1] else ""
        return f"the key {at[-1]!r} is missing{inside}."
    if kind == "fairtrial":
        key = next((part for part in reversed(at) if isinstance(part, str)), "")
        text = str(problem["ctx"]["text"])
        return f"{text}." if key in text else f"{format_location(at)}: {text}."
    seen = written.get(at) or show_value(problem["input"])
    if kind == "literal_error":
        expected = str(problem["ctx"]["expected"])
        near = difflib.get_close_matches(str(problem["input"]), re.findall(r"'([^']*)'", expected), 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        return f"{format_location(at)} must be {expected}; got {seen}.{hint}"
    allowed = KINDS.get(kind) or problem["msg"].removeprefix("Input should be ")
    return f"{format_location(at)} must be {allowed}; got {seen}.{advise(problem, at, written)}"


def advise(problem: Mapping[str, Any], at: Location, written: Mapping[Location, str]) -> str:
    """Return what to write instead, where YAML's own rules have changed what was meant."""
    kind, value = problem["type"], problem["input"]
    if kind == "string_type" and at in written:
        return f' YAML reads it as {name_type(value)}; as text it is written "{written[at]}".'
    if kind in {"int_type", "float_type"} and isinstance(value, str):
        try:
            number = float(value)
            return (
                f" Write {number:.12g}, without quotes."
                if math.isfinite(number) and "e" not in value.lower()
                else (f" YAML takes it for text; write {number:.12g}." if math.isfinite(number) else "")
            )
        except ValueError:
            return ""
    if kind == "tuple_type" and isinstance(value, str | dict):
        return f" Write [{value if isinstance(value, str) else show_mapping(value)}]." if len(str(value)) < 60 else ""
    return ""


def name_type(value: object) -> str:
    """Return what YAML has made of an unquoted word."""
    words = {bool: "true or false", int: "a number", float: "a number", type(None): "nothing"}
    return words.get(type(value), "a date")


def show_mapping(value: Mapping[str, object]) -> str:
    """Return a mapping as YAML in one line."""
    return "{" + ", ".join(f"{key}: {inner}" for key, inner in value.items()) + "}"


def format_location(at: Location) -> str:
    """Return a location as people write it, e.g. ``candidates[0].model``."""
    text = ""
    for part in at:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def show_value(value: object) -> str:
    """Return a value as it is shown in an error, not too long."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
