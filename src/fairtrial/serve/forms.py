"""Forms that an answer can be held to, as llama.cpp's grammars."""

from __future__ import annotations

import json
from functools import lru_cache

from fairtrial.engines.llamacpp.call_grammar import write_call_grammar
from fairtrial.engines.llamacpp.grammar import ANY_OBJECT, write_grammar


@lru_cache(maxsize=64)
def write_form(schema: str) -> str:
    """Return the grammar of a JSON schema; of any JSON object for an empty one.  Raises SpecError as that does."""
    return write_grammar(schema or ANY_OBJECT)


@lru_cache(maxsize=64)
def write_call_form(functions: str, must: bool, several: bool) -> str:
    """Return the grammar of calls of functions, given as JSON: name, schema, whether calls must keep to that.

    Args:
        functions: that may be called.
        must: whether the answer begins with a call; else the grammar begins behind a call's opening tag.
        several: whether there may be more than one.

    Raises SpecError as `write_call_grammar` does.
    """
    listed = [(name, schema, strict) for name, schema, strict in json.loads(functions)]
    return write_call_grammar(listed, opened=not must, several=several)
