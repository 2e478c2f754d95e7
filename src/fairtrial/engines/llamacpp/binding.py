"""The thin layer over llama.cpp's C functions: library, model file, context, batch buffers as numpy views.

The only module that imports ``llama_cpp``.  It knows models, tokens and cells; nothing of prompts, requests or trees.
What llama.cpp writes to its log is kept, not printed; the last errors end up in ours.
"""

from __future__ import annotations

import ctypes
import os
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.arrays import Floats32
from fairtrial.engines.llamacpp.computing import compute
from fairtrial.errors import EngineError, MissingExtraError, ModelError

_SPINS = "10000"  # some tens of microseconds
_LOG_ERROR = 4
_LOG_CONTINUES = 5
_complaints: deque[str] = deque(maxlen=20)
_cache_sizes: deque[float] = deque(maxlen=200)  # MiB, as the library tells its log
_CACHE_SIZE = re.compile(rb"(?:KV|RS) buffer size\s*=\s*(\d+\.?\d*) MiB")
_kept: list[Any] = []  # the C side holds a pointer to the log callback


def import_library() -> Any:
    """Return the ``llama_cpp`` module, its log caught.  Raises MissingExtraError if it is not installed."""
    # Its threads wait for each other a thousand times a pass.  GNU OpenMP lets them spin for milliseconds, which on a
    # busy machine takes the processor from the very thread that is waited for.  Read once, when the library is loaded.
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)
    try:
        import llama_cpp
    except ImportError as error:
        raise MissingExtraError("The llama.cpp engine (llama-cpp-python)", "llamacpp") from error
    if not _kept:
        callback = llama_cpp.llama_log_callback(_keep_complaint)
        _kept.append(callback)
        llama_cpp.llama_log_set(callback, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
    return llama_cpp


def catch_log(set_callback: Callable[[Any, ctypes.c_void_p], None]) -> None:
    """Have another library of llama.cpp write to the same log; ``set_callback`` is its function for that."""
    import_library()
    set_callback(_kept[0], ctypes.c_void_p(0))


def redirect_log(write: Callable[[int, bytes, Any], None]) -> None:
    """Give what llama.cpp and its other libraries log to another function from now on."""
    lib = import_library()
    _kept[0] = lib.llama_log_callback(write)
    lib.llama_log_set(_kept[0], ctypes.c_void_p(0))


def get_library_version() -> str:
    """Return the installed version of llama-cpp-python."""
    return version("llama-cpp-python")


def get_system_info() -> str:
    """Return llama.cpp's own description of the processor features that it was built for."""
    return str(import_library().llama_print_system_info().decode()).strip(" |")


def take_complaints() -> str:
    """Return what llama.cpp last complained about, and forget it."""
    text = " ".join(" ".join(line.split()) for line in _complaints if line.strip())
    _complaints.clear()
    return text


def _keep_complaint(level: int, text: bytes, _: ctypes.c_void_p) -> None:
    if told := _CACHE_SIZE.search(text):
        _cache_sizes.append(float(told[1]))
    if level == _LOG_ERROR or (level == _LOG_CONTINUES and _complaints):
        _complaints.append(text.decode("utf-8", "replace"))


class Model:
    """Loaded weights and vocabulary.  Close it when done; contexts must be closed before."""

    def __init__(
        self, path: Path, *, packed: bool, accelerated: bool = True, dry: bool = False, adapter: Path | None = None
    ) -> None:
        """Load ``path``.

        Args:
            path: a GGUF file.
            packed: let llama.cpp rearrange weights for special processor instructions.
            accelerated: let it put weights on an accelerator, where there is one.
            dry: read the file's head only: contexts tell how large they would be, and cannot compute.
            adapter: a GGUF LoRA; every context computes with it.

        Raises:
            ModelError: if the file is no whole GGUF file of a kind that the library knows, or the adapter another's.
        """
        self.lib = import_library()
        self.path = path
        _check_file(path)
        params = self.lib.llama_model_default_params()
        params.use_extra_bufts = packed
        if not accelerated:
            params.n_gpu_layers = 0
        if dry:
            params.no_alloc, params.load_mode = True, self.lib.LLAMA_LOAD_MODE_NONE
        take_complaints()
        self.handle = compute(self.lib.llama_model_load_from_file, str(path).encode(), params)
        if not self.handle:
            raise ModelError(
                f"llama.cpp cannot load this file: {take_complaints() or 'it gives no reason'}.",
                fix="The file may be damaged or cut short, or newer than the installed llama-cpp-python.",
                where=str(path),
            )
        self.adapter = self._load_adapter(adapter) if adapter else None
        self.vocab = self.lib.llama_model_get_vocab(self.handle)
        self.n_vocab: int = self.lib.llama_vocab_n_tokens(self.vocab)
        self.n_ctx_train: int = self.lib.llama_model_n_ctx_train(self.handle)

    def _load_adapter(self, path: Path) -> Any:
        """Return an adapter's handle, which lives as long as the model; frees the model where there is none."""
        take_complaints()
        handle = compute(self.lib.llama_adapter_lora_init, self.handle, str(path).encode())
        if handle:
            return handle
        self.close()
        fix = "It belongs to another model, or is damaged. Name the model that it was trained on."
        told = f"llama.cpp cannot load this adapter: {take_complaints() or 'it gives no reason'}."
        raise ModelError(told, fix=fix, where=str(path))

    def read_metadata(self, key: str) -> str | None:
        """Return the file's value for ``key``, or None if it has none."""
        size = 1024
        while True:
            buffer = ctypes.create_string_buffer(size)
            needed = self.lib.llama_model_meta_val_str(self.handle, key.encode(), buffer, size)
            if needed < 0:
                return None
            if needed < size:
                return buffer.raw[:needed].decode("utf-8", "replace")
            size = needed + 1

    def describe(self) -> dict[str, object]:
        """Return what the file says of itself: kind, parameters, bytes."""
        buffer = ctypes.create_string_buffer(256)
        self.lib.llama_model_desc(self.handle, buffer, 256)
        return {
            "description": buffer.value.decode("utf-8", "replace"),
            "name": self.read_metadata("general.name") or "",
            "parameters": int(self.lib.llama_model_n_params(self.handle)),
            "tensor_bytes": int(self.lib.llama_model_size(self.handle)),
            "context_trained": self.n_ctx_train,
        }

    def scores_prefixes(self) -> bool:
        """Whether a cached path can be cut back to any of its prefixes: not so for models with a running state."""
        recurrent = self.lib.llama_model_is_recurrent(self.handle) or self.lib.llama_model_is_hybrid(self.handle)
        return not recurrent

    def places_in_plane(self) -> bool:
        """Whether a position is made up of several numbers (M-RoPE)."""
        lib = self.lib
        kind = int(lib.llama_model_rope_type(self.handle))
        return kind in (lib.LLAMA_ROPE_TYPE_MROPE, lib.LLAMA_ROPE_TYPE_IMROPE)

    def on_accelerator(self) -> bool:
        """Whether the library can compute elsewhere than on the processor."""
        return bool(self.lib.llama_supports_gpu_offload())

    def is_decoder(self) -> bool:
        """Whether the model continues text from left to right."""
        lib, handle = self.lib, self.handle
        return bool(
            lib.llama_model_has_decoder(handle)
            and not lib.llama_model_has_encoder(handle)
            and not lib.llama_model_is_diffusion(handle)
        )

    def close(self) -> None:
        """Free the weights; safe to call twice."""
        if self.handle:
            self.lib.llama_model_free(self.handle)
            self.handle = None


@dataclass(frozen=True, slots=True)
class ContextShape:
    """How much a context holds.

    Attributes:
        cells: tokens in the cache, all sequences together.
        batch: tokens in one pass.
        sequences: different sequences in one pass or cache.
        outputs: rows of logits of one pass.
        threads: processor threads.
        flash: -1 lets llama.cpp choose flash attention, 0 forbids, 1 demands it.
        image: cells of an image in one pass, where they may be more than ``batch``.
        whole: cells of a pass see each other, so that it cannot be split.
        unified: all sequences share the cells; else each has ``cells / sequences`` of its own.
    """

    cells: int
    batch: int
    sequences: int
    outputs: int
    threads: int
    flash: int = -1
    image: int = 0
    whole: bool = False
    unified: bool = True

    @property
    def entries(self) -> int:
        """Tokens, or cells of images, in one pass at most."""
        return max(self.batch, self.image)


class Context:
    """A cache of keys and values and the buffers of one pass.

    ``tokens``, ``positions``, ``sequence_counts`` and ``wanted`` are arrays that llama.cpp reads in place; fill the
    first n entries and call `run`.
    """

    def __init__(self, model: Model, shape: ContextShape, watch: Callable[[int, bool], bool] | None = None) -> None:
        """Make a context.

        Args:
            model: its weights.
            shape: how much it holds.
            watch: called with the address of every tensor that is about to be computed (True), which says whether it
                is called again when it has been (False).  Everything is then computed on the processor.

        Raises EngineError if it cannot be made, usually for want of memory.
        """
        self.lib, self.model, self.shape = model.lib, model, shape
        params = self.lib.llama_context_default_params()
        params.n_ctx, params.n_batch = shape.cells, shape.entries
        params.n_ubatch = shape.entries if shape.whole else shape.batch
        params.n_seq_max, params.n_outputs_max = shape.sequences, shape.outputs
        params.n_threads = params.n_threads_batch = shape.threads
        params.flash_attn_type = shape.flash
        params.kv_unified, params.swa_full, params.no_perf = shape.unified, True, True
        if watch is not None:
            self._watch = self.lib.ggml_backend_sched_eval_callback(lambda tensor, ask, _: watch(tensor, ask))
            params.cb_eval = self._watch
            params.offload_kqv = params.op_offload = False
        take_complaints()
        _cache_sizes.clear()
        self.handle = compute(self.lib.llama_init_from_model, model.handle, params)
        if not self.handle:
            raise EngineError(
                f"llama.cpp cannot make a context of {shape.cells} tokens: {take_complaints() or 'no reason given'}.",
                fix="Set a smaller `context` for this candidate, or free memory.",
                where=str(model.path),
            )
        self._set_adapter()
        self.memory = self.lib.llama_get_memory(self.handle)
        self.cache_bytes = round(sum(_cache_sizes) * (1 << 20))
        """Bytes of keys and values (or running states), to 0.01 MiB a buffer; 0 if the library does not tell."""
        self._fill_buffers()

    def _set_adapter(self) -> None:
        if not self.model.adapter:
            return
        one = (self.lib.llama_adapter_lora_p_ctypes * 1)(self.model.adapter)
        if code := self.lib.llama_set_adapters_lora(self.handle, one, 1, (ctypes.c_float * 1)(1.0)):
            self.close()
            raise EngineError(f"llama.cpp does not compute with the adapter (code {code}).")

    def _fill_buffers(self) -> None:
        size = self.shape.entries
        self.tokens = np.zeros(size, dtype=np.int32)
        self.positions = np.zeros(size, dtype=np.int32)
        self.sequence_counts = np.ones(size, dtype=np.int32)
        self.wanted = np.zeros(size, dtype=np.int8)
        self.slots = np.zeros(size, dtype=np.int32)
        # A token's sequences are always neighbours, so its list is a stretch of 0, 1, 2, ... and needs only a pointer.
        self._numbers = np.arange(self.shape.sequences, dtype=np.int32)
        self._sequences = np.full(size, self._numbers.ctypes.data, dtype=np.uintp)
        batch = self.lib.llama_batch()
        for name, array in (
            ("token", self.tokens),
            ("pos", self.positions),
            ("n_seq_id", self.sequence_counts),
            ("seq_id", self._sequences),
            ("logits", self.wanted),
        ):
            pointer = type(getattr(batch, name))
            setattr(batch, name, ctypes.cast(ctypes.c_void_p(array.ctypes.data), pointer))
        self._batch = batch

    def set_sequences(self, first: NDArray[np.int32], count: NDArray[np.int32]) -> None:
        """Say that entry i belongs to the sequences ``first[i]`` to ``first[i] + count[i] - 1``."""
        size = len(first)
        self.sequence_counts[:size] = count
        self._sequences[:size] = self._numbers.ctypes.data + first.astype(np.uintp) * self._numbers.itemsize

    def run_cells(self, rows: Floats32, positions: NDArray[np.int32], *, whole: bool) -> Floats32:
        """Send cells of images through the network, whose sequences and ``wanted`` are in the arrays as for `run`.

        Args:
            rows: (n, width) their embeddings.
            positions: (1, n), or (3, n) of a model that places them in a plane: time, row and column.
            whole: the cells of a sequence see each other, and not only those before them.

        Returns and raises as `run` does.
        """
        rows = np.ascontiguousarray(rows, dtype=np.float32)
        sections = 4 if len(positions) > 1 else 1
        places = np.zeros((sections, len(rows)), dtype=np.int32)
        places[: len(positions)] = positions
        batch = self.lib.llama_batch()
        ctypes.memmove(ctypes.byref(batch), ctypes.byref(self._batch), ctypes.sizeof(batch))
        batch.token = None
        batch.embd = rows.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        batch.pos = ctypes.cast(ctypes.c_void_p(places.ctypes.data), type(batch.pos))
        if whole:
            self.lib.llama_set_causal_attn(self.handle, False)
        try:
            return self._decode(batch, len(rows))
        finally:
            if whole:
                self.lib.llama_set_causal_attn(self.handle, True)

    def run(self, size: int) -> Floats32:
        """Send the first ``size`` entries through the network.

        Returns:
            (wanted entries, vocabulary) float32 logits: a view, valid until the next run.

        Raises:
            EngineError: if llama.cpp refuses or fails.
        """
        return self._decode(self._batch, size)

    def _decode(self, batch: Any, size: int) -> Floats32:
        batch.n_tokens = size
        if (code := compute(self.lib.llama_decode, self.handle, batch)) != 0:
            raise EngineError(f"llama.cpp failed with code {code}: {take_complaints() or 'no reason given'}.")
        rows = int(np.count_nonzero(self.wanted[:size]))
        pointer = self.lib.llama_get_logits(self.handle)
        if rows == 0:
            return np.empty((0, self.model.n_vocab), dtype=np.float32)
        address = ctypes.cast(pointer, ctypes.c_void_p).value
        if address is None:
            raise EngineError("llama.cpp computed no logits.")
        block = (ctypes.c_float * (rows * self.model.n_vocab)).from_address(address)
        return np.ctypeslib.as_array(block).reshape(rows, self.model.n_vocab)

    def clear(self) -> None:
        """Empty the cache."""
        self.lib.llama_memory_clear(self.memory, False)

    def copy(self, source: int, target: int, stop: int) -> None:
        """Let sequence ``target`` begin with what stands before position ``stop`` in ``source``."""
        self.lib.llama_memory_seq_cp(self.memory, source, target, 0, stop)

    def keep_only(self, sequence: int, stop: int) -> None:
        """Forget all but what stands before position ``stop`` in ``sequence``, and call it sequence 0."""
        lib, memory = self.lib, self.memory
        lib.llama_memory_seq_keep(memory, sequence)
        lib.llama_memory_seq_rm(memory, sequence, stop, -1)
        if sequence:
            lib.llama_memory_seq_cp(memory, sequence, 0, 0, -1)
            lib.llama_memory_seq_rm(memory, sequence, 0, -1)

    def forget(self, sequence: int) -> None:
        """Forget one sequence."""
        self.lib.llama_memory_seq_rm(self.memory, sequence, 0, -1)

    def close(self) -> None:
        """Free the cache; safe to call twice."""
        if self.handle:
            self.lib.llama_free(self.handle)
            self.handle = None


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ModelError(f"The model file cannot be read: {error.strerror}.", where=str(path)) from error
    if magic != b"GGUF":
        raise ModelError(
            f"This is not a GGUF file: it begins with {magic!r}, not b'GGUF'.",
            fix="Give a model in GGUF format.",
            where=str(path),
        )
