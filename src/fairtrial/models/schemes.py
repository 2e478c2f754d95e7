"""Finding the model that a name stands for: its weights, or the endpoint that has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from fairtrial.errors import ModelError, SpecError
from fairtrial.models.adapters import add_adapter
from fairtrial.models.endpoint import resolve_endpoint
from fairtrial.models.files import resolve_gguf, resolve_package
from fairtrial.models.hub import resolve_hub
from fairtrial.models.projector import add_projector
from fairtrial.models.record import ResolvedModel
from fairtrial.plugins import plugin_names
from fairtrial.records import content_hash
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.functions import find_function
from fairtrial.spec.schemes import SCHEMES, find_model_problem, scheme_of

SEARCH_METHOD = 1
"""Of `fairtrial.engines.search`; counts up when the same passages give another answer there."""

Resolver = Callable[[str, str, Path], ResolvedModel]
"""(whole name, what follows the scheme, folder that relative paths are relative to) to the model."""


def resolve(spec: str, base_dir: Path) -> ResolvedModel:
    """Find a model's weights.

    Args:
        spec: ``SCHEME:REST``; `fairtrial.spec.schemes` has the table of schemes.
        base_dir: folder that relative paths are relative to.

    Raises:
        SpecError: the name has no known scheme.
        ModelError: there is no such file, package or repository, or the file is not of the promised kind.
        MissingExtraError: the scheme needs an optional dependency.
    """
    if wrong := find_model_problem(spec):
        raise SpecError(f"{wrong}.")
    name, _, rest = spec.partition(":")
    find: Resolver | None = RESOLVERS.get(name) or SCHEMES.find(name).resolver
    if find is None:
        raise SpecError(f"model {spec!r} names no weights: they are elsewhere, or there are only answers.")
    return find(spec, rest, base_dir)


def resolve_candidate(candidate: Candidate, base_dir: Path) -> ResolvedModel:
    """Return a candidate's model: its weights, with its projector and adapter, or what an endpoint is asked for.

    Raises as `resolve` does.
    """
    scheme = scheme_of(candidate.model)
    at_endpoint = scheme is not None and scheme.answers == "elsewhere" and scheme.resolver is None
    if at_endpoint:
        return resolve_endpoint(candidate)
    return add_adapter(candidate, add_projector(candidate, resolve(candidate.model, base_dir), base_dir), base_dir)


def choose_engine(model: ResolvedModel, engine: str) -> ResolvedModel:
    """Return the model as ``engine`` runs it; ``auto`` leaves the choice that its files suggest.

    Raises ModelError if that engine cannot read such files; a plugin's engine says so itself when it is opened.
    """
    if engine in ("auto", model.engine):
        return model
    if engine in plugin_names("engine"):
        return replace(model, engine=engine)
    if engine == "transformers" and model.engine == "llamacpp" and "files" not in model.notes:
        return replace(model, engine="transformers")
    fix = {
        "llamacpp": "llama.cpp reads GGUF files; convert the weights, or leave out `engine`.",
        "transformers": "transformers reads folders of safetensors and GGUF models in one file; leave out `engine`.",
    }
    raise ModelError(f"model {model.spec!r} cannot be run by the engine {engine}.", fix=fix.get(engine, ""))


def _resolve_fake(spec: str, rest: str, base_dir: Path) -> ResolvedModel:
    """Return the fake model of the unit tests."""
    return ResolvedModel(spec, "fake", None, content_hash(["fake", rest]), rest)


def _resolve_search(spec: str, rest: str, base_dir: Path) -> ResolvedModel:
    """Return what stands for a model where what was found is all that is wanted."""
    return ResolvedModel(spec, "search", None, content_hash(["search", SEARCH_METHOD]), spec)


def _resolve_function(spec: str, rest: str, base_dir: Path) -> ResolvedModel:
    """Return a function of this process.  Raises SpecError if it is of another one."""
    found = find_function(spec)
    told = found.fingerprint
    notes: dict[str, object] = {
        "elsewhere": True,  # what it spends, and where, is not seen here
        "function": found.function.name,
        "given": list(found.arguments.every),
        "identified_by": told.by,
        **({"not_identified": told.unknown} if told.unknown else {}),
        **({"version": found.function.version} if found.function.version else {}),
    }
    return ResolvedModel(spec, "function", None, content_hash(["function", told.digest]), found.function.name, notes)


RESOLVERS: Mapping[str, Resolver] = {
    "gguf": resolve_gguf,
    "pkg": resolve_package,
    "hf": resolve_hub,
    "fake": _resolve_fake,
    "search": _resolve_search,
    "python": _resolve_function,
}
"""Scheme name to what finds weights, of the schemes that are built in and have any."""
