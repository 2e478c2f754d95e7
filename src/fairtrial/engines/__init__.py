"""The engines that exist, and opening one for a candidate.

Knows the table of engines, not how any of them works; an engine's own libraries are imported when it is opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, entry_points, version
from typing import Protocol, cast

from fairtrial.engines.base import Capabilities, Engine
from fairtrial.engines.footprint import Footprint
from fairtrial.engines.settings import EngineSettings
from fairtrial.errors import MissingExtraError, UnknownNameError
from fairtrial.models import ResolvedModel
from fairtrial.records import Request
from fairtrial.spec.candidate import Candidate

__all__ = [
    "ENGINES",
    "Capabilities",
    "Engine",
    "EngineSettings",
    "Footprint",
    "engine_version",
    "foresee",
    "open_engine",
]

ENGINES: Mapping[str, str] = {
    "fake": "fairtrial.engines.fake:FakeEngine",
    "llamacpp": "fairtrial.engines.llamacpp:LlamaCppEngine",
    "openai": "fairtrial.engines.openai_api:OpenAIEngine",
    "recorded": "fairtrial.engines.recorded:RecordedEngine",
    "transformers": "fairtrial.engines.transformers:TransformersEngine",
}
"""Engine name -> ``module:class``.  Others come from entry points ``engine.NAME`` of the group ``fairtrial``."""

DISTRIBUTIONS: Mapping[str, Sequence[str]] = {
    "fake": ("fairtrial",),
    "llamacpp": ("llama-cpp-python",),
    "openai": (),  # the client has no part in what an endpoint answers
    "recorded": ("fairtrial",),
    "transformers": ("transformers", "torch"),
}
"""Engine name -> the distributions whose versions can change its answers."""


FORESEES: Mapping[str, str] = {"llamacpp": "fairtrial.engines.llamacpp.footprint:footprint"}
"""Engine name -> ``module:function`` that tells a candidate's memory before it is loaded; not every engine can."""


class EngineClass(Protocol):
    """What the table points to."""

    @classmethod
    def open(cls, candidate: Candidate, model: ResolvedModel, settings: EngineSettings) -> Engine:
        """Load the model and make it ready to answer for ``candidate``."""
        ...


class Foresees(Protocol):
    """What the other table points to."""

    def __call__(
        self,
        candidate: Candidate,
        model: ResolvedModel,
        settings: EngineSettings,
        chunks: Sequence[Sequence[Request]],
        /,
    ) -> Footprint | str:
        """Return what a candidate needs, or why that cannot be told."""
        ...


def open_engine(candidate: Candidate, model: ResolvedModel, settings: EngineSettings | None = None) -> Engine:
    """Open the engine that runs ``model``, set up as ``candidate`` says.

    Raises:
        UnknownNameError: if no engine has that name.
        MissingExtraError: if the engine's library is not installed.
        ModelError: if the model cannot be loaded, or has no chat template where one is asked for.
    """
    return _find(model.engine).open(candidate, model, settings or EngineSettings())


def foresee(
    candidate: Candidate, model: ResolvedModel, settings: EngineSettings, chunks: Sequence[Sequence[Request]]
) -> Footprint | str:
    """Return how much memory a candidate will need, or why that cannot be told; loads no weights.

    Args:
        candidate: as the user wrote it.
        model: its weights.
        settings: how engines run here.
        chunks: requests that it will get, those together that are asked together.
    """
    if model.engine not in FORESEES:
        return f"the engine {model.engine} cannot tell its memory beforehand"
    module, _, function = FORESEES[model.engine].partition(":")
    tell = cast(Foresees, getattr(import_module(module), function))
    return tell(candidate, model, settings, chunks)


def engine_version(name: str) -> str:
    """Return the version of the distribution that does an engine's arithmetic.

    Raises UnknownNameError or MissingExtraError as `open_engine` does.
    """
    if name in DISTRIBUTIONS:
        try:
            return ", ".join(version(distribution) for distribution in DISTRIBUTIONS[name])
        except PackageNotFoundError as error:
            raise MissingExtraError(f"The engine {name} ({', '.join(DISTRIBUTIONS[name])})", name) from error
    plugins = entry_points(group="fairtrial", name=f"engine.{name}")
    for plugin in plugins:
        return plugin.dist.version if plugin.dist else "unknown"
    raise _unknown(name)


def _find(name: str) -> type[EngineClass]:
    if name in ENGINES:
        module, _, attribute = ENGINES[name].partition(":")
        return cast(type[EngineClass], getattr(import_module(module), attribute))
    for plugin in entry_points(group="fairtrial", name=f"engine.{name}"):
        return cast(type[EngineClass], plugin.load())
    raise _unknown(name)


def _unknown(name: str) -> UnknownNameError:
    plugins = [p.name.removeprefix("engine.") for p in entry_points(group="fairtrial") if p.name.startswith("engine.")]
    known = sorted([*ENGINES, *plugins])
    return UnknownNameError("engine", name, known, fix=f"Engines that exist: {', '.join(known)}.")
