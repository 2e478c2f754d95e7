"""Messages of a log as texts.  Pure."""

from __future__ import annotations

import json
import math
from typing import Any

ROLES = ("system", "user", "assistant")


def read_content(value: Any) -> str | None:
    """Return a message's text: a string, the texts of its parts, else the value as JSON; None where there is none."""
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, list) and value and all(isinstance(part, dict) for part in value):
        return "".join(str(part["text"]) for part in value if isinstance(part.get("text"), str))
    return json.dumps(value, ensure_ascii=False, default=str)


def read_messages(value: Any) -> tuple[tuple[str, str], ...]:
    """Return messages as (role, text); those of tools count as the user's.  Empty for what is none."""
    if not isinstance(value, list):
        return ()
    found = []
    for message in value:
        if not isinstance(message, dict):
            return ()
        role = str(message.get("role", "user"))
        found.append((role if role in ROLES else "user", read_content(message.get("content")) or ""))
    return tuple(found)
