"""What may be written of a candidate's levers: the settings of each, and what they refer to.

A mistake is told with its line before anything is fetched or built; what a lever does is in `fairtrial.levers`.  The
settings of a plugin's lever are those that it declares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from fairtrial.errors import FairtrialError, did_you_mean
from fairtrial.plugins import PluginTable
from fairtrial.spec.cascade import Cascade
from fairtrial.spec.curate import Curate
from fairtrial.spec.guard import Guard
from fairtrial.spec.read import Read
from fairtrial.spec.references import SHOTS, LeverSettings, Refers
from fairtrial.spec.retrieve import Retrieve
from fairtrial.spec.section import Positive, Text, make_problem
from fairtrial.spec.think import Think
from fairtrial.spec.tune import Tune


class Quantize(LeverSettings):
    """Settings of the quantize lever.  In YAML the bare name of a type is short for ``{type: NAME}``."""

    type: Text = Field(description="A type of llama.cpp's quantiser, e.g. q4_k_m, q2_k, iq4_xs.")
    threads: Positive | None = Field(None, description="Processor threads; default: all. The result is the same.")
    calibrate: Annotated[Text | None, Refers("file", examples=True)] = Field(
        None,
        description="Text that an importance matrix is computed on: a file, or 'shots' for the few-shot examples of "
        "the trial's tasks (never the items).",
    )
    imatrix: Annotated[Text | None, Refers("file")] = Field(
        None, description="File with an importance matrix, as llama-imatrix writes it."
    )

    @model_validator(mode="after")
    def _one_matrix(self) -> Quantize:
        if self.calibrate and self.imatrix:
            raise make_problem(
                "calibrate computes an importance matrix and imatrix names one: write one of them", "imatrix"
            )
        return self


def _declares_settings(found: object) -> bool:
    model = getattr(found, "Settings", None)
    return isinstance(model, type) and issubclass(model, LeverSettings)


LEVER_SETTINGS: PluginTable[Any] = PluginTable(
    "lever",
    {
        "quantize": Quantize,
        "curate": Curate,
        "cascade": Cascade,
        "think": Think,
        "read": Read,
        "retrieve": Retrieve,
        "guard": Guard,
        "tune": Tune,
    },
    "a subclass of fairtrial.levers.BuildLever or WrapLever that declares its Settings",
    _declares_settings,
)
"""Lever name to its settings; of a plugin to the lever, which declares them."""


def find_settings(name: str) -> type[LeverSettings]:
    """Return the class of a lever's settings.  Raises UnknownNameError or PluginError if there is no such lever."""
    found = LEVER_SETTINGS.find(name)
    model: type[LeverSettings] = getattr(found, "Settings", found)
    return model


def read_settings(name: str, given: Any) -> LeverSettings:
    """Return what was written after a lever's name as the lever's settings.

    Raises pydantic's ValidationError for wrong settings, and what `find_settings` raises.
    """
    return find_settings(name).model_validate(expand_settings(name, given))


def expand_settings(name: str, given: Any) -> dict[str, Any]:
    """Return what was written after a lever's name with its short form written out."""
    return dict(given) if isinstance(given, Mapping) else {next(iter(find_settings(name).model_fields)): given}


def write_out_names(given: Any) -> Any:
    """Return a list of levers with those written as a bare name, as ``read``, as mappings without settings."""
    if not isinstance(given, list | tuple):
        return given
    return tuple({one: {}} if isinstance(one, str) else one for one in given)


def check_levers(levers: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    """Return ``levers`` as written; raise pydantic's errors for unknown ones and for wrong settings."""
    for i, lever in enumerate(levers):
        if len(lever) != 1:
            raise make_problem(f"each lever has exactly one key, its name; got the keys {sorted(lever)}", i)
        [(name, given)] = lever.items()
        if name not in LEVER_SETTINGS:
            known = LEVER_SETTINGS.list_names()
            raise make_problem(
                f"lever {name!r} does not exist.{did_you_mean(name, known)} Levers: {', '.join(known)}", i, name
            )
        try:
            read_settings(name, given)
        except ValidationError as error:
            first = error.errors()[0]
            context = {"text": f"{name}: {first['msg']}", "at": [i, name], "inner": error.errors()}
            raise PydanticCustomError("fairtrial", "{text}", context) from None
        except FairtrialError as error:
            raise make_problem(error.message.removesuffix("."), i, name) from None
    return levers


def locate_levers(
    levers: tuple[dict[str, Any], ...],
    folder: Path,
    examples: Callable[[], Path] | None = None,
    items: Callable[[], Path] | None = None,
) -> tuple[dict[str, Any], ...]:
    """Return ``levers`` with the files and archives that they name as absolute paths.

    Args:
        levers: as written, and checked.
        folder: that relative paths are relative to.
        examples: writes the few-shot examples of the trial's tasks to a file; without it `SHOTS` stays as it is.
        items: writes the items of the trial's tasks to a file; without it settings that want one stay as they are.
    """

    def located(mark: Refers, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [located(mark, one) for one in value]
        if mark.examples and value == SHOTS:
            return str(examples()) if examples else value
        if not isinstance(value, str) or (mark.to == "archive" and "://" in value):
            return value
        return str(folder.resolve() / Path(value).expanduser())

    found = []
    for lever in levers:
        [(name, given)] = lever.items()
        model = find_settings(name)
        files = {**model.references("file"), **model.references("archive")}
        full = expand_settings(name, given)
        paths = {key: located(mark, full[key]) for key, mark in files.items() if full.get(key)}
        placed = model.place_files(full, lambda path: str(folder.resolve() / Path(path).expanduser()))
        placed = model.place_items(placed, items) if items else placed
        found.append({name: {**placed, **paths}} if paths or placed != full else lever)
    return tuple(found)
