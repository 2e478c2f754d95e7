"""Forms that an answer can be held to, as llama.cpp's grammars."""

from __future__ import annotations

from functools import lru_cache

from fairtrial.engines.llamacpp.grammar import ANY_OBJECT, write_grammar


@lru_cache(maxsize=64)
def write_form(schema: str) -> str:
    """Return the grammar of a JSON schema; of any JSON object for an empty one.  Raises SpecError as that does."""
    return write_grammar(schema or ANY_OBJECT)
