"""Tries a file out in a process of its own, before this one is trusted to it.

llama.cpp ends the whole process where it finds a header that contradicts itself, and some virtual machines announce
matrix instructions (AMX) that do the same.  So a process of its own loads a model, reads its vocabulary and computes a
few tokens.  `check_opens` has that done once for every file, `check_packing` once in some minutes for the machine: not
longer, because a virtual machine may be moved to other hardware while it runs.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fairtrial.cache import recall, remember
from fairtrial.engines.llamacpp.binding import (
    Context,
    ContextShape,
    Model,
    get_library_version,
    get_system_info,
    import_library,
    redirect_log,
)
from fairtrial.engines.llamacpp.projector import GREY, Projector, refuse_misread
from fairtrial.engines.llamacpp.tokens import GgufVocabulary
from fairtrial.engines.local.session import round_up_cells
from fairtrial.errors import FairtrialError, ModelError
from fairtrial.models.gguf import list_split_names
from fairtrial.records import ImagePart, content_hash

RULES = 1
"""Goes up when more is tried out."""
_TOKENS = 64
_SECONDS = 300
_BYTES_A_SECOND = 50e6  # a slow disk
_ROOM = 4 << 30  # address space beside three times the file: mapped, rearranged, and read once more
_REMEMBERED_SECONDS = 600
_TEXT = "The quick brown fox, 12 lazy dogs and 3\n\u00e9l\u00e8ves."
_LOG_ERROR = 4
_PLACE = re.compile(r"\S*/(?=[\w.-]+\.(?:cpp|c|h|hpp|cu|m):\d+)")
_NOISE = re.compile(
    r"llama_model_load: error loading model: |llama_model_load_from_file_impl: failed to load model"
    r"|clip_init: failed to load model '[^']*': |mtmd_init_from_file: error: Failed to load CLIP model from .*"
)
_TELLING = re.compile(r"GGML_ASSERT|GGML_ABORT|what\(\)|error|fatal|failed|invalid|MemoryError", re.IGNORECASE)
PACKING = "llamacpp-packing"
_PACKAGE = Path(__file__).parents[2]
_START = """
import sys, types
package = types.ModuleType("fairtrial")  # without what its front doors import: three quarters of the time
package.__path__ = [sys.argv[1]]
sys.modules["fairtrial"] = package
from fairtrial.engines.llamacpp.probe import main
main(*sys.argv[2:])
"""


@dataclass(frozen=True, slots=True)
class ProbeOutcome:
    """How a trial run ended.

    Attributes:
        signal: that killed it; 0 if none did.
        wrong: what was wrong with the file; empty if nothing was.
        fix: what to do about it.
    """

    signal: int = 0
    wrong: str = ""
    fix: str = ""


def check_opens(path: Path, sha256: str) -> None:
    """Raise ModelError if llama.cpp cannot open a file and compute with it; tried once, then remembered by its hash."""
    name = f"llamacpp-opened/{content_hash([RULES, get_library_version(), sha256])}"
    if (recall(name) or {}).get("opened") is True:
        return
    found = run_probe(path, packed=False)
    if "CLIP cannot be used as main model" in found.wrong:
        fix = "Name the language model with `model`, and this file with `projector: PATH`."
        raise ModelError("This is a projector, not a language model.", fix=fix, where=str(path))
    if "unknown model architecture" in found.wrong:
        fix = "The installed llama.cpp does not know this kind of model; a newer one may know it."
        raise ModelError(found.wrong, fix=fix, where=str(path))
    if found.wrong:
        fix = found.fix or "Its header contradicts itself, or the file is damaged: get it again, or convert it again."
        raise ModelError(found.wrong, fix=fix, where=str(path))
    remember(name, {"opened": True})


def check_sees(path: Path, projector: Path, identity: str) -> None:
    """Raise ModelError if llama.cpp cannot open a projector beside its model and compute with both.

    Args:
        path: the language model, which is known to open.
        projector: the file with the vision tower.
        identity: of both files' contents: tried once, then remembered.
    """
    refuse_misread(projector)
    name = f"llamacpp-opened/{content_hash([RULES, get_library_version(), identity])}"
    if (recall(name) or {}).get("opened") is True:
        return
    found = run_probe(path, packed=False, projector=projector)
    if found.wrong:
        fix = found.fix or "The file is damaged, or belongs to another model: get it again, or give `projector: none`."
        raise ModelError(found.wrong, fix=fix, where=str(projector))
    remember(name, {"opened": True})


def check_adapts(path: Path, adapter: Path, identity: str) -> None:
    """Raise ModelError if llama.cpp cannot open an adapter beside its model and compute with both.

    Args:
        path: the model, which is known to open.
        adapter: a GGUF LoRA.
        identity: of both files' contents: tried once, then remembered.
    """
    if adapter.is_dir():
        raise ModelError(
            "llama.cpp loads an adapter from one GGUF file, and this is a folder.",
            fix="Make the file: fairtrial adapter convert.",
            where=str(adapter),
        )
    name = f"llamacpp-opened/{content_hash([RULES, get_library_version(), identity])}"
    if (recall(name) or {}).get("opened") is True:
        return
    found = run_probe(path, packed=False, adapter=adapter)
    if found.wrong:
        fix = found.fix or "It is damaged, or belongs to another model: name the model that it was trained on."
        raise ModelError(found.wrong, fix=fix, where=str(adapter))
    remember(name, {"opened": True})


def check_packing(path: Path) -> bool:
    """Return whether weights rearranged for special instructions can be computed with here.

    Only machines that announce AMX are tried, with a file that is known to open without.
    """
    if "AMX_INT8 = 1" not in get_system_info():
        return True
    known = _recall_outcome()
    if known is None:
        known = not run_probe(path, packed=True).signal  # other failures are not about the processor
        remember(PACKING, {"machine": _describe_machine(), "works": known, "at": time.time()})
    return known


def recall_packing() -> bool:
    """Return the same without a trial run: what is remembered, else yes."""
    return _recall_outcome() is not False


def _describe_machine() -> str:
    return f"{platform.node()}|{platform.release()}|{get_library_version()}|{get_system_info()}"


def _recall_outcome() -> bool | None:
    """Return the remembered outcome, or None if there is none for this machine or it is too old."""
    known = recall(PACKING) or {}
    at = known.get("at")
    fresh = isinstance(at, int | float) and 0 <= time.time() - at < _REMEMBERED_SECONDS
    return bool(known.get("works")) if fresh and known.get("machine") == _describe_machine() else None


def run_probe(path: Path, *, packed: bool, projector: Path | None = None, adapter: Path | None = None) -> ProbeOutcome:
    """Return how a trial run with a file ends, and with a projector or an adapter beside it."""
    size = sum(part.stat().st_size for name in list_split_names(path.name) if (part := path.with_name(name)).is_file())
    size += sum(one.stat().st_size for one in (projector, adapter) if one)
    seconds = _SECONDS + size / _BYTES_A_SECOND
    command = [
        sys.executable,
        "-c",
        _START,
        str(_PACKAGE),
        str(path),
        str(int(packed)),
        str(size),
        str(projector or ""),
        str(adapter or ""),
    ]
    env = {**os.environ, "GGML_NO_BACKTRACE": "1"}  # else it starts a debugger where it breaks off
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False, env=env
        )
    except subprocess.TimeoutExpired:
        return ProbeOutcome(
            signal.SIGKILL, f"llama.cpp does not get done with opening this file within {seconds:.0f} seconds."
        )
    with contextlib.suppress(ValueError, TypeError):
        return ProbeOutcome(0, **json.loads(done.stdout))
    said = extract_reason(done.stderr.decode("utf-8", "replace"))
    killed = -done.returncode if done.returncode < 0 else 0
    return ProbeOutcome(
        killed,
        f"llama.cpp breaks off when it opens this file{_describe_signal(killed)}: {said or 'it gives no reason'}.",
    )


def extract_reason(text: str) -> str:
    """Return what of a log says why the library broke off, in a line."""
    lines = [" ".join(_PLACE.sub("", line).split()) for line in _NOISE.sub("", text).splitlines() if line.strip()]
    telling = [line for line in lines if _TELLING.search(line)] or lines[-1:]
    return "; ".join(dict.fromkeys(telling[-3:]))[-400:].rstrip(".")


def _describe_signal(killed: int) -> str:
    if killed == signal.SIGKILL:
        return " (it was killed, usually for want of memory)"
    return f" (signal {killed})" if killed and killed != signal.SIGABRT else ""


def _try_seeing(path: Path, projector: Path, *, packed: bool) -> None:
    """Load a model and its projector, encode a grey picture and read its cells; raises FairtrialError as `_try_out`."""
    model = Model(path, packed=packed, accelerated=False)
    eyes = Projector(projector, model, lambda _: GREY, threads=1, accelerated=False)
    image = ImagePart("", "image/png")
    rows, cells = eyes.embeddings(image), max(block.cells for block in eyes.layout(image).blocks)
    if not np.isfinite(rows).all():
        raise ModelError("The projector makes cells that are not numbers.")
    if model.is_decoder():
        shape = ContextShape(round_up_cells(cells), _TOKENS, 1, 1, 1, image=cells, whole=eyes.whole)
        context = Context(model, shape)
        block = eyes.layout(image).blocks[0]
        row = np.arange(block.cells, dtype=np.int32)[None]
        positions = row if block.positions is None else block.positions
        context.run_cells(rows[: block.cells], positions, whole=eyes.whole)
        context.close()
    eyes.close()
    model.close()


def _try_out(path: Path, *, packed: bool, adapter: Path | None = None) -> None:
    """Load a model, read all of its vocabulary and compute a few tokens; raises FairtrialError for what is told."""
    model = Model(path, packed=packed, accelerated=False, adapter=adapter)
    vocabulary = GgufVocabulary(model)
    for token in range(vocabulary.size):
        vocabulary.piece(token)
        vocabulary.ends(token)
    vocabulary.encode(_TEXT, special=True)
    model.read_metadata("tokenizer.chat_template")
    model.describe()
    if model.is_decoder():
        # models that make vectors of texts, in which every token sees all others, have an output for each
        context = Context(model, ContextShape(cells=256, batch=_TOKENS, sequences=1, outputs=_TOKENS, threads=1))
        context.tokens[:] = np.arange(_TOKENS) % model.n_vocab
        context.positions[:] = np.arange(_TOKENS)
        context.wanted[_TOKENS - 1] = adapter is not None
        logits = context.run(_TOKENS)
        context.close()
        if not np.isfinite(logits).all():
            raise ModelError("With this adapter the model computes what is no number.")
    model.close()


def main(path: str, packed: str, size: str, projector: str = "", adapter: str = "") -> None:
    """Try a file out, or with it a projector or an adapter, and write as JSON what is wrong."""
    lib = import_library()
    _limit_memory(int(size), accelerated=bool(lib.llama_supports_gpu_offload()))
    redirect_log(_print_error)  # at once: what is kept for later is lost when the process ends
    found = {"wrong": "", "fix": ""}
    try:
        if projector:
            _try_seeing(Path(path), Path(projector), packed=packed == "1")
        else:
            _try_out(Path(path), packed=packed == "1", adapter=Path(adapter) if adapter else None)
    except FairtrialError as error:
        said = extract_reason(_said.decode("utf-8", "replace"))
        found = {"wrong": error.message.replace("it gives no reason", said or "it gives no reason"), "fix": error.fix}
    print(json.dumps(found))


_said = bytearray()


def _print_error(level: int, text: bytes, _: Any) -> None:
    if level == _LOG_ERROR:
        _said.extend(text)
        sys.stderr.buffer.write(text)
        sys.stderr.buffer.flush()


def _limit_memory(size: int, *, accelerated: bool) -> None:
    """Limit the address space, where that is possible and no accelerator maps its own into it; write no core."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not accelerated and sys.platform == "linux":
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 3 * size + _ROOM,) * 2)
