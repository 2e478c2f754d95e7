"""Calls of tools as a grammar: of tools that there are, with arguments that are JSON and keep to the tool's schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fairtrial.engines.llamacpp.grammar import convert_schema
from fairtrial.engines.llamacpp.schemas import prepare_call_schema
from fairtrial.engines.tool_prompts import CLOSES, OPENS

_ROOT = "root ::="
_CALL = "one-call-of-a-tool"
_BLANK = r'"\n"?'


def write_call_grammar(functions: Sequence[tuple[str, Any, bool]], *, opened: bool, several: bool) -> str:
    """Return the grammar of calls to the end of an answer.

    Args:
        functions: as `prepare_call_schema` has them; at least one.
        opened: whether the first call's opening tag stands there already, so that the grammar begins behind it.
        several: whether more than one call may be made.

    Raises SpecError as that does.
    """
    grammar = convert_schema(lambda: prepare_call_schema(functions))
    name = _CALL
    while name in grammar:
        name += "-x"
    lines = [
        f"{name} ::={line.removeprefix(_ROOT)}" if line.startswith(_ROOT) else line for line in grammar.split("\n")
    ]
    body = f'{_BLANK} {name} {_BLANK} "{CLOSES}"'
    more = f' ({_BLANK} "{OPENS}" {body})*' if several else ""
    first = "" if opened else f'"{OPENS}" '
    return "\n".join([f"{_ROOT} {first}{body}{more}", *lines])
