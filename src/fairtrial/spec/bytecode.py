"""What compiled code names: globals, attributes, imports, and ways to values that code alone does not show."""

from __future__ import annotations

import builtins
import dis
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

HIDDEN_BUILTINS = frozenset({"globals", "vars", "eval", "exec", "compile", "__import__", "open", "input"})
"""Built-in functions that lead to values that no name in the code shows."""

HIDDEN_NAMES = frozenset(
    {
        *("importlib", "import_module", "builtins", "__builtins__", "__globals__", "_getframe", "currentframe"),
        *("environ", "environb", "getenv", "read_text", "read_bytes", "f_globals"),
    }
)
"""Modules and attributes that do."""

ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")

INDIRECT = frozenset({"getattr", "__dict__", "__getattribute__", "attrgetter", "methodcaller", "getmembers", "dir"})
"""Ways to a module's names that need not be in the code."""


@dataclass(frozen=True, slots=True)
class Import:
    """An import inside a function.

    Attributes:
        name: of the module, as it is written.
        level: dots before it.
        taken: names that are imported from it.
    """

    name: str
    level: int
    taken: tuple[str, ...]


def list_codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """Yield code, and that of all functions and classes inside it."""
    yield code
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            yield from list_codes(one)


def find_globals(code: types.CodeType) -> Iterator[str]:
    """Yield the names of globals that code reads, that of functions inside it included."""
    for one in list_codes(code):
        for step in dis.get_instructions(one):
            if step.opname in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"):
                yield step.argval


def find_names(code: types.CodeType) -> Iterator[str]:
    """Yield all names that code mentions, that of functions inside it included."""
    for one in list_codes(code):
        yield from one.co_names


def find_imports(code: types.CodeType) -> Iterator[Import]:
    """Yield the imports of code, that of functions inside it included."""
    for one in list_codes(code):
        steps = list(dis.get_instructions(one))
        for i, step in enumerate(steps):
            if step.opname == "IMPORT_NAME":
                level, taken = steps[i - 2].argval, steps[i - 1].argval
                yield Import(step.argval, level if isinstance(level, int) else 0, tuple(taken or ()))


def find_hidden(code: types.CodeType, names: Mapping[str, Any]) -> str:
    """Return a name in code that leads to values that the code does not show; empty if there is none.

    Args:
        code: the code.
        names: its globals; a function of one's own that has a built-in one's name is none.
    """
    for name in find_globals(code):
        if name in HIDDEN_BUILTINS and names.get(name, getattr(builtins, name)) is getattr(builtins, name):
            return name
    attributes = {s.argval for one in list_codes(code) for s in dis.get_instructions(one) if s.opname in ATTRIBUTES}
    if "open" in attributes:  # of a path, of os, of io
        return "open"
    mentioned = set(find_names(code))
    if {"sys", "modules"} <= mentioned:
        return "sys.modules"
    imported = {one.name.partition(".")[0] for one in find_imports(code)}
    return min((mentioned | imported) & HIDDEN_NAMES, default="")
