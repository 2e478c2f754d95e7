"""What may be written after ``grade:``: graders by name, each with its settings.

A mistake is told with its line before anything is asked; what a grader does is in `fairtrial.tasks.graders`.  The
settings of a plugin's grader are those that it declares.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_core import PydanticCustomError

from fairtrial.errors import FairtrialError, did_you_mean
from fairtrial.plugins import Table
from fairtrial.spec.references import GraderSettings
from fairtrial.spec.section import problem

Ignored = Literal["case", "punctuation", "articles", "numbers", "spaces"]


class Exact(GraderSettings):
    """Settings of the grader `exact`."""

    ignore: tuple[Ignored, ...] = Field(
        (), description="What may differ: case, punctuation, articles (a, an, the), numbers, spaces."
    )


def _declares_settings(found: object) -> bool:
    model = getattr(found, "Settings", None)
    return isinstance(model, type) and issubclass(model, GraderSettings)


GRADER_SETTINGS: Table[Any] = Table(
    "grader",
    {"exact": Exact},
    "a subclass of fairtrial.tasks.graders.base.Grader that declares its Settings",
    _declares_settings,
)
"""Grader name to its settings; of a plugin to the grader, which declares them."""


def find_grader_settings(name: str) -> type[GraderSettings]:
    """Return the class of a grader's settings.  Raises UnknownNameError or PluginError if there is no such grader."""
    found = GRADER_SETTINGS.find(name)
    model: type[GraderSettings] = getattr(found, "Settings", found)
    return model


def read_grader_settings(name: str, given: Any) -> GraderSettings:
    """Return what was written after a grader's name as its settings.

    Raises pydantic's ValidationError for wrong settings, and what `find_grader_settings` raises.
    """
    return find_grader_settings(name).model_validate(_expand_settings(name, given))


def _expand_settings(name: str, given: Any) -> dict[str, Any]:
    """Return what was written after a grader's name with its short form written out."""
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return dict(given)
    first = next(iter(find_grader_settings(name).model_fields), "")
    if not first:
        raise problem(f"the grader {name} has no settings; got {given!r}")
    return {first: given}


def _list_graders(given: Any) -> Any:
    """Return what was written after ``grade:`` as a list of mappings with one key, the grader's name."""
    every = given if isinstance(given, list | tuple) else [given]
    return tuple({one: {}} if isinstance(one, str) else one for one in every)


def _check_graders(graders: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    """Return graders with short forms written out; raise pydantic's errors for unknown ones and wrong settings."""
    found = []
    for i, grader in enumerate(graders):
        if len(grader) != 1:
            raise problem(f"each grader has exactly one key, its name; got the keys {sorted(grader)}", i)
        [(name, given)] = grader.items()
        if name not in GRADER_SETTINGS:
            known = GRADER_SETTINGS.names()
            raise problem(f"grader {name!r} does not exist.{did_you_mean(name, known)} Graders: {', '.join(known)}", i)
        try:
            read_grader_settings(name, given)
        except ValidationError as error:
            first = error.errors()[0]
            context = {"text": f"{name}: {first['msg']}", "at": [i, name], "inner": error.errors()}
            raise PydanticCustomError("fairtrial", "{text}", context) from None
        except FairtrialError as error:
            raise problem(error.message.removesuffix("."), i) from None
        found.append({name: _expand_settings(name, given)})
    return tuple(found)


Graders = Annotated[
    tuple[dict[str, Any], ...],
    BeforeValidator(_list_graders, json_schema_input_type=str | dict[str, Any] | list[str | dict[str, Any]]),
    AfterValidator(_check_graders),
]
"""A grader's name, a mapping of one name to its settings, or a list of these; kept as a tuple of mappings."""


def locate_graders(graders: tuple[dict[str, Any], ...], folder: Path) -> tuple[dict[str, Any], ...]:
    """Return checked graders with the files that they name as absolute paths, where written relative to ``folder``."""
    found = []
    for grader in graders:
        [(name, given)] = grader.items()
        files = find_grader_settings(name).references("file")
        paths = {
            key: str(folder.resolve() / Path(given[key]).expanduser())
            for key in files
            if isinstance(given.get(key), str)
        }
        found.append({name: {**given, **paths}})
    return tuple(found)
