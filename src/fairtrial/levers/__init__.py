"""The levers that exist, and applying those of a candidate.

Levers that build come first, in the written order; then those that wrap: the first one written is the innermost, and
each one after it wraps what stands before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from fairtrial.engines.base import Capabilities, Engine
from fairtrial.engines.settings import EngineSettings
from fairtrial.errors import CapabilityError, SpecError
from fairtrial.levers.base import (
    AppliedLever,
    BuildContext,
    BuildLever,
    Calls,
    LearningLever,
    Lever,
    NeedsSettings,
    NotesLedgers,
    ReferencedContent,
    SeenItem,
    WrapLever,
)
from fairtrial.models import ResolvedModel
from fairtrial.plugins import PluginTable, import_object
from fairtrial.records import Request, content_hash
from fairtrial.spec.levers import find_settings, read_settings
from fairtrial.spec.wording import describe_error

__all__ = [
    "LEVERS",
    "AppliedLever",
    "BuildContext",
    "BuildLever",
    "Calls",
    "LearningLever",
    "Lever",
    "NeedsSettings",
    "NotesLedgers",
    "ReferencedContent",
    "SeenItem",
    "WrapLever",
    "build_model",
    "count_calls",
    "find_lever",
    "fit_adapter",
    "identify_lever",
    "is_wrapping",
    "read_lever",
    "wrap_engine",
]


def _is_lever(found: object) -> bool:
    return isinstance(found, type) and issubclass(found, BuildLever | WrapLever) and hasattr(found, "Settings")


LEVERS: PluginTable[type[Lever[Any]]] = PluginTable(
    "lever",
    {
        "quantize": "fairtrial.levers.quantize.lever:QuantizeLever",
        "curate": "fairtrial.levers.curate:CurateLever",
        "cascade": "fairtrial.levers.cascade:CascadeLever",
        "think": "fairtrial.levers.think:ThinkLever",
        "read": "fairtrial.levers.read:ReadLever",
        "retrieve": "fairtrial.levers.retrieve:RetrieveLever",
        "guard": "fairtrial.levers.guard:GuardLever",
        "tune": "fairtrial.levers.tune:TuneLever",
    },
    "a subclass of fairtrial.levers.BuildLever or WrapLever that declares its Settings",
    _is_lever,
)
"""Lever name, as a candidate file writes it, to the lever, which is imported when a candidate has it."""


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
        keys = sorted(find_settings(name).model_fields)
        raise SpecError(f"{name}: {describe_error(error, keys)}") from error


def is_wrapping(written: Mapping[str, Any]) -> bool:
    """Return whether one of a candidate's levers acts while the model answers."""
    [name] = written
    return isinstance(find_lever(name), WrapLever)


def wrap_engine(
    applied: AppliedLever, engine: Engine, others: Mapping[str, Engine], here: EngineSettings | None = None
) -> Engine:
    """Return the engine of a candidate whose last lever acts while it answers.

    Args:
        applied: that lever.
        engine: of the candidate without it.
        others: of the candidates that it refers to, by name.  All engines stay their owners' to close.
        here: how engines run here, for one that `NeedsSettings`.

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
    wrapped = lever.wrap(settings, engine, others)
    fine = isinstance(wrapped, Engine) and isinstance(wrapped.can, Capabilities)
    LEVERS.expect(applied.name, wrapped, "`wrap` must return an engine", fine)
    if here is not None and isinstance(wrapped, NeedsSettings):
        wrapped.use_settings(here)
    return wrapped


def count_calls(applied: AppliedLever, request: Request) -> tuple[Calls, Calls]:
    """Return how often a wrapping lever asks its own engine, and each other one; see `WrapLever.calls`.

    Raises PluginError if the lever of a plugin says what cannot be, for budgets count on it.
    """
    assert isinstance(applied.lever, WrapLever)
    told = applied.lever.calls(applied.settings, request)
    fine = (
        isinstance(told, tuple)
        and len(told) == 2
        and all(isinstance(calls, Calls) and calls.is_sound for calls in told)
    )
    return LEVERS.expect(applied.name, told, "`calls` must return two Calls that are finite and not negative", fine)


def build_model(applied: AppliedLever, model: ResolvedModel, context: BuildContext) -> ResolvedModel:
    """Return the model that a build lever makes of another; see `BuildLever.build`."""
    assert isinstance(applied.lever, BuildLever)
    made = applied.lever.build(applied.settings, model, context)
    return LEVERS.expect(applied.name, made, "`build` must return a ResolvedModel", isinstance(made, ResolvedModel))


def fit_adapter(model: ResolvedModel, cache_dir: Path, on_progress: Callable[[str], None]) -> ResolvedModel:
    """Return the model with its adapter as its engine loads it; what fits adapters is imported now."""
    fit = cast(Callable[..., ResolvedModel], import_object("fairtrial.levers.tune.adapters.fitting:fit_adapter"))
    return fit(model, cache_dir, on_progress)


def identify_lever(applied: AppliedLever, referred: ReferencedContent) -> Sequence[object]:
    """Return what of a lever enters the candidate's id; see `Lever.identity`.  A plugin's version is part of it."""
    own = applied.lever.identity(applied.settings, referred)
    promise = "`identity` must return a list of JSON values"
    fine = isinstance(own, list | tuple)
    try:
        content_hash(list(own) if fine else own)
    except (TypeError, ValueError):
        fine = False
    plugin = LEVERS.find_origin(applied.name)
    return [*LEVERS.expect(applied.name, own, promise, fine), *([plugin] if plugin else [])]


WORDS: Mapping[str, str] = {
    "score": "score given texts",
    "generate": "generate text",
    "chat": "use a chat template",
    "images": "read images",
}
"""A capability, in words."""
