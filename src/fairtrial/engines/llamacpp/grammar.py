"""Answers that must have a form: llama.cpp's grammars, made of JSON schemas, and the tokens that they allow next."""

from __future__ import annotations

import ctypes
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.llamacpp.binding import Model, import_library, take_complaints
from fairtrial.engines.llamacpp.schemas import prepare_schema
from fairtrial.errors import SpecError

LONGEST_SCHEMA = 65_536
"""Characters of a JSON schema."""
LONGEST_GRAMMAR = 1 << 20
"""Characters of a grammar; what unpacks to more costs more than an answer is worth."""
MOST_SECONDS = 20.0
"""Of the processor, that one answer may take to be held to its form: others wait meanwhile."""
_LOOSE, _STRICT = r'char ::= [^"\\] |', r'char ::= [^"\\\x7F\x00-\x1F] |'
"""Signs of a string as the converter has them, and without line ends and the like, which JSON has no room for."""
ANY_OBJECT = '{"type": "object"}'


def write_grammar(schema: str) -> str:
    """Return the grammar of the texts that a JSON schema allows.

    Raises SpecError for a schema that is too long, asks for too many repetitions, or that a grammar cannot hold.
    """
    if len(schema) > LONGEST_SCHEMA:
        raise SpecError(f"the JSON schema has {len(schema):,} characters; {LONGEST_SCHEMA:,} are allowed.")
    return convert_schema(lambda: prepare_schema(json.loads(schema)))


def convert_schema(prepare: Callable[[], Mapping[str, Any]]) -> str:
    """Return the grammar of a JSON schema that a function prepares.  Raises SpecError as `write_grammar` does."""
    import_library()
    from llama_cpp.llama_grammar import json_schema_to_gbnf

    try:
        grammar = str(json_schema_to_gbnf(json.dumps(prepare()))).replace(_LOOSE, _STRICT)
    except SpecError:
        raise
    except RecursionError:
        raise SpecError("the JSON schema is nested too deeply.") from None
    except Exception as error:
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise SpecError(f"no grammar can be made of the JSON schema: {said}.") from error
    if len(grammar) > LONGEST_GRAMMAR:
        raise SpecError(f"the JSON schema makes a grammar of {len(grammar):,} characters; simplify it.")
    return grammar


class Grammar:
    """Follows one answer.

    Attributes:
        seconds: of the processor, that it has taken so far.
    """

    def __init__(self, model: Model, text: str) -> None:
        """Begin.  Raises SpecError if llama.cpp cannot read the grammar."""
        self._lib, self.seconds = model.lib, 0.0
        take_complaints()
        self._sampler = self._lib.llama_sampler_init_grammar(model.vocab, text.encode(), b"root")
        if not self._sampler:
            raise SpecError(f"llama.cpp cannot read the grammar: {take_complaints() or 'it gives no reason'}.")
        self._rows = np.zeros(model.n_vocab, dtype=[("id", np.int32), ("logit", np.float32), ("p", np.float32)])

    def mask(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (vocabulary,) logits, minus infinity for tokens that cannot come next."""
        return self._apply(np.arange(len(logits), dtype=np.int32), logits)

    def allows(self, token: int) -> bool:
        """Return whether a token can come next."""
        kept = self._apply(np.array([token], dtype=np.int32), np.zeros(1, dtype=np.float32))
        return bool(np.isfinite(kept[0]))

    def _apply(self, tokens: NDArray[np.int32], logits: NDArray[np.float32]) -> NDArray[np.float32]:
        rows = self._rows[: len(tokens)]
        rows["id"], rows["logit"], rows["p"] = tokens, logits, 0
        listed = self._lib.llama_token_data_array()
        listed.data = ctypes.cast(ctypes.c_void_p(rows.ctypes.data), type(listed.data))
        listed.size, listed.selected, listed.sorted = len(tokens), -1, False
        begun = time.thread_time()
        self._lib.llama_sampler_apply(self._sampler, ctypes.byref(listed))
        self.seconds += time.thread_time() - begun
        return rows["logit"].copy()

    def accept(self, token: int) -> None:
        """Go on after a token that is allowed."""
        self._lib.llama_sampler_accept(self._sampler, token)

    def close(self) -> None:
        """Free it; safe to call twice."""
        if self._sampler:
            self._lib.llama_sampler_free(self._sampler)
            self._sampler = None
