"""Makes a quantised file by llama.cpp's quantiser, whole or not at all, and clears away what killed runs have left."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from fairtrial.engines.llamacpp.binding import take_complaints
from fairtrial.errors import ModelError, SpecError
from fairtrial.levers.quantize.imatrix import ImportanceMatrix
from fairtrial.levers.quantize.types import FOR_EXPERTS, compute_least_bytes, list_types
from fairtrial.models.gguf import GgufError, GgufHeader, list_split_names, read_header

_OLDER_PART = re.compile(r"\.\d+\.part$")
_ALMOST_FULL = 1 << 20
LONGEST_FACT = 127


def get_part_path(target: Path) -> Path:
    """Return where a file is written before it is whole.  Its lock must be held: there is one name for all."""
    return Path(f"{target}.part")


def remove_leftovers(folder: Path, target: Path) -> None:
    """Delete what killed runs have left half made in a folder; the lock of ``target`` is held.

    What another process is at work on is under its lock, and stays.
    """
    for part in folder.glob("*.part"):
        whole = _OLDER_PART.sub(".gguf", part.name).removesuffix(".part")
        if whole == target.name:
            part.unlink(missing_ok=True)
            continue
        try:
            with FileLock(f"{folder / whole}.lock", timeout=0):
                part.unlink(missing_ok=True)
        except Timeout:
            continue


def check_room(source: Path, kind: str, folder: Path) -> None:
    """Raise ModelError if there is surely no room for the file, or its source cannot be read."""
    read_quantizable(source)
    needed = compute_least_bytes(source, kind)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ModelError(
            f"{source.name} as {kind} needs at least {needed / 1e6:.0f} MB, and only {free / 1e6:.0f} MB are free in "
            f"{folder}.",
            fix="Free some room, or point XDG_CACHE_HOME elsewhere.",
        )


def read_quantizable(source: Path) -> GgufHeader:
    """Return what a file says about itself; raise ModelError if it is damaged."""
    try:
        return read_header(source)
    except (GgufError, OSError) as error:
        raise ModelError(
            f"{source.name} cannot be quantised: {error}.", fix="The file is damaged or cut short; get it again."
        ) from error


def check_matrix(source: Path, matrix: ImportanceMatrix) -> None:
    """Raise SpecError if an importance matrix is not one of this model: other weights, or of other shapes."""
    shapes = {
        tensor.name: tensor.shape
        for name in list_split_names(source.name)
        for tensor in read_header(source.with_name(name)).tensors.values()
    }
    known = [name for name in matrix.weights if name in shapes]
    wrong = [name for name in known if len(matrix.weights[name].means()) != _count_elements(shapes[name])]
    if wrong or not known:
        what = f"{wrong[0]!r} has another shape there" if wrong else "it names none of the weights"
        raise SpecError(
            f"quantize: the importance matrix is not one of {source.name}: {what}.",
            fix="Compute it with the model that is quantised: calibrate: TEXT-FILE.",
        )


def _count_elements(shape: tuple[int, ...]) -> int:
    return shape[0] * (shape[2] if len(shape) > 2 else 1)


@dataclass(frozen=True, slots=True)
class MakingSettings:
    """How a file is made.

    Attributes:
        threads: processor threads; None takes all.
        matrix: importance matrix.
        facts: values that the file gets beside those of its parent, by GGUF key: short texts.
    """

    threads: int | None = None
    matrix: ImportanceMatrix | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


PLAIN = MakingSettings()


def make_quantized(llama_cpp: Any, source: Path, target: Path, kind: str, how: MakingSettings = PLAIN) -> None:
    """Write ``source`` with weights of type ``kind`` to ``target``, whose lock is held.

    Raises:
        ModelError: there is no room, or the library cannot do it.
        SpecError: the importance matrix is another model's.
    """
    check_room(source, kind, target.parent)
    if kind in FOR_EXPERTS and not any(len(tensor.shape) > 2 for tensor in read_quantizable(source).tensors.values()):
        raise ModelError(
            f"{kind} is a type for experts, and {source.name} has none.", fix="Use q8_0, which it would be."
        )
    if how.matrix is not None:
        check_matrix(source, how.matrix)
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = list_types(llama_cpp)[kind]
    params.allow_requantize = True
    params.nthread = how.threads or os.cpu_count() or 1
    means = {} if how.matrix is None else {name: sums.means() for name, sums in how.matrix.weights.items()}
    facts = make_facts(llama_cpp, how.facts)  # so must this
    if how.facts:
        params.kv_overrides = ctypes.cast(facts, ctypes.POINTER(llama_cpp.llama_model_kv_override))
    entries = make_entries(llama_cpp, means)  # must outlive the call
    if means:
        params.imatrix = ctypes.cast(entries, ctypes.POINTER(llama_cpp.llama_model_imatrix_data))
    part = get_part_path(target)
    take_complaints()  # forget older ones
    try:
        code = llama_cpp.llama_model_quantize(os.fsencode(source), os.fsencode(part), ctypes.byref(params))
        if code != 0:
            raise explain_refusal(source, kind, target.parent, code)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def make_entries(llama_cpp: Any, means: Mapping[str, NDArray[np.float32]]) -> Any:
    """Return importances as the library reads them: an array that ends with an entry without a name."""
    entry = llama_cpp.llama_model_imatrix_data
    entries = (entry * (len(means) + 1))()
    for slot, (name, values) in zip(entries, means.items(), strict=False):
        slot.name, slot.size = name.encode(), values.size
        slot.data = values.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
    return entries


def make_facts(llama_cpp: Any, facts: Mapping[str, str]) -> Any:
    """Return values as the library reads them: an array that ends with an entry without a name."""
    entries = (llama_cpp.llama_model_kv_override * (len(facts) + 1))()
    for slot, (key, value) in zip(entries, facts.items(), strict=False):
        slot.tag, slot.key = llama_cpp.LLAMA_KV_OVERRIDE_TYPE_STR, key.encode()
        slot.value.val_str = value.encode()[:LONGEST_FACT]
    return entries


def explain_refusal(source: Path, kind: str, folder: Path, code: int) -> ModelError:
    """Return the error for what the library has refused, with what to do about it."""
    reason = take_complaints()[-400:] or "it gave no reason"
    fix = "The file may be damaged, or newer than the installed llama-cpp-python: pip install -U llama-cpp-python."
    if shutil.disk_usage(folder).free < _ALMOST_FULL:
        fix = f"There is no room left in {folder}: free some, or point XDG_CACHE_HOME elsewhere."
    elif "unknown model architecture" in reason:
        fix = "Only language models that the installed llama.cpp knows can be quantised; a newer one may know it."
    elif "imatrix" in reason.lower():
        fix = "The importance matrix leaves out weights that this type needs it for: compute it with calibrate: TEXT."
    elif "no dequantization" in reason:
        fix = "Start from a file of wider weights, such as f16 or q8_0."
    return ModelError(f"llama.cpp could not quantise {source.name} to {kind} (code {code}): {reason}.", fix=fix)
