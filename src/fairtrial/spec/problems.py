"""What is wrong with a user's file, in sentences: line, key, value seen, what is allowed, and what was probably meant.

Turns pydantic's errors into one `SpecError`.  Knows the sections of trial and candidate files.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from fairtrial.errors import SpecError, did_you_mean
from fairtrial.spec.graders import GRADER_SETTINGS, list_setting_names
from fairtrial.spec.levers import LEVER_SETTINGS, find_settings
from fairtrial.spec.trial import Trial
from fairtrial.spec.yamlfile import Location, Places


def find_sections(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Return the sections inside a section by the last word of their place: the key; of several kinds, the kind."""
    found: dict[str, type[BaseModel]] = {}
    for key, field in model.model_fields.items():
        inner = list(find_sections_in(field.annotation))
        for section in inner:
            kind = key if len(inner) == 1 else str(get_args(section.model_fields["name"].annotation)[0])
            found |= {kind: section, **find_sections(section)}
    return found


def find_sections_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the sections that a field may hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from find_sections_in(part)


SECTIONS: Mapping[str, type[BaseModel]] = find_sections(Trial)

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

Model = TypeVar("Model", bound=BaseModel)


def validate_section(model: type[Model], data: Any, places: Places) -> Model:
    """Return ``data`` as ``model``; raise one SpecError that lists every problem."""
    if not isinstance(data, dict):
        raise SpecError(
            f"expected keys and values, e.g. 'name: my-trial'; got {show_value(data)}.", where=places.where(())
        )
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = sorted({describe_problem(problem, model, places) for problem in flatten_errors(error)})
    if len(problems) == 1:
        raise SpecError(problems[0][1], where=f"{places.path}:{problems[0][0]}")
    listed = "\n".join(f"  {places.path}:{line}: {text}" for line, text in problems)
    raise SpecError(f"{len(problems)} problems:\n{listed}", where=str(places.path))


def describe_error(error: ValidationError) -> str:
    """Return what is wrong with a specification that stands in no file: one sentence a problem."""
    told = []
    for problem in flatten_errors(error):
        text = problem.get("ctx", {}).get("text")
        at, seen = format_location(problem["loc"]), show_value(problem["input"])
        told.append(f"{text}." if text else f"{at}: {problem['msg'].removeprefix('Value error, ')}; got {seen}.")
    return told[0] if len(told) == 1 else "\n".join([f"{len(told)} problems:", *(f"  {line}" for line in told)])


def flatten_errors(error: ValidationError) -> Iterator[Mapping[str, Any]]:
    """Yield pydantic's errors, those of a lever's or grader's settings in place of the one that wraps them."""
    for problem in error.errors():
        context = problem.get("ctx", {})
        at = (*problem["loc"], *context.get("at", ()))
        if problem["type"] == "too_short" and problem["input"]:
            continue  # the entries that are missing are those with errors of their own
        for inner in context.get("inner", ()):
            yield {**inner, "loc": (*at, *inner["loc"])}
        if "inner" not in context:
            yield {**problem, "loc": at}


def describe_problem(problem: Mapping[str, Any], model: type[BaseModel], places: Places) -> tuple[int, str]:
    """Return the line of a problem and a sentence about it: what is wrong, the value seen, what is allowed."""
    at: Location = problem["loc"]
    line, kind = places.line(at), problem["type"]
    if kind == "extra_forbidden":
        known = list_keys(model, at[:-1])
        return line, f"unknown key {at[-1]!r}.{did_you_mean(str(at[-1]), known)} Keys here: {', '.join(known)}."
    if kind == "missing":
        inside = f" in {format_location(at[:-1])}" if at[:-1] else ""
        return line, f"the key {at[-1]!r} is missing{inside}."
    if kind == "fairtrial":
        key = next((part for part in reversed(at) if isinstance(part, str)), "")
        text = str(problem["ctx"]["text"])
        return line, f"{text}." if key in text else f"{format_location(at)}: {text}."
    seen = places.written.get(at) or show_value(problem["input"])
    if kind == "literal_error":
        expected = str(problem["ctx"]["expected"])
        near = difflib.get_close_matches(str(problem["input"]), re.findall(r"'([^']*)'", expected), 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        return line, f"{format_location(at)} must be {expected}; got {seen}.{hint}"
    allowed = KINDS.get(kind) or problem["msg"].removeprefix("Input should be ")
    return line, f"{format_location(at)} must be {allowed}; got {seen}.{advise(problem, at, places)}"


def advise(problem: Mapping[str, Any], at: Location, places: Places) -> str:
    """Return what to write instead, where YAML's own rules have changed what was meant."""
    kind, value = problem["type"], problem["input"]
    if kind == "string_type" and at in places.written:
        return f' YAML reads it as {name_type(value)}; as text it is written "{places.written[at]}".'
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


def list_keys(model: type[BaseModel], at: Location) -> Sequence[str]:
    """Return the keys that are allowed at a location of a file that says a ``model``."""
    named = [part for part in at if isinstance(part, str)]
    key = named[-1] if named else ""
    if key in LEVER_SETTINGS:
        return sorted(find_settings(key).model_fields)
    if "grade" in named and key in GRADER_SETTINGS:
        return sorted(list_setting_names(key))
    section = SECTIONS.get(key, model)
    return sorted(section.model_fields)


def show_value(value: object) -> str:
    """Return a value as it is shown in an error, not too long."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
