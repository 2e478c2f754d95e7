"""Messages of a log as texts.  Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from fairtrial.records import content_hash

ROLES = ("system", "user", "assistant")


def as_mapping(value: Any) -> Mapping[str, Any]:
    """Return an object; an empty one for what is none."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return a list; an empty one for what is none."""
    return value if isinstance(value, list) else []


def hash_document(value: Any) -> str:
    """Return a hash of what was to be answered, whatever values it holds."""
    return content_hash(["document", clean_values(value)])


def clean_values(value: Any) -> Any:
    """Return JSON values without numbers that JSON has not: the NaN of tables with gaps is nothing."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): clean_values(inner) for key, inner in value.items()}
    return [clean_values(inner) for inner in value] if isinstance(value, list) else value


def clean_text(text: str) -> str:
    """Return a text that every encoding has."""
    return text.encode("utf-8", "replace").decode()


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
