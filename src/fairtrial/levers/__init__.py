"""The levers that exist, and applying those of a candidate.

Levers that build come first, in the written order; then those that wrap: the first one written is the innermost, and
each one after it wraps what stands before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from fairtrial.engines.base import Engine
from fairtrial.errors import CapabilityError, SpecError
from fairtrial.levers.base import (
    AppliedLever,
    BuildContext,
    BuildLever,
    Calls,
    LearningLever,
    Lever,
    ReferencedContent,
    SeenItem,
    WrapLever,
)
from fairtrial.levers.cascade import CascadeLever
from fairtrial.levers.quantize import QuantizeLever
from fairtrial.plugins import Table
from fairtrial.spec.levers import read_settings
from fairtrial.spec.problems import describe_error

__all__ = [
    "LEVERS",
    "AppliedLever",
    "BuildContext",
    "BuildLever",
    "Calls",
    "LearningLever",
    "Lever",
    "ReferencedContent",
    "SeenItem",
    "WrapLever",
    "find_lever",
    "is_wrapping",
    "read_lever",
    "wrap_engine",
]


def _is_lever(found: object) -> bool:
    return isinstance(found, type) and issubclass(found, BuildLever | WrapLever) and hasattr(found, "Settings")


LEVERS: Table[type[Lever[Any]]] = Table(
    "lever",
    {"quantize": QuantizeLever, "cascade": CascadeLever},
    "a subclass of fairtrial.levers.BuildLever or WrapLever that declares its Settings",
    _is_lever,
)
"""Lever name, as a candidate file writes it, to the lever."""


def find_lever(name: str) -> Lever[Any]:
    """Return the lever of that name.  Raises UnknownNameError or PluginError if there is none."""
    return LEVERS.find(name)(name)


def read_lever(written: Mapping[str, Any]) -> AppliedLever:
    """Return one of a candidate's levers with its settings; ``written`` is its one key and what stands after it.

    Raises SpecError for wrong settings, UnknownNameError or PluginError if there is no such lever.
    """
    [(name, given)] = written.items()
    try:
        return AppliedLever(find_lever(name), read_settings(name, given))
    except ValidationError as error:
        raise SpecError(f"{name}: {describe_error(error)}") from error


def is_wrapping(written: Mapping[str, Any]) -> bool:
    """Return whether one of a candidate's levers acts while the model answers."""
    [name] = written
    return isinstance(find_lever(name), WrapLever)


def wrap_engine(applied: AppliedLever, engine: Engine, others: Mapping[str, Engine]) -> Engine:
    """Return the engine of a candidate whose last lever acts while it answers.

    Args:
        applied: that lever.
        engine: of the candidate without it.
        others: of the candidates that it refers to, by name.  All engines stay their owners' to close.

    Raises CapabilityError if one of the engines cannot do what the lever needs.
    """
    lever, settings = applied.lever, applied.settings
    assert isinstance(lever, WrapLever)
    for name, one in {lever.own_part: engine, **others}.items():
        for need in lever.needs(settings):
            if not getattr(one.can, need):
                raise CapabilityError(
                    f"the lever {applied.name!r} needs an engine that can {WORDS[need]}, and that of {name!r} cannot."
                )
    return lever.wrap(settings, engine, others)


WORDS: Mapping[str, str] = {
    "score": "score given texts",
    "generate": "generate text",
    "chat": "use a chat template",
    "images": "read images",
}
"""A capability, in words."""
