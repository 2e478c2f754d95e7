"""The engines that exist, and opening one for a candidate.

Knows the table of engines, not how any of them works; an engine's own libraries are imported when it is opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Protocol, cast

from fairtrial.engines.base import Capabilities, Engine
from fairtrial.engines.footprint import Footprint
from fairtrial.engines.settings import EngineSettings
from fairtrial.errors import MissingExtraError
from fairtrial.models import ResolvedModel
from fairtrial.plugins import PluginTable
from fairtrial.records import Request
from fairtrial.spec.candidate import Candidate

__all__ = [
    "ENGINES",
    "Capabilities",
    "Engine",
    "EngineSettings",
    "Footprint",
    "get_engine_version",
    "open_engine",
    "predict_footprint",
]


class EngineClass(Protocol):
    """What the table points to."""

    @classmethod
    def open(cls, candidate: Candidate, model: ResolvedModel, settings: EngineSettings) -> Engine:
        """Load the model and make it ready to answer for ``candidate``."""
        ...


ENGINES: PluginTable[type[EngineClass]] = PluginTable(
    "engine",
    {
        "fake": "fairtrial.engines.fake:FakeEngine",
        "function": "fairtrial.engines.function:FunctionEngine",
        "llamacpp": "fairtrial.engines.llamacpp:LlamaCppEngine",
        "openai": "fairtrial.engines.openai_api:OpenAIEngine",
        "recorded": "fairtrial.engines.recorded:RecordedEngine",
        "search": "fairtrial.engines.search:SearchEngine",
        "transformers": "fairtrial.engines.transformers:TransformersEngine",
    },
    "a class with a class method `open`",
    lambda found: isinstance(found, type) and callable(getattr(found, "open", None)),
)
"""Engine name to its class."""

DISTRIBUTIONS: Mapping[str, Sequence[str]] = {
    "fake": ("fairtrial",),
    "function": (),  # its identity is its own code, or the version that is stated
    "llamacpp": ("llama-cpp-python",),
    "openai": (),  # the client has no part in what an endpoint answers
    "recorded": ("fairtrial",),
    "search": (),  # its answers come from the lever that searches
    "transformers": ("transformers", "torch"),
}
"""Engine name -> the distributions whose versions can change its answers."""


FOOTPRINT_PREDICTORS: Mapping[str, str] = {"llamacpp": "fairtrial.engines.llamacpp.footprint:predict_footprint"}
"""Engine name -> ``module:function`` that tells a candidate's memory before it is loaded; not every engine can.

A plugin's class has it as its class method ``foresee``.
"""


class FootprintPredictor(Protocol):
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
        PluginError: if it is a plugin's and cannot be used.
        MissingExtraError: if the engine's library is not installed.
        ModelError: if the model cannot be loaded, or has no chat template where one is asked for.
    """
    engine = ENGINES.find(model.engine).open(candidate, model, settings or EngineSettings())
    fine = isinstance(engine, Engine) and isinstance(engine.can, Capabilities)
    return ENGINES.expect(model.engine, engine, "`open` must return an engine", fine)


def predict_footprint(
    candidate: Candidate, model: ResolvedModel, settings: EngineSettings, chunks: Sequence[Sequence[Request]]
) -> Footprint | str:
    """Return how much memory a candidate will need, or why that cannot be told; loads no weights.

    Args:
        candidate: as the user wrote it.
        model: its weights.
        settings: how engines run here.
        chunks: requests that it will get, those together that are asked together.
    """
    if model.engine in FOOTPRINT_PREDICTORS:
        module, _, function = FOOTPRINT_PREDICTORS[model.engine].partition(":")
        tell = getattr(import_module(module), function)
    else:
        tell = getattr(ENGINES.find(model.engine), "foresee", None) if ENGINES.find_plugin(model.engine) else None
    if tell is None:
        return f"the engine {model.engine} cannot tell its memory beforehand"
    return cast(FootprintPredictor, tell)(candidate, model, settings, chunks)


def get_engine_version(name: str) -> str:
    """Return the version of the distribution that does an engine's arithmetic; of a plugin's, its name, too.

    Raises UnknownNameError or MissingExtraError as `open_engine` does.
    """
    if name in DISTRIBUTIONS:
        try:
            return ", ".join(version(distribution) for distribution in DISTRIBUTIONS[name])
        except PackageNotFoundError as error:
            raise MissingExtraError(f"The engine {name} ({', '.join(DISTRIBUTIONS[name])})", name) from error
    plugin = ENGINES.find_plugin(name)
    if plugin is None:
        raise ENGINES.make_unknown_error(name)
    return plugin.origin
