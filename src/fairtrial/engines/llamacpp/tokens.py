"""Text to tokens and back for a llama.cpp vocabulary.  Knows nothing of requests or contexts."""

from __future__ import annotations

import ctypes

import numpy as np

from fairtrial.engines.llamacpp.binding import Model
from fairtrial.engines.local.prefix_tree.trie import Tokens
from fairtrial.engines.local.vocabulary import EMPTY, Vocabulary
from fairtrial.errors import ModelError

_UNKNOWN, _CONTROL = 1 << 0, 1 << 3  # llama_token_attr


class GgufVocabulary(Vocabulary):
    """See `fairtrial.engines.local.vocabulary.Vocabulary`."""

    def __init__(self, model: Model) -> None:
        """Read the vocabulary of ``model``."""
        self._lib, self._vocab, self.size = model.lib, model.vocab, model.n_vocab
        lib, vocab = model.lib, model.vocab
        if self.size <= 0 or int(lib.llama_vocab_type(vocab)) == lib.LLAMA_VOCAB_TYPE_NONE:
            raise ModelError("This file has no vocabulary: nothing can be asked.", where=str(model.path))
        bos, eos = int(lib.llama_vocab_bos(vocab)), int(lib.llama_vocab_eos(vocab))
        self.bos = bos if bos >= 0 else None
        self.prefix = self.bos if self.bos is not None else (eos if eos >= 0 else None)
        self.adds_bos = bool(lib.llama_vocab_get_add_bos(vocab)) and self.bos is not None
        self.bos_text = self._get_text(bos)
        self.eos_text = self._get_text(eos)
        self.cuts_lines = int(lib.llama_vocab_type(vocab)) == lib.LLAMA_VOCAB_TYPE_BPE
        self._pieces: dict[int, bytes] = {}
        attr = lib.llama_vocab_get_attr
        super().__init__([self._get_text(t) for t in range(self.size) if attr(vocab, t) & (_UNKNOWN | _CONTROL)])

    def _get_text(self, token: int) -> str:
        return str(self._lib.llama_vocab_get_text(self._vocab, token).decode("utf-8", "replace")) if token >= 0 else ""

    def _encode(self, text: str, special: bool) -> Tokens:
        data = text.encode("utf-8", "replace")
        if not data:
            return EMPTY
        out = np.empty(len(data) + 16, dtype=np.int32)
        pointer = out.ctypes.data_as(ctypes.POINTER(ctypes.c_int32))
        count = self._lib.llama_tokenize(self._vocab, data, len(data), pointer, len(out), False, special)
        if count < 0:
            out = np.empty(-count, dtype=np.int32)
            pointer = out.ctypes.data_as(ctypes.POINTER(ctypes.c_int32))
            count = self._lib.llama_tokenize(self._vocab, data, len(data), pointer, len(out), False, special)
        return out[:count].copy()

    def piece(self, token: int) -> bytes:
        """Return the bytes that ``token`` stands for; special tokens stand for nothing, unless they are ``kept``."""
        known = self._pieces.get(token)
        if known is None:
            size = 256
            buffer = ctypes.create_string_buffer(size)
            count = self._lib.llama_token_to_piece(self._vocab, token, buffer, size, 0, False)
            if count < 0:
                buffer = ctypes.create_string_buffer(-count)
                count = self._lib.llama_token_to_piece(self._vocab, token, buffer, -count, 0, False)
            known = self._pieces[token] = buffer.raw[:count] or self._encode_kept(token)
        return known

    def _encode_kept(self, token: int) -> bytes:
        text = self._get_text(token)
        return text.encode() if text in self.kept else b""

    def ends(self, token: int) -> bool:
        """Whether the model ends its answer with ``token``."""
        return bool(self._lib.llama_vocab_is_eog(self._vocab, token))
