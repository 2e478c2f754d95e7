"""Text to tokens and back for a tokeniser of transformers.  Knows nothing of requests or networks."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from fairtrial.engines.local.prefix_tree.trie import Tokens
from fairtrial.engines.local.vocabulary import EMPTY, Vocabulary
from fairtrial.errors import ModelError

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


class HubVocabulary(Vocabulary):
    """See `fairtrial.engines.local.vocabulary.Vocabulary`.

    Attributes:
        special: tokens that stand for no text.
    """

    def __init__(self, tokenizer: Any, generation: Any, size: int) -> None:
        """Wrap ``tokenizer``.

        Args:
            tokenizer: of `transformers`, backed by the library `tokenizers`.
            generation: the model's generation config, whose end tokens count too.
            size: rows of the output layer.

        Raises:
            ModelError: the tokeniser is one in Python alone, which cannot keep special tokens and text apart.
        """
        backend = getattr(tokenizer, "backend_tokenizer", None)
        if backend is None:
            raise ModelError("This model's tokeniser has no fast form (tokenizer.json).")
        self._backend, self.size = backend, size
        self.bos = tokenizer.bos_token_id
        eos = tokenizer.eos_token_id
        self.prefix = self.bos if self.bos is not None else eos
        self.adds_bos = self.bos is not None and tokenizer("a").input_ids[:1] == [self.bos]
        self.bos_text, self.eos_text = tokenizer.bos_token or "", tokenizer.eos_token or ""
        more = getattr(generation, "eos_token_id", None)
        listed = more if isinstance(more, list) else [more]
        self._ends = {token for token in (eos, *listed) if token is not None}
        kinds = str(backend.pre_tokenizer)
        self._byte_level = "ByteLevel" in kinds or "ByteLevel" in str(backend.decoder)
        self.cuts_lines = "ByteLevel" in kinds and "BPE" in type(backend.model).__name__
        added = tokenizer.added_tokens_decoder
        self._special = {token for token, text in added.items() if text.special} | set(tokenizer.all_special_ids)
        self.special = frozenset(self._special)
        self._texts = {token: text.content for token, text in added.items()}
        self._plain = {token: text.content for token, text in added.items() if token not in self._special}
        self._letters = {letter: byte for byte, letter in enumerate(_list_byte_letters())}
        super().__init__([*(t.content for t in added.values() if t.special), *tokenizer.all_special_tokens])

    def _encode(self, text: str, special: bool) -> Tokens:
        if not text:
            return EMPTY
        if self._backend.encode_special_tokens is special:  # the library's name for reading them as text
            self._backend.encode_special_tokens = not special
        safe = text.encode("utf-8", "replace").decode("utf-8")
        return np.array(self._backend.encode(safe, add_special_tokens=False).ids, dtype=np.int32)

    def piece(self, token: int) -> bytes:
        """Return the bytes that ``token`` stands for; special tokens stand for nothing, unless they are ``kept``."""
        if token in self._special:
            text = self._texts.get(token, "")
            return text.encode() if text in self.kept else b""
        if token in self._plain:
            return str(self._plain[token]).encode()
        text = self._backend.id_to_token(token)
        if text is None:  # a row of the output layer that no token has
            return b""
        if self._byte_level:
            return bytes(self._letters.get(letter, 0x3F) for letter in text)
        if one := _BYTE.fullmatch(text):
            return bytes([int(one.group(1), 16)])
        return str(text).replace("\u2581", " ").encode()

    def ends(self, token: int) -> bool:
        """Whether the model ends its answer with ``token``."""
        return token in self._ends


def _list_byte_letters() -> list[str]:
    """Return the 256 letters by which byte-level tokenisers write bytes (Radford et al. 2019, GPT-2).

    Printable bytes stand for themselves; the others follow from U+0100 on.
    """
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = iter(range(0x100, 0x200))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(0x100)]
