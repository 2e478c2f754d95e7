"""The schemes that a model's name can begin with, and finding the weights of a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from fairtrial.errors import SpecError
from fairtrial.models.files import from_gguf, from_package
from fairtrial.models.hub import from_hub
from fairtrial.models.record import ResolvedModel
from fairtrial.records import content_hash
from fairtrial.spec.candidate import model_problem


def resolve(spec: str, base_dir: Path) -> ResolvedModel:
    """Find a model's weights.

    Args:
        spec: ``SCHEME:REST``; `fairtrial.models` lists the schemes.
        base_dir: folder that relative paths are relative to.

    Raises:
        SpecError: the name has no known scheme.
        ModelError: there is no such file, package or repository, or the file is not of the promised kind.
        MissingExtraError: the scheme needs an optional dependency.
    """
    if wrong := model_problem(spec):
        raise SpecError(f"{wrong}.")
    scheme, _, rest = spec.partition(":")
    return SCHEMES[scheme](spec, rest, base_dir)


def from_fake(spec: str, rest: str, base_dir: Path) -> ResolvedModel:
    """Return the fake model of the unit tests."""
    return ResolvedModel(spec, "fake", None, content_hash(["fake", rest]), rest)


def from_endpoint(spec: str, rest: str, base_dir: Path) -> ResolvedModel:
    """Refuse: endpoints are not in this version."""
    raise SpecError(
        f"model {spec!r}: OpenAI-compatible endpoints are not in this version of fairtrial.",
        fix="Use a local model: gguf:, pkg: or hf:.",
    )


SCHEMES: Mapping[str, Callable[[str, str, Path], ResolvedModel]] = {
    "gguf": from_gguf,
    "pkg": from_package,
    "hf": from_hub,
    "openai": from_endpoint,
    "fake": from_fake,
}
