"""An adapter in the form that the candidate's engine loads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from filelock import FileLock

from fairtrial.errors import ModelError
from fairtrial.levers.tune.adapters.writing import VERSION, read_parent, write_gguf_adapter
from fairtrial.levers.tune.merging import merge_adapter
from fairtrial.models import ResolvedModel, hash_file
from fairtrial.models.adapters import read_peft
from fairtrial.records import content_hash


def fit_adapter(model: ResolvedModel, cache_dir: Path, on_progress: Callable[[str], None]) -> ResolvedModel:
    """Return the model with its adapter as its engine loads it; the model as it is if it has none.

    For llama.cpp a folder in PEFT's form becomes a GGUF LoRA in the cache.  DoRA, which no such file holds, is merged
    into the weights, and the record says so.

    Args:
        model: whose engine is settled.
        cache_dir: where artefacts are kept, under names made from their content.
        on_progress: called with a line for what takes time.

    Raises ModelError if the adapter is another model's, or the engine cannot load it in any form.
    """
    if model.adapter is None:
        return model
    if model.engine == "transformers" and model.adapter.is_file():
        raise ModelError(
            f"The adapter {model.adapter.name} is a GGUF LoRA, which transformers does not read.",
            fix="Name the folder in PEFT's form that it was made from, or run the model with llama.cpp.",
            where=str(model.adapter),
        )
    if model.engine != "llamacpp" or model.adapter.is_file():
        return model
    if read_peft(model.adapter).is_dora:
        merged = merge_adapter(model, cache_dir, on_progress)
        why = "DoRA scales whole rows, which no GGUF LoRA can hold: it was merged into the weights"
        return replace(merged, notes={**merged.notes, "adapter_merged": why})
    assert model.path is not None
    path = convert_adapter(model.adapter, model.adapter_sha256, model.path, cache_dir)
    return replace(model, adapter=path, adapter_sha256=hash_file(path))


def convert_adapter(folder: Path, sha256: str, parent: Path, cache_dir: Path) -> Path:
    """Return a folder's adapter as a GGUF LoRA in the cache, made once; see `write_gguf_adapter`."""
    head = read_parent(parent)
    kept = cache_dir / "adapters"
    kept.mkdir(parents=True, exist_ok=True)
    shapes = sorted([name, list(tensor.shape)] for name, tensor in head.tensors.items())
    heads = sorted([key, value] for key, value in head.values.items() if "head_count" in key)
    arranged = content_hash([VERSION, sha256, head.architecture, heads, shapes])
    target = kept / f"{sha256[:16]}-{arranged[:16]}.gguf"
    with FileLock(f"{target}.lock"):
        if not target.exists():
            write_gguf_adapter(folder, parent, target)
    return target
