"""What may be written of a task's forms: the settings of each.

What a form shows is in `fairtrial.tasks.variants`; here are names and settings, so that a mistake is told with its
line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationError
from pydantic_core import PydanticCustomError

from fairtrial.errors import did_you_mean
from fairtrial.spec.section import Section, problem


class FormSettings(Section):
    """Base of the settings of a form; ``NAME: VALUE`` is short for ``NAME: {FIRST SETTING: VALUE}``."""


class Permuted(FormSettings):
    """Options in another order."""


class PublishedOrder(FormSettings):
    """Stretches of items in the published order and in others."""


FORM_SETTINGS: Mapping[str, type[FormSettings]] = {
    "permuted": Permuted,
    "order": PublishedOrder,
}
"""Name of a form, as a trial file writes it, to its settings; `fairtrial.tasks.variants.forms` has what makes it."""


def read_form(given: str | Mapping[str, Any]) -> tuple[str, FormSettings]:
    """Return the name of a form and its settings; raise pydantic's errors for one that does not exist or is wrong."""
    if isinstance(given, Mapping) and len(given) != 1:
        raise problem(f"each form has exactly one key, its name; got the keys {sorted(map(str, given))}")
    name, settings = (given, {}) if isinstance(given, str) else next(iter(given.items()))
    if name not in FORM_SETTINGS:
        raise problem(
            f"form {name!r} does not exist.{did_you_mean(str(name), FORM_SETTINGS)} Forms: {', '.join(FORM_SETTINGS)}"
        )
    model = FORM_SETTINGS[name]
    if not isinstance(settings, Mapping):
        if not model.model_fields:
            raise problem(f"form {name!r} has no settings; got {settings!r}")
        settings = {next(iter(model.model_fields)): settings}
    return name, model.model_validate(dict(settings))


def name_form(given: str | Mapping[str, Any]) -> str:
    """Return the name of a form in tables: with the value of its first setting where that is written."""
    name, settings = read_form(given)
    first = next(iter(type(settings).model_fields), "")
    return f"{name}-{getattr(settings, first)}" if first in settings.model_fields_set else name


def _check_forms(forms: tuple[Any, ...]) -> tuple[Any, ...]:
    names: list[str] = []
    for i, given in enumerate(forms):
        if not isinstance(given, str | Mapping):
            raise problem(f"a form is a name, or {{NAME: SETTINGS}}; got {given!r}", i)
        try:
            name = name_form(given)
        except ValidationError as error:
            first = error.errors()[0]
            at = [i, next(iter(given)), *first["loc"]] if isinstance(given, Mapping) else [i]
            raise PydanticCustomError("fairtrial", "{text}", {"text": first["msg"], "at": at}) from None
        except PydanticCustomError as error:
            raise problem(error.message().removesuffix("."), i) from None
        if name in names:
            raise problem(f"the form {name!r} is listed twice", i)
        names.append(name)
    return forms


Forms = Annotated[tuple[Any, ...], AfterValidator(_check_forms)]
"""Forms as they are written, each of which can be read."""


def make_form_schema() -> dict[str, Any]:
    """Return the JSON Schema of one form: its name, or its name with settings in full or in short."""
    forms = {}
    for name, model in FORM_SETTINGS.items():
        if model.model_fields:
            settings = model.model_json_schema()
            first = settings["properties"][next(iter(model.model_fields))]
            forms[name] = {"anyOf": [first, settings], "description": settings.pop("description", "")}
    named = {"enum": list(FORM_SETTINGS), "type": "string"}
    full = {"type": "object", "properties": forms, "additionalProperties": False, "minProperties": 1}
    return {"anyOf": [named, {**full, "maxProperties": 1}]} if forms else named
