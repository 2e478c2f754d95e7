"""Vectors of whole texts from a GGUF embedding model: one text a pass, pooled as its file says.

Knows `binding` and tokens, and nothing of archives or searching.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.llamacpp.binding import Model, take_complaints
from fairtrial.engines.llamacpp.computing import compute
from fairtrial.engines.llamacpp.probe import check_opens, check_packing
from fairtrial.errors import EngineError, ModelError
from fairtrial.machine import count_cores

MOST = 2048
"""Tokens of a text that are read at most, where the model itself can read more."""
CHARACTERS = 16
"""For each of these tokens; what is longer is cut before it is split, which keeps enormous texts quick."""
_POOLING = {0: "mean", 1: "mean", 2: "cls", 3: "last"}
"""llama.cpp's numbers; a model that says nothing of pooling is averaged."""
_MEAN, _NONE, _RANK = 1, 0, 4


class TextVectors:
    """A model that gives one vector for a text.

    Attributes:
        name: as the file says it; may be empty.
        pooling: ``mean``, ``cls`` or ``last``.
        most: tokens of a text that are read.
        width: numbers of a vector.
    """

    def __init__(self, path: Path, sha256: str, threads: int = 0) -> None:
        """Load a model; ``threads``: 0 takes up to eight, of those there are.

        Raises:
            ModelError: the file is damaged, or is a reranker, which gives no vectors.
            EngineError: there is not enough memory.
        """
        check_opens(path, sha256)
        self._model = Model(path, packed=check_packing(path))
        self._context: Any = None
        self._busy = threading.Lock()
        self.name = self._model.read_metadata("general.name") or ""
        try:
            self._set_up(path, threads)
        except BaseException:
            self.close()
            raise

    def _set_up(self, path: Path, threads: int) -> None:
        lib, model = self._model.lib, self._model
        kind = self._make_context(-1, threads)
        if kind == _RANK:
            raise ModelError("This model ranks pairs of texts and gives no vectors.", where=str(path))
        if kind == _NONE:
            lib.llama_free(self._context)
            self._context = None
            kind = self._make_context(_MEAN, threads)
        self.pooling = _POOLING[kind]
        self.width = int(lib.llama_model_n_embd_out(model.handle))
        self._encodes = bool(
            lib.llama_model_has_encoder(model.handle) and not lib.llama_model_has_decoder(model.handle)
        )

    def _make_context(self, pooling: int, threads: int) -> int:
        """Make the context, and return how it pools."""
        lib, model = self._model.lib, self._model
        self.most = min(model.n_ctx_train or MOST, MOST)
        params = lib.llama_context_default_params()
        params.n_ctx = params.n_batch = params.n_ubatch = self.most
        params.n_seq_max, params.embeddings, params.no_perf = 1, True, True
        params.pooling_type = pooling
        params.n_threads = params.n_threads_batch = threads or min(count_cores(), 8)
        take_complaints()
        self._context = compute(lib.llama_init_from_model, model.handle, params)
        if not self._context:
            why = take_complaints() or "no reason given"
            raise EngineError(f"llama.cpp cannot make a context of {self.most} tokens: {why}.", where=str(model.path))
        return int(lib.llama_pooling_type(self._context))

    def compute(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (texts, width) vectors, each computed by itself.  Raises EngineError if llama.cpp fails."""
        found = np.zeros((len(texts), self.width), np.float32)
        with self._busy:
            for row, text in enumerate(texts):
                tokens = self._tokenize(text)
                if len(tokens):
                    found[row] = compute(self._compute_one, tokens)
        return found

    def _tokenize(self, text: str) -> NDArray[np.int32]:
        """Return the first tokens of a text, with those that begin and end it for this model."""
        data = text[: self.most * CHARACTERS].encode("utf-8", "replace")
        out = np.empty(len(data) + 16, np.int32)
        pointer = out.ctypes.data_as(ctypes.POINTER(ctypes.c_int32))
        count = self._model.lib.llama_tokenize(self._model.vocab, data, len(data), pointer, len(out), True, False)
        if count < 0:
            raise EngineError("llama.cpp cannot split a text into tokens.")
        if count > self.most:  # the token that ends it stays its last
            out[self.most - 1] = out[count - 1]
            count = self.most
        return out[:count]

    def _compute_one(self, tokens: NDArray[np.int32]) -> NDArray[np.float32]:
        lib, size = self._model.lib, len(tokens)
        batch = lib.llama_batch_init(size, 0, 1)
        try:
            batch.n_tokens = size
            for at in range(size):
                batch.token[at], batch.pos[at], batch.n_seq_id[at] = int(tokens[at]), at, 1
                batch.seq_id[at][0], batch.logits[at] = 0, 1
            memory = lib.llama_get_memory(self._context)
            if memory:
                lib.llama_memory_clear(memory, True)
            code = (lib.llama_encode if self._encodes else lib.llama_decode)(self._context, batch)
        finally:
            lib.llama_batch_free(batch)
        if code != 0:
            raise EngineError(f"llama.cpp failed with code {code}: {take_complaints() or 'no reason given'}.")
        pointer = lib.llama_get_embeddings_seq(self._context, 0)
        if not pointer:
            raise EngineError("llama.cpp computed no vector.")
        return np.ctypeslib.as_array(pointer, (self.width,)).astype(np.float32)

    def close(self) -> None:
        """Free context and weights; safe to call twice."""
        if self._context:
            self._model.lib.llama_free(self._context)
            self._context = None
        self._model.close()
