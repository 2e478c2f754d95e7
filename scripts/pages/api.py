"""The reference of the Python library, from the public names of the package, their signatures and docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import fairtrial
from scripts.pages.fields import write_fields
from scripts.pages.writing import Described, read_docstring, write_cell, write_code, write_table

INTRODUCTION = """# Python library

All that `import fairtrial as ft` gives, from the code's own docstrings. [Python and notebooks](../python.md) shows how
it is used; [trial files](../trial-file.md) explain the settings of trials, candidates and tasks. All errors are
`ft.FairtrialError`.
"""
GROUPS = {
    "Run and compare": ("compare", "run", "result", "open_candidate", "load_trial", "Conditions", "Function"),
    "What was found": ("Result", "Verdict", "Estimate", "FairtrialError"),
    "Trials": ("Trial", "Candidate", "Decoding", "TaskEntry", "Decide", "Limit"),
    "Requests and answers": (
        "Prompt",
        "Pair",
        "ScoreRequest",
        "ScoreAnswer",
        "GenerateRequest",
        "GenerateAnswer",
        "Item",
        "Measure",
        "Observation",
        "Ledger",
    ),
}
"""Heading to the names below it."""


def write_library() -> str:
    """Return the page.  Raises ValueError where a public name is in no group, or in two."""
    named = sorted(name for names in GROUPS.values() for name in names)
    if named != sorted(set(dir(fairtrial)) - {"__version__"}):
        raise ValueError(f"the groups of the library's reference are not its public names: {named}")
    lines = [INTRODUCTION]
    for heading, names in GROUPS.items():
        lines += [f"## {heading}", ""]
        for name in names:
            lines += write_object(name, getattr(fairtrial, name))
    return "\n".join(lines)


def write_object(name: str, found: Any) -> list[str]:
    """Return what is said of a function or class."""
    described = read_docstring(inspect.getdoc(found) or "")
    is_model = inspect.isclass(found) and issubclass(found, BaseModel)
    call = f"ft.{name}(...)" if is_model else write_signature(f"ft.{name}", found)
    lines = [f"### ft.{name}", "", "```python", call, "```", "", described.text, ""]
    if is_model:
        lines += write_fields(found)
    lines += write_sections(described)
    if inspect.isclass(found):
        for own, member in find_members(found):
            lines += _write_member(name, own, member)
    return lines


def write_sections(described: Described) -> list[str]:
    """Return the sections of a docstring as tables and lists."""
    lines: list[str] = []
    for section, entries in described.sections.items():
        if section in ("Args", "Attributes"):
            rows = [(write_code(name), write_cell(text)) for name, text in entries]
            lines += write_table(("argument" if section == "Args" else "attribute", "meaning"), rows)
        else:
            told = (f"{write_code(name)}: {text}" if name else text for name, text in entries)
            lines += [f"**{section}** {write_cell('; '.join(told))}", ""]
    return lines


def find_members(found: type) -> Iterator[tuple[str, Any]]:
    """Yield the public methods and properties that a class has of its own."""
    for name, member in vars(found).items():
        inner = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        told = inspect.isfunction(inner) or (hasattr(member, "func") and inspect.getdoc(member))
        if told and not name.startswith("_"):
            yield name, member


def _write_member(owner: str, name: str, member: Any) -> list[str]:
    if isinstance(member, property) or hasattr(member, "func"):
        described = read_docstring(inspect.getdoc(member) or "")
        return [f"**`{owner}.{name}`** (attribute) {described.text}", ""]
    function = getattr(member, "__func__", member)
    described = read_docstring(inspect.getdoc(function) or "")
    shown = write_signature(f"{owner}.{name}", function)
    return [f"#### {owner}.{name}", "", "```python", shown, "```", "", described.text, "", *write_sections(described)]


def write_signature(name: str, found: Any) -> str:
    """Return how something is called: on one line where that is short, else a line a parameter."""
    signature = inspect.signature(found)
    parameters = [one for one in signature.parameters.values() if one.name not in ("self", "cls")]
    shown = [_write_parameter(one) for one in parameters]
    marks = [i for i, one in enumerate(parameters) if one.kind is inspect.Parameter.KEYWORD_ONLY]
    if marks:
        shown.insert(marks[0], "*")
    returned = signature.return_annotation
    end = "" if returned in (inspect.Signature.empty, "None", None) else f" -> {str(returned).strip(chr(39))}"
    line = f"{name}({', '.join(shown)}){end}"
    return line if len(line) <= 88 else "\n".join([f"{name}(", *(f"    {one}," for one in shown), f"){end}"])


def _write_parameter(one: inspect.Parameter) -> str:
    kind = "" if one.annotation is one.empty else f": {str(one.annotation).strip(chr(39))}"
    if one.default is one.empty:
        return f"{one.name}{kind}"
    value = f'"{one.default}"' if isinstance(one.default, Path) else repr(one.default)
    value = re.sub(r"<function \w+ at 0x[0-9a-f]+>", "...", value)
    return f"{one.name}{kind} = {value}"
