"""What is wrong with a user's file, in sentences: line, key, value seen, what is allowed, and what was probably meant.

Turns pydantic's errors into one `SpecError`.  Knows the sections of trial and candidate files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from fairtrial.errors import SpecError
from fairtrial.spec.graders import GRADER_SETTINGS, list_setting_names
from fairtrial.spec.levers import LEVER_SETTINGS, find_settings
from fairtrial.spec.trial import Trial
from fairtrial.spec.wording import flatten_errors, show_value, word_problem
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

_Model = TypeVar("_Model", bound=BaseModel)


def validate_section(model: type[_Model], data: Any, places: Places) -> _Model:
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


def describe_problem(problem: Mapping[str, Any], model: type[BaseModel], places: Places) -> tuple[int, str]:
    """Return the line of a problem and a sentence about it: what is wrong, the value seen, what is allowed."""
    at: Location = problem["loc"]
    keys = list_keys(model, at[:-1]) if problem["type"] == "extra_forbidden" else ()
    return places.line(at), word_problem(problem, keys, places.written)


def list_keys(model: type[BaseModel], at: Location) -> Sequence[str]:
    """Return the keys that are allowed at a location of a file that says a ``model``."""
    named = [part for part in at if isinstance(part, str)]
    key = named[-1] if named else ""
    levers = [i for i, part in enumerate(named) if part in LEVER_SETTINGS]
    if levers and levers[-1] < len(named) - 1:
        inside = find_section_at(find_settings(named[levers[-1]]), named[levers[-1] + 1 :])
    else:
        inside = find_section_at(model, named)
    if named and inside is not None:
        return sorted(inside.model_fields)
    if key in LEVER_SETTINGS:
        return sorted(find_settings(key).model_fields)
    if "grade" in named and key in GRADER_SETTINGS:
        return sorted(list_setting_names(key))
    section = SECTIONS.get(key, model)
    return sorted(section.model_fields)


def find_section_at(model: type[BaseModel], named: Sequence[str]) -> type[BaseModel] | None:
    """Return the section at the end of a path of keys; None if there is none, or may be one of several."""
    section = model
    for key in named:
        field = section.model_fields.get(key)
        inner = list(find_sections_in(field.annotation)) if field is not None else []
        if len(inner) != 1:
            return None
        section = inner[0]
    return section
