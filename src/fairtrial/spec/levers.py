"""The settings of each lever, as a candidate file writes them.

Knows what may be written, so that a mistake is told with its line before anything is fetched or built; what a lever
does is in `fairtrial.levers`.  A lever of another distribution (entry point ``lever.NAME`` of the group ``fairtrial``)
checks its own settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from fairtrial.errors import did_you_mean
from fairtrial.spec.cascade import Cascade
from fairtrial.spec.section import Positive, Section, Text, problem

SHOTS = "shots"
"""As a calibration text: the few-shot examples of the trial's tasks."""


class Quantize(Section):
    """Settings of the quantize lever.  In YAML the bare name of a type is short for ``{type: NAME}``."""

    type: Text = Field(description="A type of llama.cpp's quantiser, e.g. q4_k_m, q2_k, iq4_xs.")
    threads: Positive | None = Field(None, description="Processor threads; default: all. The result is the same.")
    calibrate: Text | None = Field(
        None,
        description="Text that an importance matrix is computed on: a file, or 'shots' for the few-shot examples of "
        "the trial's tasks (never the items).",
    )
    imatrix: Text | None = Field(None, description="File with an importance matrix, as llama-imatrix writes it.")

    @model_validator(mode="after")
    def _one_matrix(self) -> Quantize:
        if self.calibrate and self.imatrix:
            raise problem("calibrate computes an importance matrix and imatrix names one: write one of them", "imatrix")
        return self


LEVER_SETTINGS: Mapping[str, type[Section]] = {"quantize": Quantize, "cascade": Cascade}
"""Lever name to its settings; each may be written in short as its first field alone."""

LEVER_PATHS: Mapping[str, tuple[str, ...]] = {"quantize": ("calibrate", "imatrix")}
"""Of each lever, the settings that are paths."""


def lever_settings(name: str, given: Any) -> Section:
    """Return what was written after a lever's name as the lever's settings.

    Raises pydantic's ValidationError for wrong settings.
    """
    model = LEVER_SETTINGS[name]
    short = not isinstance(given, Mapping)
    return model.model_validate({next(iter(model.model_fields)): given} if short else given)


def checked_levers(levers: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    """Return ``levers`` as written; raise pydantic's errors for unknown ones and for wrong settings."""
    for i, lever in enumerate(levers):
        if len(lever) != 1:
            raise problem(f"each lever has exactly one key, its name; got the keys {sorted(lever)}", i)
        [(name, given)] = lever.items()
        if name in LEVER_SETTINGS:
            try:
                lever_settings(name, given)
            except ValidationError as error:
                first = error.errors()[0]
                context = {"text": f"{name}: {first['msg']}", "at": [i, name], "inner": error.errors()}
                raise PydanticCustomError("fairtrial", "{text}", context) from None
        elif not entry_points(group="fairtrial", name=f"lever.{name}"):
            known = ", ".join(LEVER_SETTINGS)
            near = did_you_mean(name, LEVER_SETTINGS)
            raise problem(f"lever {name!r} does not exist.{near} Levers: {known}", i, name)
    return levers


def located_levers(levers: tuple[dict[str, Any], ...], folder: Path) -> tuple[dict[str, Any], ...]:
    """Return ``levers`` with paths in their settings relative to ``folder`` made absolute."""
    return tuple({name: located(name, given, folder)} for lever in levers for name, given in lever.items())


def located(name: str, given: Any, folder: Path) -> Any:
    """Return what was written after a lever's name with its paths made absolute."""
    if not isinstance(given, Mapping):
        return given
    paths = {
        key: str(folder.resolve() / Path(given[key]).expanduser())
        for key in LEVER_PATHS.get(name, ())
        if isinstance(given.get(key), str) and given[key] != SHOTS
    }
    return {**given, **paths}
