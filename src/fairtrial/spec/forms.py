"""What may be written of a task's forms: the settings of each.

What a form shows is in `fairtrial.tasks.variants`; here are names and settings, so that a mistake is told with its
line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from fairtrial.errors import did_you_mean
from fairtrial.spec.section import Count, Number, Positive, Section, Switch, make_problem
from fairtrial.spec.wording import word_problem


class FormSettings(Section):
    """Base of the settings of a form; ``NAME: VALUE`` is short for ``NAME: {FIRST SETTING: VALUE}``."""


class Permuted(FormSettings):
    """Options in another order."""


class PublishedOrder(FormSettings):
    """Stretches of items in the published order and in others."""


class Rendered(FormSettings):
    """The question's text as a picture."""

    size: Annotated[Positive, Field(ge=8, le=96)] = Field(20, description="Pixels an em of the letters.")
    width: Annotated[Count, Field(le=8192)] = Field(
        0, description="Width of the picture in pixels; default: the narrowest of a few in which it is not too high."
    )
    font: str = Field(
        "", description="A TrueType or OpenType file; default: the font of Pillow, else the wider one of matplotlib."
    )

    @model_validator(mode="after")
    def _has_room_for_letters(self) -> Rendered:
        if self.width and self.width < 4 * self.size + 32:
            raise make_problem(f"a picture {self.width} pixels wide has no room for letters of {self.size}", "width")
        return self


class Distractor(FormSettings):
    """The text after a picture that has nothing to do with it."""


class DataPicture(FormSettings):
    """The table in the question's text as a picture."""

    size: Annotated[Positive, Field(ge=8, le=96)] = Field(20, description="Pixels an em of the letters.")
    font: str = Field("", description="A TrueType or OpenType file; default as for 'rendered'.")


class Swapped(FormSettings):
    """The images of another item."""


KEEPS = "Right answers stay right under it: say so of a task that cannot tell it itself."


class Blur(FormSettings):
    """Pictures blurred."""

    radius: Annotated[Number, Field(gt=0, le=16)] = Field(1.5, description="Standard deviation of the blur in pixels.")


class Turn(FormSettings):
    """Pictures turned to one side or the other, and shrunk so that nothing is cut off."""

    degrees: Annotated[Number, Field(gt=0, le=30)] = Field(10.0, description="By how much.")
    keeps_answers: Switch = Field(False, description=KEEPS)


class Jpeg(FormSettings):
    """Pictures after JPEG compression."""

    quality: Annotated[Positive, Field(ge=10, le=95)] = Field(
        20, description="Of the compression, as in libjpeg; below 10 colours would turn into others."
    )


class Occlude(FormSettings):
    """Pictures behind thin slanting stripes."""

    share: Annotated[Number, Field(gt=0, le=0.5)] = Field(0.25, description="Of a picture that is covered.")
    keeps_answers: Switch = Field(False, description=KEEPS)


class Noise(FormSettings):
    """Pictures with noise."""

    strength: Annotated[Number, Field(gt=0, le=60)] = Field(
        10.0, description="Standard deviation of the noise in hundredths of the range of a channel."
    )


FORM_SETTINGS: Mapping[str, type[FormSettings]] = {
    "permuted": Permuted,
    "order": PublishedOrder,
    "rendered": Rendered,
    "inside": Rendered,
    "distractor": Distractor,
    "chart": DataPicture,
    "grid": DataPicture,
    "swapped": Swapped,
    "blur": Blur,
    "turn": Turn,
    "jpeg": Jpeg,
    "occlude": Occlude,
    "noise": Noise,
}
"""Name of a form, as a trial file writes it, to its settings; `fairtrial.tasks.variants.forms` has what makes it."""


def read_form(given: str | Mapping[str, Any]) -> tuple[str, FormSettings]:
    """Return the name of a form and its settings; raise pydantic's errors for one that does not exist or is wrong."""
    if isinstance(given, Mapping) and len(given) != 1:
        raise make_problem(f"each form has exactly one key, its name; got the keys {sorted(map(str, given))}")
    name, settings = (given, {}) if isinstance(given, str) else next(iter(given.items()))
    if name not in FORM_SETTINGS:
        raise make_problem(
            f"form {name!r} does not exist.{did_you_mean(str(name), FORM_SETTINGS)} Forms: {', '.join(FORM_SETTINGS)}"
        )
    model = FORM_SETTINGS[name]
    if not isinstance(settings, Mapping):
        if not model.model_fields:
            raise make_problem(f"form {name!r} has no settings; got {settings!r}")
        settings = {next(iter(model.model_fields)): settings}
    return name, model.model_validate(dict(settings))


TWINS = ("rendered", "inside", "distractor", "chart", "grid")
"""Forms that are the same questions to be seen instead of read; candidates are compared on each of them."""


DRAWN = ("rendered", "inside", "chart", "grid")
"""Twins that show as a picture what is text in the task itself."""


def name_form(given: str | Mapping[str, Any]) -> str:
    """Return the name of a form in tables: with the value of its first setting where that is written."""
    name, settings = read_form(given)
    first = next(iter(type(settings).model_fields), "")
    if first not in settings.model_fields_set:
        return name
    value = getattr(settings, first)
    return f"{name}-{value:g}" if isinstance(value, float) else f"{name}-{value}"


def _tell_problem(error: ValidationError, form: str) -> tuple[str, tuple[int | str, ...]]:
    """Return the first problem of a form's settings in our words, with what the setting is, and where it stands."""
    first = error.errors()[0]
    fields = FORM_SETTINGS[form].model_fields
    text = word_problem(first, sorted(fields), {}).removesuffix(".")
    setting = fields.get(str(first["loc"][0])) if first["loc"] else None
    about = f". {setting.description.removesuffix('.')}" if setting is not None and setting.description else ""
    return text + about, first["loc"]


def _check_forms(forms: tuple[Any, ...]) -> tuple[Any, ...]:
    names: list[str] = []
    for i, given in enumerate(forms):
        if not isinstance(given, str | Mapping):
            raise make_problem(f"a form is a name, or {{NAME: SETTINGS}}; got {given!r}", i)
        try:
            name = name_form(given)
        except ValidationError as error:
            text, inside = _tell_problem(error, str(next(iter(given))) if isinstance(given, Mapping) else given)
            at = [i, next(iter(given)), *inside] if isinstance(given, Mapping) else [i]
            raise PydanticCustomError("fairtrial", "{text}", {"text": text, "at": at}) from None
        except PydanticCustomError as error:
            raise make_problem(error.message().removesuffix("."), i) from None
        if name in names:
            raise make_problem(f"the form {name!r} is listed twice", i)
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
