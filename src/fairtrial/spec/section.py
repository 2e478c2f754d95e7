"""What all parts of a user's file have in common: the base class, and the kinds of value.

Numbers are strict: text that looks like a number, and true for 1, are mistakes and not values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError, core_schema

from fairtrial.plugins import plugin_names

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
LONGEST_NAME = 64
LARGEST = 2**31 - 1


def make_problem(text: str, *at: str | int) -> PydanticCustomError:
    """Return an error for a validator to raise.

    Args:
        text: one or more sentences, without the last full stop.
        at: the place that it is about, as seen from what the validator checks.
    """
    return PydanticCustomError("fairtrial", "{text}", {"text": text, "at": list(at)})


def check_unique(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return ``values``; raise pydantic's error if one is there twice."""
    seen = set[str]()
    for i, value in enumerate(values):
        if value in seen:
            raise make_problem(f"{value!r} is listed twice", i)
        seen.add(value)
    return values


Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True, ge=0, le=LARGEST)]
Positive = Annotated[int, Field(strict=True, ge=1, le=LARGEST)]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
Switch = Annotated[bool, Field(strict=True)]
Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[tuple[Text, ...], AfterValidator(check_unique)]


@dataclass(frozen=True)
class Named:
    """As an annotation of ``str``: a name that is built in, or a plugin's of one kind."""

    kind: str
    built_in: tuple[str, ...]

    def _check_name(self, value: Any) -> str:
        known = self.built_in if value in self.built_in else (*self.built_in, *plugin_names(self.kind))
        if value not in known:
            *others, last = map(repr, known)
            raise PydanticKnownError("literal_error", {"expected": f"{', '.join(others)} or {last}"})
        return str(value)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._check_name, serialization=core_schema.to_string_ser_schema()
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"enum": list(self.built_in)}, {"type": "string", "description": f"{self.kind} of a plugin"}]}


class Section(BaseModel):
    """Base of everything a user writes: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)
