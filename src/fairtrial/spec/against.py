"""The settings of decontamination: against which items training rows are checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from fairtrial.spec.section import Section, Text

TRIAL = "trial"
"""In place of a file: the items of the trial's tasks."""


def _list_files(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class Against(Section):
    """What training rows may not hold.  In YAML ``trial``, a file, or a list of them is short for ``{items: ...}``."""

    items: Annotated[tuple[Text, ...], BeforeValidator(_list_files), Field(min_length=1)] = Field(
        (TRIAL,),
        description="Items that no row may hold: 'trial' for those of the trial's tasks, or files of JSON Lines, each "
        "line with 'question', and perhaps 'choices', 'gold' and 'task'.",
    )
    reworded: bool = Field(
        True, strict=True, description="Drop also rows that say an item in other words, as far as words tell."
    )

    @model_validator(mode="before")
    @classmethod
    def _items_alone(cls, given: Any) -> Any:
        return {"items": given} if isinstance(given, str | list | tuple) else given


def place_against(given: Any, place: Callable[[str], str]) -> Any:
    """Return the settings as written, with `TRIAL` or a path in each place of ``items`` as ``place`` gives it.

    What is neither a name, a list nor a mapping with ``items`` comes back as it is.
    """
    if isinstance(given, str) and given != "off":
        return {"items": [place(given)]}
    if isinstance(given, list | tuple):
        return {"items": [place(one) if isinstance(one, str) else one for one in given]}
    if isinstance(given, Mapping) and "items" in given:
        return {**given, **place_against(given["items"], place)}
    return given
