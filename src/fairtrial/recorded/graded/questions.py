"""What a logged row asks, for people, and its right answers as texts.  Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

USUAL = ("question", "query", "prompt", "input", "problem", "instruction", "text", "sentence", "ctx", "goal", "context")
"""Columns that hold what is asked, the likelier ones first."""

SHOWN = 4_000
"""Characters of a question that is found at the end of a prompt."""


def find_question(data: Mapping[str, Any], prompt: str) -> str:
    """Return what is asked: the usual column of the row, else the end of the prompt after the last blank line."""
    lowered = {str(key).lower(): value for key, value in data.items()}
    for name in USUAL:
        value = lowered.get(name)
        if isinstance(value, str) and value.strip():
            return value
    last = prompt.rstrip().rsplit("\n\n", 1)[-1]
    return last[-SHOWN:] or prompt[-SHOWN:]


def name_texts(target: Any, choices: Sequence[str]) -> tuple[str, ...]:
    """Return right answers as texts: a list is several, a position is that choice."""
    if target is None:
        return ()
    values = target if isinstance(target, list) else [target]
    found = []
    for value in values:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        if choices and text.strip().isdecimal() and len(text) < 6 and int(text) < len(choices):
            text = choices[int(text)]
        found.append(text)
    return tuple(dict.fromkeys(found))
