"""What reaches each weight matrix while a model reads a text, watched inside llama.cpp.

The library tells of every tensor that it is about to compute.  Where one is the product of a weight matrix, its other
factor holds what has reached the matrix: one row a token.  The sums of their squares are what llama.cpp's own tool
sums; tests compare them with those of another implementation.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.llamacpp.binding import Context, ContextShape, Model
from fairtrial.engines.llamacpp.tensors import load_tensor_library
from fairtrial.engines.llamacpp.tokens import GgufVocabulary
from fairtrial.errors import EngineError, ModelError, SpecError
from fairtrial.levers.base import OnBuildStep
from fairtrial.levers.quantize.imatrix import ActivationSums, Doubles

STRETCH = 512
"""Tokens that are read as one text; each stretch begins afresh, as in llama.cpp's tool."""
FEWEST_TOKENS = 64
_LOGITS_BYTES = 128 << 20
_F32 = 0
PRODUCTS = (b"MUL_MAT", b"MUL_MAT_ID")


class Tensor(ctypes.Structure):
    """``struct ggml_tensor`` up to its name, as `llama.cpp` has it since 2023."""


Tensor._fields_ = [
    ("type", ctypes.c_int),
    ("buffer", ctypes.c_void_p),
    ("ne", ctypes.c_int64 * 4),
    ("nb", ctypes.c_size_t * 4),
    ("op", ctypes.c_int),
    ("op_params", ctypes.c_int32 * 16),
    ("flags", ctypes.c_int32),
    ("src", ctypes.POINTER(Tensor) * 10),
    ("view_src", ctypes.c_void_p),
    ("view_offs", ctypes.c_size_t),
    ("data", ctypes.c_void_p),
    ("name", ctypes.c_char * 64),
]


@dataclass
class ActivationCollector:
    """Sums the squares of what reaches each weight matrix; `look` is what llama.cpp calls.

    Nothing may be raised through the library, so what goes wrong is kept in ``failure`` for the caller.
    """

    products: frozenset[int]
    sums: dict[str, ActivationSums] = field(default_factory=dict)
    failure: BaseException | None = None
    _of_pass: dict[int, tuple[Doubles, int]] = field(default_factory=dict)

    def look(self, address: int, ask: bool) -> bool:
        """Say whether a tensor is the product of a weight matrix; when it has been computed, add what reached it."""
        try:
            node = Tensor.from_address(address)
            if node.op not in self.products:
                return False
            name = _strip_name(node.src[0].contents.name)
            if not name.startswith("blk.") or node.src[1].contents.type != _F32:
                return False
            if not ask and self.failure is None:
                self._add(name, node)
        except BaseException as error:
            self.failure = self.failure or error
        return True

    def next_pass(self) -> None:
        """Forget what several matrices of the last pass have shared."""
        self._of_pass.clear()

    def _add(self, name: str, node: Tensor) -> None:
        weight, factor = node.src[0].contents, node.src[1].contents
        inputs, experts = int(weight.ne[0]), int(weight.ne[2] * weight.ne[3])
        if name not in self.sums:
            self.sums[name] = ActivationSums(np.zeros((experts, inputs)), np.zeros(experts))
        sums = self.sums[name]
        if node.src[2]:
            values, chosen = _view_rows(factor), _view_integers(node.src[2].contents)
            _add_chosen(sums, values[0], chosen)
        elif experts == 1:
            address = ctypes.addressof(factor)  # one tensor is the factor of several matrices: q, k and v, say
            if address not in self._of_pass:
                rows = _view_rows(factor).reshape(-1, inputs).astype(np.float64)
                self._of_pass[address] = np.einsum("ij,ij->j", rows, rows), len(rows)
            squares, count = self._of_pass[address]
            sums.squares[0] += squares
            sums.counts[0] += count
        else:
            values = _view_rows(factor).astype(np.float64)
            flat = values.reshape(-1, *values.shape[2:])
            for i in range(len(flat)):
                sums.squares[i % experts] += np.einsum("ij,ij->j", flat[i], flat[i])
                sums.counts[i % experts] += len(flat[i])


def _strip_name(name: bytes) -> str:
    """Return a weight's name without what a scheduler puts around a copy of it: ``CPU#blk.0.attn_k.weight#0``."""
    parts = name.decode("utf-8", "replace").split("#")
    return parts[1] if len(parts) > 1 else parts[0]


def _view_rows(tensor: Tensor) -> NDArray[np.float32]:
    """Return a tensor of 32-bit numbers as a (n3, n2, rows, columns) view of its memory."""
    shape, strides, memory = _view_memory(tensor)
    return np.ndarray(shape, np.float32, buffer=memory, strides=strides)


def _view_integers(tensor: Tensor) -> NDArray[np.int32]:
    """Return a (tokens, experts of each) view of a tensor of whole numbers."""
    shape, strides, memory = _view_memory(tensor)
    return np.ndarray(shape[2:], np.int32, buffer=memory, strides=strides[2:])


def _view_memory(tensor: Tensor) -> tuple[tuple[int, ...], tuple[int, ...], Any]:
    """Return shape and strides, slowest dimension first, and the bytes of a tensor of numbers of four bytes."""
    shape, strides = tuple(tensor.ne)[::-1], tuple(tensor.nb)[::-1]
    size = sum((n - 1) * step for n, step in zip(shape, strides, strict=True)) + 4
    return shape, strides, (ctypes.c_byte * size).from_address(tensor.data)


def _add_chosen(sums: ActivationSums, values: NDArray[np.float32], chosen: NDArray[np.int32]) -> None:
    """Add (tokens, 1 or experts of each, inputs) activations to the (tokens, experts of each) chosen experts."""
    for place in range(chosen.shape[1]):
        rows = values[:, place % values.shape[1]].astype(np.float64)
        for expert in np.unique(chosen[:, place]):
            own = rows[chosen[:, place] == expert]
            sums.squares[expert] += np.einsum("ij,ij->j", own, own)
            sums.counts[expert] += len(own)


def find_product_numbers() -> frozenset[int]:
    """Return the numbers that the installed library gives to products of matrices.

    Raises EngineError if its tensors are laid out in another way than `Tensor` says.
    """
    ggml = load_tensor_library()
    ggml.ggml_op_name.restype, ggml.ggml_op_name.argtypes = ctypes.c_char_p, [ctypes.c_int]
    ggml.ggml_get_name.restype, ggml.ggml_get_name.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    ggml.ggml_nelements.restype, ggml.ggml_nelements.argtypes = ctypes.c_int64, [ctypes.c_void_p]
    ggml.ggml_get_data.restype, ggml.ggml_get_data.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    probe = (ctypes.c_byte * 4096)()
    node = Tensor.from_buffer(probe)
    node.ne[:] = [3, 5, 7, 2]
    node.data = 12345
    at = ctypes.addressof(probe)
    same = ggml.ggml_get_name(at) == at + Tensor.name.offset and ggml.ggml_get_data(at) == 12345
    if not same or ggml.ggml_nelements(at) != 210:
        raise EngineError(
            "The installed llama-cpp-python lays out its tensors in a way that is not known here.",
            fix="Install another version of it, or compute the importance matrix with llama-imatrix: imatrix: FILE.",
        )
    names = [ggml.ggml_op_name(number) for number in range(64)]
    return frozenset(i for i, name in enumerate(names) if name in PRODUCTS)


def measure_activations(
    path: Path, text: str, threads: int | None, on_progress: OnBuildStep
) -> tuple[dict[str, ActivationSums], int]:
    """Return what reaches each weight matrix while the model in ``path`` reads ``text``, and the tokens read.

    Raises:
        SpecError: the text is too short.
        ModelError: the file cannot be loaded, or computes something that is not a number.
    """
    watcher = ActivationCollector(find_product_numbers())
    model = Model(path, packed=False, accelerated=False)
    try:
        if not model.is_decoder():
            raise ModelError(
                f"{path.name} does not read text from left to right; no importance matrix is known for it."
            )
        vocabulary = GgufVocabulary(model)
        tokens = vocabulary.encode(text)
        if len(tokens) < FEWEST_TOKENS:
            raise SpecError(
                f"quantize: the calibration text has {len(tokens)} tokens; at least {FEWEST_TOKENS} are needed.",
                fix="Give more text: some ten thousand tokens of what the model is used for.",
            )
        rows = max(16, min(STRETCH, _LOGITS_BYTES // (4 * model.n_vocab)))
        context = Context(model, ContextShape(STRETCH, rows, 1, rows, threads or os.cpu_count() or 1), watcher.look)
        try:
            _read_all(context, list(_split_tokens(tokens, vocabulary)), watcher, on_progress)
        finally:
            context.close()
    finally:
        model.close()
    if not watcher.sums or not all(np.isfinite(sums.squares).all() for sums in watcher.sums.values()):
        raise ModelError(f"{path.name} computes something that is not a number, or shows none of its weights.")
    return watcher.sums, len(tokens)


def _read_all(
    context: Context, stretches: Sequence[NDArray[np.int32]], watcher: ActivationCollector, on_progress: OnBuildStep
) -> None:
    for number, stretch in enumerate(stretches, 1):
        if number % 10 == 1 and len(stretches) > 1:
            on_progress(f"importance matrix: stretch {number} of {len(stretches)}")
        _read(context, stretch, watcher)


def _split_tokens(tokens: NDArray[np.int32], vocabulary: GgufVocabulary) -> Iterator[NDArray[np.int32]]:
    size = STRETCH - (1 if vocabulary.adds_bos else 0)
    for start in range(0, len(tokens), size):
        yield vocabulary.with_bos(tokens[start : start + size])


def _read(context: Context, tokens: NDArray[np.int32], watcher: ActivationCollector) -> None:
    """Send one stretch through the network, all its tokens to the end: what is not wanted, the last layer skips."""
    context.clear()
    for start in range(0, len(tokens), context.shape.batch):
        part = tokens[start : start + context.shape.batch]
        size = len(part)
        context.tokens[:size] = part
        context.positions[:size] = np.arange(start, start + size)
        context.set_sequences(np.zeros(size, dtype=np.int32), np.ones(size, dtype=np.int32))
        context.wanted[:size] = 1
        watcher.next_pass()
        context.run(size)
        if watcher.failure is not None:
            raise watcher.failure
