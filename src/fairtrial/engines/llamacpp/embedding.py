"""Tokens as the rows of numbers that a network begins with, so that they can go through it beside cells of images.

llama.cpp takes tokens or rows in one pass, not both; where the text around images is short, passes of a few tokens each
would take most of the time.  The rows are read from the model's file.  Whether a model makes nothing else of a token is
found out by asking it the same in both ways; where the answers differ, text and images stay apart.
"""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.arrays import Floats32
from fairtrial.engines.llamacpp.binding import Context, ContextShape, Model
from fairtrial.engines.llamacpp.tensors import load_tensor_library
from fairtrial.engines.local.prefix_tree.trie import Tokens
from fairtrial.errors import FairtrialError
from fairtrial.models.gguf import TENSOR_TYPES, GgufError, TensorInfo, list_split_names, read_header

NAME = "token_embd.weight"
ALLOWED = 1e-3
"""By which logits may differ where the same tokens come in both ways."""
_TRIED = 12  # tokens
_F32 = 0


class _TypeTraits(ctypes.Structure):
    """What ggml knows of a type of weights (``ggml_type_traits``)."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("block", ctypes.c_int64),
        ("interleaved", ctypes.c_int64),
        ("size", ctypes.c_size_t),
        ("is_quantized", ctypes.c_bool),
        ("to_float", ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)),
    )


class TokenEmbeddings:
    """Reads the rows of tokens from a model's file."""

    def __init__(self, path: Path, tensor: TensorInfo, scale: float = 1.0) -> None:
        """Read from the file at ``path``; rows are multiplied by ``scale``."""
        self.width, self.size = tensor.shape
        self.scale = np.float32(scale)
        ggml = load_tensor_library()
        ggml.ggml_get_type_traits.restype = ctypes.POINTER(_TypeTraits)
        ggml.ggml_get_type_traits.argtypes = [ctypes.c_int]
        self._type, self._traits = tensor.type, ggml.ggml_get_type_traits(tensor.type).contents
        bytes_a_row = self.width // self._traits.block * self._traits.size
        self._rows: NDArray[np.uint8] = np.memmap(
            path, dtype=np.uint8, mode="r", offset=tensor.start, shape=(self.size, bytes_a_row)
        )

    def read_rows(self, tokens: Tokens) -> Floats32:
        """Return (n, width) float32 rows of (n,) tokens."""
        packed = np.ascontiguousarray(self._rows[tokens])
        if self._type == _F32:
            found: Floats32 = packed.view(np.float32)
        else:
            found = np.empty((len(tokens), self.width), dtype=np.float32)
            self._traits.to_float(packed.ctypes.data, found.ctypes.data, found.size)
        return found * self.scale


def find_embeddings(model: Model, threads: int) -> TokenEmbeddings | None:
    """Return the rows of a model's tokens; None if they are not to be had, or are not all that it makes of a token."""
    if int(model.lib.llama_model_n_embd_inp(model.handle)) != int(model.lib.llama_model_n_embd(model.handle)):
        return None
    try:
        found = _find_tensor(model)
        if found is None:
            return None
        width = found[1].shape[0]
        tried = [TokenEmbeddings(*found, scale) for scale in (1.0, float(np.sqrt(np.float32(width))))]
        return next((one for one in tried if _stands_for_tokens(model, one, threads)), None)
    except (FairtrialError, GgufError, OSError, AttributeError):
        return None


def _find_tensor(model: Model) -> tuple[Path, TensorInfo] | None:
    """Return the file that the rows are in, and where."""
    for name in list_split_names(model.path.name):
        path = model.path.with_name(name)
        tensor = read_header(path).tensors.get(NAME)
        if tensor is not None and len(tensor.shape) == 2 and tensor.shape[1] == model.n_vocab:
            return (path, tensor) if tensor.type in TENSOR_TYPES else None
    return None


def _stands_for_tokens(model: Model, embeddings: TokenEmbeddings, threads: int) -> bool:
    """Return whether a model goes on from rows as it does from their tokens."""
    context = Context(model, ContextShape(256, _TRIED, 1, _TRIED, threads, flash=0))
    try:
        tokens = (np.arange(_TRIED, dtype=np.int32) * 7919 + 11) % model.n_vocab
        context.tokens[:] = tokens
        context.positions[:] = np.arange(_TRIED)
        context.wanted[:] = 1
        from_tokens = context.run(_TRIED).copy()
        context.clear()
        sections = 3 if model.places_in_plane() else 1
        positions = np.repeat(np.arange(_TRIED, dtype=np.int32)[None], sections, axis=0)
        from_rows = context.run_cells(embeddings.read_rows(tokens), positions, whole=False)
        return bool(np.abs(from_rows - from_tokens).max() <= ALLOWED * max(1.0, float(np.abs(from_tokens).max())))
    finally:
        context.close()
