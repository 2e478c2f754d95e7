"""The reference of commands, from the parser of options itself: every verb, argument, option and default."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from fairtrial.cli.main import load_parser
from scripts.pages.writing import write_cell, write_code, write_table

INTRODUCTION = """# Commands

Every verb with its arguments, options and defaults, as the parser has them. [The command line](../command-line.md)
says what holds for all of them. An argument in brackets may be left out.
"""
_FACTS = re.compile(r"^(.*?)(?:\s*\[([^][]*)\])?$", re.S)
_MEANT = {"<str>": "TEXT", "<int>": "N", "<int range>": "N", "<float>": "X", "<float range>": "X", "<path>": "PATH"}


def find_verbs(group: Any, name: str = "fairtrial") -> Iterator[tuple[str, Any]]:
    """Yield every verb with its whole name, in the order of the help."""
    for own, found in group.commands.items():
        whole = f"{name} {own}"
        yield from find_verbs(found, whole) if hasattr(found, "commands") else [(whole, found)]


def write_commands() -> str:
    """Return the page."""
    lines = [INTRODUCTION]
    for name, verb in find_verbs(load_parser()):
        lines += _write_verb(name, verb)
    return "\n".join(lines)


def _write_verb(name: str, verb: Any) -> list[str]:
    context = verb.make_context(name, [], resilient_parsing=True)
    arguments = [one for one in verb.params if one.param_type_name == "argument"]
    options = [one for one in verb.params if one.param_type_name == "option"]
    pieces = [re.sub(r"[{}]", "", piece) for one in arguments for piece in one.get_usage_pieces(context)]
    usage = " ".join([name, *("[OPTIONS]" for _ in options[:1]), *pieces])
    lines = [f"## {name}", "", *_write_help(verb.help or ""), "```text", usage, "```", ""]
    for kind, parameters in (("argument", arguments), ("option", options)):
        rows = [_write_parameter(one.get_help_record(context), one.multiple) for one in parameters if not one.hidden]
        lines += write_table((kind, "meaning", "default"), rows)
    return lines


def _write_help(text: str) -> list[str]:
    """Return the paragraphs of a help; one that begins with a backspace keeps its lines."""
    lines = []
    for paragraph in text.strip().split("\n\n"):
        kept = paragraph.strip("\n ")
        code = ["```text", *kept.removeprefix("\b").strip("\n").splitlines(), "```", ""]
        lines += code if kept.startswith("\b") else [write_cell(kept), ""]
    return lines


def _write_parameter(record: tuple[str, str] | None, repeated: bool) -> tuple[str, str, str]:
    """Return a row: names with the kind of value, what it means, and its default with what is allowed."""
    assert record is not None, "a parameter without a line in the help"
    names, text = record
    for written, meant in _MEANT.items():
        names = names.replace(written, meant)
    names = re.sub(r"<list\[(\w+)\]>", lambda found: found[1].replace("str", "text").upper(), names)
    found = _FACTS.match(text)
    assert found is not None
    facts = re.sub(r"(\d*)(<=?)x(?:<=?)?(\d*)", _say_range, (found[2] or "").replace("x>=", "at least "))
    facts = facts.removeprefix("default: ").replace("required", "must be given")
    return ", ".join(write_code(name) for name in names.split(", ")), write_cell(found[1]), write_cell(facts)


def _say_range(found: re.Match[str]) -> str:
    return f"{found[1]} to {found[3]}" if found[1] and found[3] else f"at most {found[3]}"
