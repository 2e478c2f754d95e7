"""The models on this machine: GGUF files in installed packages, in the hub's cache and in the folder ``models``.

Reads the heads of the files; imports and loads nothing.
"""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fairtrial.models.gguf import GgufError, list_split_names, read_header


@dataclass(frozen=True, slots=True)
class ModelListing:
    """A model on this machine.

    Attributes:
        spec: what a candidate writes to use it.
        size_bytes: of all its files.
        description: what it is and where it lies, for people.
        architecture: kind of network; empty if the file cannot be read.
        weights: number of weights; 0 if the file cannot be read.
        file_type: type of most weights; None if the file does not say.
        context: tokens of context that it was trained with; None if the file does not say.
        chat_template: whether it brings one.
    """

    spec: str
    size_bytes: int
    description: str
    architecture: str = ""
    weights: int = 0
    file_type: str | None = None
    context: int | None = None
    chat_template: bool = False


def list_models() -> list[ModelListing]:
    """Return the models on this machine, by name."""
    places = [*_find_in_packages(), *_find_in_hub_cache(), *_find_in_models_folder()]
    return sorted(
        {spec: describe_model(spec, path, place) for spec, path, place in places}.values(), key=lambda m: m.spec
    )


def describe_model(spec: str, path: Path, place: str) -> ModelListing:
    """Return what is known about the model in ``path``."""
    parts = [part for name in list_split_names(path.name) if (part := path.with_name(name)).is_file()]
    size = sum(part.stat().st_size for part in parts)
    try:
        heads = [read_header(part) for part in parts]
    except (GgufError, OSError) as error:
        return ModelListing(spec, size, f"not a readable GGUF file ({error}); {place}")
    head, weights = heads[0], sum(h.weights for h in heads)
    facts = [head.architecture, f"{weights / 1e6:,.0f} M weights", head.file_type or "mixed types"]
    facts.append(f"context {head.context:,}" if head.context else "context unknown")
    facts.append("chat template" if head.has_chat_template else "no chat template")
    return ModelListing(
        spec,
        size,
        f"{', '.join(facts)}; {place}",
        architecture=head.architecture,
        weights=weights,
        file_type=head.file_type,
        context=head.context,
        chat_template=head.has_chat_template,
    )


def _find_in_packages() -> Iterator[tuple[str, Path, str]]:
    """Yield spec, path and place of each GGUF model in an installed package."""
    for distribution in importlib.metadata.distributions():
        for file in distribution.files or ():
            if _is_model(file.name) and len(file.parts) > 1 and file.parts[0].isidentifier():
                path = Path(str(distribution.locate_file(file)))
                if path.is_file():
                    place = f"in the package {distribution.metadata['Name']} {distribution.version}"
                    yield f"pkg:{file.parts[0]}/{'/'.join(file.parts[1:])}", path, place


def _find_in_hub_cache() -> Iterator[tuple[str, Path, str]]:
    """Yield the same for the Hugging Face hub's cache, each pinned to its commit."""
    home = Path(os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface")
    cache = Path(os.environ.get("HF_HUB_CACHE") or home / "hub").expanduser()
    for path in sorted(cache.glob("models--*--*/snapshots/*/**/*.gguf")):
        folder, _, commit, *inside = path.relative_to(cache).parts
        if _is_model(path.name) and path.is_file():
            repo = folder.removeprefix("models--").replace("--", "/")
            yield f"hf:{repo}@{commit}:{'/'.join(inside)}", path, "in the cache of the hub"


def _find_in_models_folder() -> Iterator[tuple[str, Path, str]]:
    """Yield the same for the folder ``models`` here."""
    for path in sorted(Path("models").glob("**/*.gguf")):
        if _is_model(path.name) and path.is_file():
            yield f"gguf:{path.as_posix()}", path, "in the folder models"


def _is_model(name: str) -> bool:
    """Return whether a file is a model, and not a later part of one or an image projector."""
    return name.endswith(".gguf") and list_split_names(name)[0] == name and "mmproj" not in name
