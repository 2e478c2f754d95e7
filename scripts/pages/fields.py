"""Settings as tables: the keys of a specification with what they hold, their defaults and what they mean."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from scripts.pages.writing import write_cell, write_code, write_table

_KINDS = {"string": "text", "integer": "whole number", "boolean": "on or off", "array": "list", "object": "mapping"}


def write_fields(model: type[BaseModel]) -> list[str]:
    """Return the table of a model's fields; nothing where it has none."""
    schema = model.model_json_schema(by_alias=True)
    needed = schema.get("required", [])
    rows = []
    for name, found in schema.get("properties", {}).items():
        default = "must be given" if name in needed else _write_default(found.get("default"))
        rows.append((write_code(name), _name_kind(found), default, write_cell(found.get("description", ""))))
    return write_table(("key", "holds", "default", "meaning"), rows)


def _name_kind(schema: dict[str, Any]) -> str:
    """Return in a word or two what a field holds."""
    if "enum" in schema or "const" in schema:
        return " or ".join(write_code(_write_value(value)) for value in schema.get("enum", [schema.get("const")]))
    if "anyOf" in schema or "oneOf" in schema:
        kinds = [_name_kind(one) for one in schema.get("anyOf", schema.get("oneOf", [])) if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(filter(None, kinds)))
    if "$ref" in schema or "allOf" in schema:
        return "mapping"
    return _KINDS.get(schema.get("type", ""), schema.get("type", ""))


def _write_default(value: Any) -> str:
    return "" if value in (None, "", [], {}) else write_code(_write_value(value)) if not isinstance(value, dict) else ""


def _write_value(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
