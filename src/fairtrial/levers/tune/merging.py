"""Whole weights from a model and its adapter: what quantising needs, and what can be given away as one file.

A GGUF parent is dequantised by llama.cpp's own quantiser to 32-bit floats, changed matrix by matrix in that file, and
written in its final type, so that vocabulary and settings come along as they are and only one matrix is in memory.  A
folder of safetensors becomes another one, tensor by tensor.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from filelock import FileLock

from fairtrial.engines.llamacpp.binding import import_library
from fairtrial.engines.llamacpp.probe import check_opens
from fairtrial.errors import ModelError
from fairtrial.levers.base import OnBuildStep
from fairtrial.levers.quantize.making import MakingSettings, make_quantized
from fairtrial.levers.tune.adapters.matrices import LARGEST, WeightChange, check_size, read_changes
from fairtrial.levers.tune.adapters.writing import read_parent
from fairtrial.levers.tune.merging_folders import merge_folder
from fairtrial.machine import package_version
from fairtrial.models import ResolvedModel, hash_file
from fairtrial.models.adapters import remember_merged
from fairtrial.models.gguf import MADE_FROM, TENSOR_TYPES, UNQUANTIZED, list_split_names, read_header

VERSION = 1
"""Goes up when the same parent and adapter become another file."""
NARROWEST = "f16"
"""What a quantised parent is widened to: its own type would round away most of what was learned."""
_OF_THE_PARENT_ALONE = ("bytes", "files", "weights_type")


def merge_adapter(model: ResolvedModel, cache_dir: Path, on_progress: OnBuildStep) -> ResolvedModel:
    """Return a model with its adapter added to its weights, and no adapter beside them; made once.

    A GGUF file gets its parent's type where that is f32, f16 or bf16, else f16; a folder keeps its tensors' types.

    Args:
        model: with an adapter, as a folder in PEFT's form or a GGUF LoRA.
        cache_dir: where artefacts are kept, under names made from their content.
        on_progress: called with a line for each step that takes time.

    Raises ModelError if it has no adapter, the adapter is another model's, or there is no room.
    """
    if model.adapter is None or model.path is None:
        raise ModelError(f"model {model.spec!r} has no adapter to merge.", fix="Name one: adapter: PATH.")
    folder = cache_dir / "merged"
    folder.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    stem = f"{model.name}-{model.sha256[:16]}-{model.adapter_sha256[:16]}-m{VERSION}"
    if model.path.is_dir():
        target, digest = merge_folder(model.path, model.adapter, folder / f"{stem}-hf")
        notes: dict[str, object] = {}
    else:
        target = _merge_file(model, folder / stem, on_progress)
        digest = hash_file(target)
        types = list_types_before(model, model.path)
        notes = {"parent_type": types[-1] if types else None, "made_from": types, "weights_type": choose_type(target)}
    remember_merged(digest, model)
    on_progress(f"the adapter is merged into the weights ({time.perf_counter() - started:.1f} s)")
    kept = {key: value for key, value in model.notes.items() if key not in _OF_THE_PARENT_ALONE}
    told = {"parent_sha256": model.sha256, "merged_adapter_sha256": model.adapter_sha256, **notes}
    return replace(
        model,
        path=target,
        sha256=digest,
        name=f"{model.name}-merged",
        notes={**kept, **told},
        adapter=None,
        adapter_sha256="",
    )


def choose_type(source: Path) -> str:
    """Return the type of weights that a merged file gets."""
    own = read_header(source).weights_type
    return own if own in UNQUANTIZED - {"f64"} and own is not None else NARROWEST


def _merge_file(model: ResolvedModel, folder: Path, on_progress: OnBuildStep) -> Path:
    """Return the merged file in a folder of its own, made once."""
    source, adapter = model.path, model.adapter
    assert source is not None and adapter is not None
    kind = choose_type(source)
    target = folder / f"{model.name}-merged-{kind}-{package_version('llama-cpp-python')}.gguf"
    folder.mkdir(exist_ok=True)
    with FileLock(folder / "lock"):
        for left in folder.glob("*.part"):  # of a killed run
            left.unlink(missing_ok=True)
        if not target.exists():
            changes = list_changes(adapter, source)
            check_opens(source, model.sha256)
            on_progress(f"merging the adapter into {len(changes)} weight matrices")
            with _make_wide(source, folder) as wide:
                for change in read_changes(adapter, read_parent(wide)):
                    change_tensor(wide, change, LARGEST.get(kind, LARGEST["f32"]))
                if kind == "f32":
                    wide.replace(target)
                else:
                    facts = {MADE_FROM: ",".join(list_types_before(model, source))}
                    make_quantized(import_library(), wide, target, kind, MakingSettings(facts=facts))
    return target


def list_types_before(model: ResolvedModel, source: Path) -> list[str]:
    """Return the types that a model's weights had, oldest first, that of its own file included."""
    told, head = model.notes.get("made_from"), read_header(source)
    older = list(map(str, told)) if isinstance(told, list) else list(head.made_from)
    return [*older, *([head.weights_type] if head.weights_type else [])]


def list_changes(adapter: Path, source: Path) -> list[str]:
    """Return the names of the matrices that an adapter changes; raise ModelError if it does not fit a GGUF file."""
    return [change.name for change in read_changes(adapter, read_parent(source))]


@contextmanager
def _make_wide(source: Path, folder: Path) -> Iterator[Path]:
    """Yield a copy of a GGUF file with weights of 32-bit floats, which is gone afterwards."""
    wide = folder / "wide.part"
    lone = list_split_names(source.name) == [source.name]
    try:
        if lone and _holds_only_floats(source):
            _check_room(source.stat().st_size, folder)
            shutil.copyfile(source, wide)
        else:
            make_quantized(import_library(), source, wide, "f32")
        yield wide
    finally:
        wide.unlink(missing_ok=True)


def _check_room(needed: int, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ModelError(
            f"Merging needs {needed / 1e6:.0f} MB, and only {free / 1e6:.0f} MB are free in {folder}.",
            fix="Free some room, or point XDG_CACHE_HOME elsewhere.",
        )


def _holds_only_floats(source: Path) -> bool:
    return all(TENSOR_TYPES.get(tensor.type) == "f32" for tensor in read_header(source).tensors.values())


def change_tensor(path: Path, change: WeightChange, largest: float = LARGEST["f32"]) -> None:
    """Change one matrix of 32-bit floats in a GGUF file, where it is.

    Raises ModelError if it is of another type, or becomes what is no finite number, or larger than ``largest``.
    """
    tensor = read_header(path).tensors[change.name]
    if TENSOR_TYPES.get(tensor.type) != "f32":
        raise ModelError(f"{change.name} could not be dequantised, so no adapter can be merged into it.")
    place = np.memmap(path, dtype="<f4", mode="r+", offset=tensor.start, shape=tensor.shape[::-1])
    changed = change.apply(np.asarray(place))
    check_size(change.name, changed, largest)
    place[:] = changed
    place.flush()
