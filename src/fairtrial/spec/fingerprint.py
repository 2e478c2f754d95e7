"""What identifies a function: its compiled code, and the values that it uses, as far as these can be told.

Code counts as it is loaded, not as its file reads now; comments and formatting do not.  Followed are its defaults, its
closure, the globals that it names, and, of our user's own code, the functions, classes and modules among these; what is
installed counts by its name.  What cannot be told, such as an open client or a built-in function, makes the whole
function unknown: its identity then holds in this process alone, so that no stored answer is taken for one of another
function.
"""

from __future__ import annotations

import dis
import enum
import functools
import re
import secrets
import sys
import sysconfig
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from fairtrial.records import content_hash

DEEPEST = 20
"""Levels of values inside values that are followed."""

_kept: dict[int, tuple[object, str]] = {}
"""Of what cannot be told, by its id in this process: itself, so that the id stays its own, and its digest."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What identifies a function.

    Attributes:
        digest: hexadecimal digits.
        by: what it was made from, in words.
        unknown: what could not be told, in words; empty if all could.  The digest is then random.
    """

    digest: str
    by: str
    unknown: str = ""


class _UnknownError(Exception):
    """Something cannot be told; the message says what."""


def fingerprint(call: Callable[..., Any], version: str = "") -> Fingerprint:
    """Return what identifies a function: the version, if one is stated, else its code and what it uses."""
    if version:
        return Fingerprint(content_hash(["version", version]), f"its version, {version!r}")
    try:
        told = _Teller().tell(call, "it", 0)
    except _UnknownError as error:
        digest = _kept.setdefault(id(call), (call, secrets.token_hex(16)))[1]
        return Fingerprint(digest, "this process alone", str(error))
    runtime = ".".join(map(str, sys.version_info[:2]))
    return Fingerprint(content_hash(["code", runtime, told]), "its code and the values that it uses")


class _Teller:
    """Turns values into JSON that identifies them; remembers what it has seen, since functions call each other."""

    def __init__(self) -> None:
        self.seen: dict[object, int] = {}
        self.held: list[object] = []
        self.names: frozenset[str] = frozenset()

    def tell(self, value: Any, name: str, depth: int) -> Any:
        """Return JSON values that identify ``value``.  Raises _UnknownError, which names it."""
        if depth > DEEPEST:
            raise _UnknownError(f"{name} is nested too deeply")
        if value is None or (isinstance(value, bool | str) and type(value) in (bool, str)):
            return value
        if type(value) in (int, float, complex, bytes, type(...)):
            return [type(value).__name__, repr(value)]
        key = (id(value), self.names if isinstance(value, types.ModuleType) else None)
        if key in self.seen:
            return ["seen", self.seen[key]]
        self.seen[key] = len(self.seen)
        self.held.append(value)
        for kinds, how in TOLD:
            if isinstance(value, kinds):
                return [type(value).__name__, how(self, value, name, depth + 1)]
        return self._object(value, name, depth + 1)

    def _sequence(self, value: Any, name: str, depth: int) -> Any:
        self._plain(value, name)
        return [self.tell(one, f"{name}[{i}]", depth) for i, one in enumerate(value)]

    def _set(self, value: Any, name: str, depth: int) -> Any:
        self._plain(value, name)
        return sorted((self.tell(one, name, depth) for one in value), key=repr)

    def _mapping(self, value: Any, name: str, depth: int) -> Any:
        self._plain(value, name)
        return [[self.tell(k, name, depth), self.tell(v, f"{name}[{k!r}]", depth)] for k, v in value.items()]

    def _plain(self, value: Any, name: str) -> None:
        """Raise for a class of somebody's own that is a list or the like and more."""
        if type(value).__module__ != "builtins":
            raise _UnknownError(f"{name} is a {type(value).__name__}")

    def _function(self, value: types.FunctionType, name: str, depth: int) -> Any:
        if not is_own(value):
            return f"{value.__module__}.{value.__qualname__}"
        used = {key: value.__globals__[key] for key in _find_globals(value.__code__) if key in value.__globals__}
        cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
        before, self.names = self.names, frozenset(_find_names(value.__code__))
        try:
            return [
                self._code(value.__code__, depth),
                self.tell(value.__defaults__, "a default", depth),
                self.tell(value.__kwdefaults__, "a default", depth),
                [[key, self.tell(_open_cell(cell, key), f"{key!r}", depth)] for key, cell in cells],
                [[key, self.tell(one, f"{key!r}", depth)] for key, one in sorted(used.items())],
            ]
        finally:
            self.names = before

    def _code(self, code: types.CodeType, depth: int) -> Any:
        constants = [
            self._code(one, depth + 1) if isinstance(one, types.CodeType) else self._constant(one)
            for one in code.co_consts
        ]
        names = [code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars]
        return [code.co_code.hex(), constants, [list(one) for one in names], code.co_flags, code.co_argcount]

    def _constant(self, value: object) -> Any:
        if isinstance(value, frozenset):
            return ["set", *sorted(map(repr, value))]
        return repr(value)

    def _method(self, value: types.MethodType, name: str, depth: int) -> Any:
        return [self.tell(value.__func__, name, depth), self.tell(value.__self__, f"{name}'s object", depth)]

    def _partial(self, value: functools.partial[Any], name: str, depth: int) -> Any:
        return [self.tell(value.func, name, depth), self.tell(value.args, "an argument", depth)] + [
            [key, self.tell(one, f"{key!r}", depth)] for key, one in sorted(value.keywords.items())
        ]

    def _module(self, value: types.ModuleType, name: str, depth: int) -> Any:
        """Return what identifies of a module what the function at hand may use: all that has a name it mentions."""
        if not is_own_file(getattr(value, "__file__", None) or ""):
            return value.__name__
        used = sorted(self.names & vars(value).keys())
        return [value.__name__, [[key, self.tell(vars(value)[key], f"{name}.{key}", depth)] for key in used]]

    def _cached(self, value: Any, name: str, depth: int) -> Any:
        return self.tell(value.__wrapped__, name, depth)

    def _class(self, value: type, name: str, depth: int) -> Any:
        told = f"{value.__module__}.{value.__qualname__}"
        if not is_own(value):
            return told
        bases = [self.tell(base, f"the class {base.__name__}", depth) for base in value.__bases__]
        skipped = {"__dict__", "__weakref__", "__module__", "__doc__", "__firstlineno__", "__static_attributes__"}
        members = [
            [key, self.tell(_unwrap(member), f"{value.__name__}.{key}", depth)]
            for key, member in sorted(vars(value).items())
            if key not in skipped and not isinstance(member, types.MemberDescriptorType | types.GetSetDescriptorType)
        ]
        return [told, bases, members]

    def _object(self, value: object, name: str, depth: int) -> Any:
        """Return what identifies an object of our user's own class: the class and its attributes."""
        kind = type(value)
        if not is_own(kind) or kind.__reduce__ is not object.__reduce__ or not hasattr(value, "__dict__"):
            raise _UnknownError(
                f"{name} is built in" if isinstance(value, _BUILT_IN) else f"{name} is a {kind.__name__}"
            )
        held = [[key, self.tell(one, f"{name}.{key}", depth)] for key, one in sorted(vars(value).items())]
        return [self.tell(kind, kind.__name__, depth), held]


_BUILT_IN = (types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType)

TOLD: tuple[tuple[Any, Callable[[_Teller, Any, str, int], Any]], ...] = (
    (enum.Enum, lambda teller, value, name, depth: [str(type(value)), value.name]),
    (types.FunctionType, _Teller._function),
    (types.MethodType, _Teller._method),
    (functools.partial, _Teller._partial),
    (functools._lru_cache_wrapper, _Teller._cached),
    (types.ModuleType, _Teller._module),
    (type, _Teller._class),
    (re.Pattern, lambda teller, value, name, depth: [str(value.pattern), value.flags]),
    (PurePath, lambda teller, value, name, depth: str(value)),
    ((list, tuple), _Teller._sequence),
    ((set, frozenset), _Teller._set),
    (dict, _Teller._mapping),
)
"""How values of each kind are told; the first that fits."""


def _unwrap(member: Any) -> Any:
    """Return the function inside a class's member."""
    if isinstance(member, staticmethod | classmethod):
        return member.__func__
    if isinstance(member, property):
        return [member.fget, member.fset, member.fdel]
    return member


def _open_cell(cell: types.CellType, name: str) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        raise _UnknownError(f"{name!r} has no value yet") from None


def _find_globals(code: types.CodeType) -> Iterator[str]:
    """Yield the names of globals that code reads, that of functions inside it included."""
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield step.argval
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            yield from _find_globals(one)


def _find_names(code: types.CodeType) -> Iterator[str]:
    """Yield all names that code mentions, that of functions inside it included."""
    yield from code.co_names
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            yield from _find_names(one)


def is_own(value: Any) -> bool:
    """Return whether a function or class is of our user's own code, not of something installed."""
    module = sys.modules.get(getattr(value, "__module__", None) or "")
    if module is None or module.__name__ == "__main__":
        return True
    file = getattr(module, "__file__", None)
    return file is not None and is_own_file(file)


@functools.cache
def is_own_file(file: str) -> bool:
    """Return whether a file is our user's own: not of Python, nor in a folder of installed packages."""
    path = Path(file)
    return bool(file) and not any(path.is_relative_to(folder) for folder in _find_installed_folders())


@functools.cache
def _find_installed_folders() -> tuple[Path, ...]:
    paths: Mapping[str, str] = sysconfig.get_paths()
    own = Path(__file__).parents[1]
    return (*(Path(paths[name]) for name in ("stdlib", "platstdlib", "purelib", "platlib") if name in paths), own)
