"""Memory of GGUF models, predicted: the file's head, and a dry run of the library that reads no weights.

Puts together what `fairtrial.engines.llamacpp.dry` is told by llama.cpp and where the weights lie in the file.  The
weights are mapped: while they are loaded the whole file is in memory beside what is copied out of it, afterwards from
the first to the last weight that was not copied.
"""

from __future__ import annotations

import json
import os
import pickle
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

from fairtrial.cache import recall, remember
from fairtrial.engines.footprint import Footprint
from fairtrial.engines.llamacpp.binding import get_library_version
from fairtrial.engines.llamacpp.dry import DryRun
from fairtrial.engines.settings import EngineSettings, ReadImage, refuse_image
from fairtrial.errors import FairtrialError
from fairtrial.images import examine
from fairtrial.models import ResolvedModel, hash_file
from fairtrial.models.gguf import GgufError, GgufHeader, TensorInfo, list_split_names, read_header
from fairtrial.models.record import count_weight_bytes
from fairtrial.records import Request, content_hash, list_images
from fairtrial.spec.candidate import Candidate

_SECONDS = 120
_PADDING = 64  # bytes that the library may add to a weight
RULES = 3  # goes up when what is predicted changes
MOST_TYPES = 12
"""Of weights in one file; all combinations of them are gone through."""
MAPPED_IN = "CPU"
PARTS = {"buffers", "elsewhere", "vocabulary", "cache", "working", "cells", "full", "context"}


def predict_footprint(
    candidate: Candidate, model: ResolvedModel, settings: EngineSettings, chunks: Sequence[Sequence[Request]]
) -> Footprint | str:
    """Return what a candidate needs, or why that cannot be told; see `fairtrial.engines.predict_footprint`.

    What a dry run told is kept, and read again for the same model, requests and library.
    """
    if model.path is None or candidate.dtype != "auto":
        return "there is no file for llama.cpp to look at"
    asked = content_hash([[request.id for request in chunk] for chunk in chunks])
    spec = candidate.model_dump(mode="json", include={"chat", "system", "context", "overflow"})
    template = hash_file(Path(candidate.chat)) if candidate.chat not in ("none", "model") else ""
    running = [settings.threads, settings.batch_tokens, settings.flash_attention]
    beside = [model.projector_sha256] if model.projector else []
    beside += [model.adapter_sha256] if model.adapter else []
    known = [RULES, platform.node(), get_library_version(), model.sha256, asked, spec, template, running, *beside]
    name = f"llamacpp-memory/{content_hash(known)}"
    run = DryRun(candidate, model, replace(settings, read_image=refuse_image, on_note=None), chunks, {})
    parts = recall(name)
    if parts is None or not parts.keys() >= PARTS:
        sizes = _measure_images(chunks, settings.read_image) if model.projector else {}
        parts = _run_dry(replace(run, sizes=sizes))
        if "wrong" not in parts:
            remember(name, parts)
    added = count_weight_bytes(model.adapter) or 0 if model.adapter else 0
    return _build_footprint(model.path, parts, added)


def _measure_images(chunks: Sequence[Sequence[Request]], read: ReadImage) -> dict[str, tuple[int, int]]:
    """Return height and width of the images that requests show, by hash; those that cannot be read are left out."""
    found = {}
    for image in {image for chunk in chunks for request in chunk for image in list_images(request)}:
        with suppress(FairtrialError):
            facts = examine(read(image))
            found[image.hash] = (facts.height, facts.width)
    return found


def _run_dry(run: DryRun) -> Mapping[str, Any]:
    """Return what the dry run tells, or under ``wrong`` why it tells nothing."""
    command = [sys.executable, "-m", "fairtrial.engines.llamacpp.dry"]
    env = {**os.environ, "GGML_NO_BACKTRACE": "1"}  # else it starts a debugger where it breaks off
    given = pickle.dumps(run)
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=_SECONDS, check=False, env=env)
    except subprocess.TimeoutExpired:
        return {"wrong": f"llama.cpp's dry run did not end within {_SECONDS} seconds"}
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        told = last[:200] or "it gave no reason"
        return {"wrong": f"llama.cpp's dry run broke off (code {done.returncode}): {told}"}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _build_footprint(path: Path, parts: Mapping[str, Any], adapter: int) -> Footprint | str:
    """Return the footprint of the model in a file, of what the dry run told, with the bytes of an adapter beside it."""
    if "wrong" in parts:
        return str(parts["wrong"])
    buffers: Mapping[str, int] = parts["buffers"]
    file = [path.parent / name for name in list_split_names(path.name)]
    size = sum(part.stat().st_size for part in file)
    copied = sum(bytes_ for name, bytes_ in buffers.items() if name != MAPPED_IN)
    mapped = sum(count_mapped_bytes(part, copied, buffers.get(MAPPED_IN, 0), len(file) == 1) for part in file)
    copied += parts.get("tower", 0) + adapter
    fixed = copied + parts["vocabulary"]
    return Footprint(
        mapped=mapped,
        copied=copied,
        vocabulary=parts["vocabulary"],
        cache=parts["cache"],
        working=parts["working"],
        loading=size + fixed,
        cells=parts["cells"],
        full=max(size + fixed, mapped + fixed + parts["full"]),
        context=parts["context"],
    )


def count_mapped_bytes(path: Path, copied: int, uncopied: int, alone: bool) -> int:
    """Return the bytes of a file from the first to the last weight that is not copied; all of it where that is unclear.

    Which weights are copied depends on their type, and the library tells only the bytes of the others: the types are
    those whose weights make up the difference.
    """
    size = path.stat().st_size
    if not copied or not alone:
        return size
    try:
        head = read_header(path)
    except (GgufError, OSError):
        return size
    ends = _find_ends(head, size)
    multiplied = [t for t in head.tensors.values() if len(t.shape) > 1 and not t.name.startswith("token_embd")]
    types = sorted({t.type for t in multiplied})
    missing = sum(ends[t.name] - t.start for t in head.tensors.values()) - uncopied
    for count in range(1, len(types) + 1) if len(types) <= MOST_TYPES else ():
        for chosen in combinations(types, count):
            gone = [t for t in multiplied if t.type in chosen]
            if abs(sum(ends[t.name] - t.start for t in gone) - missing) <= _PADDING * len(head.tensors) + (1 << 14):
                names = {t.name for t in gone}
                rest = [t for t in head.tensors.values() if t.name not in names]
                return max(ends[t.name] for t in rest) - min(t.start for t in rest)
    return size


def _find_ends(head: GgufHeader, size: int) -> dict[str, int]:
    """Return where each weight ends: where the next one begins."""
    order: list[TensorInfo] = sorted(head.tensors.values(), key=lambda t: t.start)
    starts = [t.start for t in order[1:]] + [size]
    return {t.name: end for t, end in zip(order, starts, strict=True)}
