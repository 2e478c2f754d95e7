"""A dry run of llama.cpp: how much memory a model will take, asked of the library itself, without its weights.

Run as a module it reads a `DryRun` from its input and writes JSON: a process of its own, because the library ends the
process where it finds something wrong, and because what it leaves behind would count as another candidate's.
`fairtrial.engines.llamacpp.footprint` runs it.
"""

from __future__ import annotations

import json
import pickle
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from fairtrial.engines.llamacpp.binding import Context, ContextShape, Model, import_library, redirect_log
from fairtrial.engines.llamacpp.demand import Demand, predict_demands
from fairtrial.engines.llamacpp.probe import recall_packing
from fairtrial.engines.llamacpp.projector import Projector
from fairtrial.engines.llamacpp.session import SessionSizes
from fairtrial.engines.llamacpp.speed import recall_speed
from fairtrial.engines.llamacpp.tokens import GgufVocabulary
from fairtrial.engines.local.images import EMBEDDING_BYTES, ImageEncoder, ImageTable, Pixels
from fairtrial.engines.local.session import round_up_cells
from fairtrial.engines.prompts import Encoder, make_prompt_format
from fairtrial.engines.settings import EngineSettings
from fairtrial.errors import FairtrialError
from fairtrial.models import ResolvedModel
from fairtrial.records import ImagePart, Request
from fairtrial.spec.candidate import Candidate

MIB = 1 << 20
USUAL_SIZE = (512, 512)
"""Of images whose size is not known yet."""
SIZE = re.compile(r"(\S+)\s+(model|compute|output) buffer size\s*=\s*(\d+\.?\d*) MiB")
CACHE = re.compile(r"(?:llama_kv_cache\S*|llama_memory_recurrent): size\s*=\s*(\d+\.?\d*) MiB")
CACHED_IN = re.compile(r"(\S+) (?:KV|RS) buffer size")
HOST = re.compile(r"^(CPU|AMX)|_Host$")


@dataclass(frozen=True, slots=True)
class DryRun:
    """A candidate of which to tell the memory, and requests that it gets: chunks that are asked together.

    ``sizes`` are height and width of the images in them, by hash, as far as they are known.
    """

    candidate: Candidate
    model: ResolvedModel
    settings: EngineSettings
    chunks: Sequence[Sequence[Request]]
    sizes: Mapping[str, tuple[int, int]]


class LogCapture:
    """Keeps what the library writes to its log, from when it is made."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        redirect_log(lambda _, text, __: self.lines.append(text.decode("utf-8", "replace")))

    def capture(self, act: Callable[[], None]) -> str:
        """Return what is written while something is done."""
        self.lines.clear()
        act()
        return "".join(self.lines)


def _measure_weights(path: Path, log: LogCapture, *, packed: bool) -> dict[str, int]:
    """Return the bytes that the weights take, by kind of buffer.

    The library sets its buffers aside before it reads the first weight, and is then told to stop; none is touched.
    """
    lib = import_library()
    params = lib.llama_model_default_params()
    params.use_extra_bufts, params.load_mode = packed, lib.LLAMA_LOAD_MODE_NONE
    stop = lib.llama_progress_callback(lambda _, __: False)
    params.progress_callback = stop
    told = log.capture(lambda: lib.llama_model_load_from_file(str(path).encode(), params))
    return {name: _parse_mib(size) for name, kind, size in SIZE.findall(told) if kind == "model"}


def _parse_mib(text: str) -> int:
    """Return bytes for a number of MiB as the log has it."""
    return round(float(text) * MIB)


@dataclass(frozen=True, slots=True)
class _Tower:
    """What it takes to see.

    Attributes:
        images: that are laid out; None if the model sees none.
        weights: bytes of the tower and what joins it to the language model.
        working: bytes of its buffers, and of encoded images that are kept.
    """

    images: ImageTable | None = None
    weights: int = 0
    working: int = 0


def _measure_tower(run: DryRun, model: Model, log: LogCapture) -> _Tower:
    """Load the projector, if there is one, and tell its memory."""
    path = run.model.projector
    if path is None:
        return _Tower()
    opened: list[Projector] = []
    flash = {None: -1, False: 0, True: 1}[run.settings.flash_attention]

    def read(image: ImagePart) -> Pixels:
        return np.zeros((*run.sizes.get(image.hash, USUAL_SIZE), 3), dtype=np.uint8)

    def load() -> None:
        opened.append(Projector(path, model, read, threads=1, flash=flash, accelerated=False, warm=True))

    told = log.capture(load)
    buffers = sum(_parse_mib(size) for _, kind, size in SIZE.findall(told) if kind == "compute")
    return _Tower(ImageTable(opened[0]), path.stat().st_size, buffers + EMBEDDING_BYTES)


def _measure_context(
    model: Model, sizes: SessionSizes, demand: Demand, log: LogCapture, eyes: ImageEncoder | None = None
) -> tuple[int, int]:
    """Return the bytes of the cache, and of all else, in a context that meets a demand.

    Rows of logits are cleared when the context is made, all that there is room for; of the network's own buffers only
    those pages are touched that the largest pass needs.
    """
    cells, tokens = round_up_cells(demand.cells), max(demand.tokens, demand.rows)
    whole = ContextShape(cells, sizes.batch, sizes.sequences, sizes.outputs, sizes.threads, demand.flash, demand.image)
    # The library wants a row of logits for every sequence; how many sequences there are takes no memory itself.
    used = ContextShape(demand.seen, tokens, min(sizes.sequences, demand.rows), demand.rows, 1, demand.flash)
    if eyes is not None and eyes.whole:
        whole = replace(whole, whole=True)
    told = log.capture(lambda: Context(model, whole).close())
    cache = sum(map(_parse_mib, CACHE.findall(told)))
    here = any(HOST.search(name) for name in CACHED_IN.findall(told))
    rows = parse_buffers(told).get("output", 0)
    touched = parse_buffers(log.capture(lambda: Context(model, used).close())).get("compute", 0)
    return cache if here else 0, rows + touched + demand.scratch * 4 * model.n_vocab


def parse_buffers(told: str) -> dict[str, int]:
    """Return the bytes of the buffers in this machine's own memory, by what they are for."""
    found: dict[str, int] = {}
    for name, kind, size in SIZE.findall(told):
        if HOST.search(name):
            found[kind] = found.get(kind, 0) + _parse_mib(size)
    return found


def _measure_memory(run: DryRun, log: LogCapture) -> dict[str, Any]:
    """Return the parts of one candidate's memory.  Raises FairtrialError where the engine would."""
    path = run.model.path
    assert path is not None
    packed = recall_packing()
    before = psutil.Process().memory_info().rss
    model = Model(path, packed=packed, dry=True)
    vocabulary = GgufVocabulary(model)
    tables = psutil.Process().memory_info().rss - before
    placed = _measure_weights(path, log, packed=packed)
    tower = _measure_tower(run, model, log)
    eyes = tower.images.encoder if tower.images else None
    asking = make_prompt_format(
        run.candidate,
        vocabulary,
        model.read_metadata("tokenizer.chat_template"),
        trained=model.n_ctx_train,
        where=str(path),
    )
    flash = {None: -1, False: 0, True: 1}[run.settings.flash_attention]
    speed = recall_speed(run.model.sha256, packed=packed, flash=flash)
    batch = run.settings.batch_tokens or speed.batch
    threads = run.settings.threads or speed.threads
    sizes = SessionSizes.fit(batch=batch, threads=threads, vocabulary=model.n_vocab, flash=flash)
    encoder = Encoder(vocabulary, asking, tower.images)
    needed = predict_demands(run.chunks, encoder, sizes, shares=model.scores_prefixes())
    needed = list(dict.fromkeys(needed)) or [Demand(sizes.batch, sizes.batch, 1, flash, 0, sizes.batch)]
    now = [(*_measure_context(model, sizes, demand, log, eyes), round_up_cells(demand.cells)) for demand in needed]
    cache, working, cells = max(now, key=lambda found: found[0] + found[1])
    whole = [replace(d, cells=max(asking.context, d.cells), seen=max(asking.context, d.seen)) for d in needed]
    full = max(sum(_measure_context(model, sizes, demand, log, eyes)) for demand in whole)
    if eyes is not None:
        eyes.close()
    model.close()
    return {
        "buffers": {name: size for name, size in placed.items() if HOST.search(name)},
        "elsewhere": sum(size for name, size in placed.items() if not HOST.search(name)),
        "vocabulary": max(tables, 0),
        "cache": cache,
        "working": working + tower.working,
        "cells": cells,
        "full": full + tower.working,
        "tower": tower.weights,
        "context": asking.context,
    }


def main() -> None:
    """Read a `DryRun`, write its parts, or what is wrong."""
    run = pickle.load(sys.stdin.buffer)
    try:
        found: dict[str, Any] = _measure_memory(run, LogCapture())
    except FairtrialError as error:
        found = {"wrong": error.message}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
