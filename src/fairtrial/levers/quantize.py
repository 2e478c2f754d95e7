"""The quantize lever: rewrite a GGUF model's weights with fewer bits, by llama.cpp's own quantiser.

    levers: [{quantize: q4_k_m}]

The result is kept in the cache under the parent's hash, the type and the library's version, and made only once.  The
parent's own type is on the record: made from a quantised parent, the result cannot be better than it.
Types below 3 bits that need an importance matrix are refused; nothing here computes one.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from fairtrial.engines.llamacpp.binding import complaints, library
from fairtrial.errors import ModelError, SpecError, did_you_mean
from fairtrial.levers.base import OnProgress
from fairtrial.machine import package_version
from fairtrial.models import ResolvedModel, file_sha256
from fairtrial.models.gguf import read_head

PREFIX = "LLAMA_FTYPE_MOSTLY_"
NEEDS_IMATRIX = frozenset({"iq1_m", "iq1_s", "iq2_m", "iq2_s", "iq2_xs", "iq2_xxs", "q2_k_s", "iq3_xs", "iq3_xxs"})
FOR_EXPERTS = frozenset({"mxfp4_moe"})


def quantize(settings: Any, model: ResolvedModel, cache_dir: Path, on_progress: OnProgress) -> ResolvedModel:
    """Return ``model`` with weights of the type that ``settings`` names; see `fairtrial.levers.base.BuildLever`."""
    llama_cpp = library()
    given = settings if isinstance(settings, Mapping) else {"type": settings}
    kind = wanted_type(given.get("type"), types_of(llama_cpp))
    if model.engine != "llamacpp" or model.path is None:
        raise ModelError(f"model {model.spec!r} cannot be quantised: it is not a GGUF file.")
    folder = cache_dir / "quantized"
    folder.mkdir(parents=True, exist_ok=True)
    version = package_version("llama-cpp-python")
    target = folder / f"{model.name}-{kind}-{model.sha256[:16]}-{version}.gguf"
    with FileLock(f"{target}.lock"):
        if not target.exists():
            on_progress(f"quantising to {kind}")
            started = time.perf_counter()
            write_quantized(llama_cpp, model.path, target, types_of(llama_cpp)[kind], given.get("threads"))
            size = target.stat().st_size / 1e6
            on_progress(f"quantised to {kind}: {size:.0f} MB in {time.perf_counter() - started:.1f} s")
    parent = {"parent_sha256": model.sha256, "parent_type": read_head(model.path).file_type}
    notes = {**model.notes, **parent, "quantized_to": kind, "quantizer": f"llama.cpp {version}"}
    return ResolvedModel(model.spec, model.engine, target, file_sha256(target), f"{model.name}-{kind}", notes)


def wanted_type(settings: Any, known: Mapping[str, int]) -> str:
    """Return the name of the type that the user asked for.

    Raises SpecError if it is no name, not a type, or a type that needs an importance matrix.
    """
    if not isinstance(settings, str):
        raise SpecError(f"quantize takes the name of a type, e.g. quantize: q4_k_m; got {settings!r}.")
    kind = settings.lower()
    if kind not in known:
        raise SpecError(
            f"quantize: there is no type {settings!r}.{did_you_mean(kind, known)}",
            fix=f"Types of the installed llama.cpp: {', '.join(sorted(known))}.",
        )
    if kind in NEEDS_IMATRIX:
        raise SpecError(
            f"quantize: {kind} needs an importance matrix, which this version cannot make.",
            fix="Use q2_k, iq3_s or a larger type.",
        )
    return kind


def types_of(llama_cpp: Any) -> dict[str, int]:
    """Return the types that the library can write, by lower-case name."""
    found = {
        name.removeprefix(PREFIX).lower(): int(getattr(llama_cpp, name))
        for name in dir(llama_cpp)
        if name.startswith(PREFIX)
    }
    return {name: number for name, number in found.items() if name not in FOR_EXPERTS} | {"f32": 0}


def write_quantized(llama_cpp: Any, source: Path, target: Path, ftype: int, threads: int | None) -> None:
    """Write ``source`` with weights of another type to ``target``, which appears whole or not at all."""
    free = shutil.disk_usage(target.parent).free
    if free < 1.1 * source.stat().st_size:
        raise ModelError(
            f"quantising {source.name} may need {source.stat().st_size / 1e6:.0f} MB, and only {free / 1e6:.0f} MB are "
            f"free in {target.parent}.",
            fix="Free some room, or point XDG_CACHE_HOME elsewhere.",
        )
    temporary = target.with_suffix(f".{os.getpid()}.part")
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = ftype
    params.allow_requantize = True
    params.nthread = threads or os.cpu_count() or 1
    complaints()  # forget older ones
    try:
        code = llama_cpp.llama_model_quantize(os.fsencode(source), os.fsencode(temporary), ctypes.byref(params))
        if code != 0:
            reason = complaints() or "it gave no reason"
            raise ModelError(f"llama.cpp could not quantise {source.name} (code {code}): {reason}")
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
