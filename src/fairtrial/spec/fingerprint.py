"""What identifies a function: its compiled code, and the values that it uses, as far as these can be told.

Code counts as it is loaded, not as its file reads now; comments and formatting do not.  Followed are its defaults, its
closure, its attributes, the globals that it names, what it imports when called, and, of our user's own code, the
functions, classes and modules among these; what is installed counts by its name.  What cannot be told, such as an open
client, a built-in function, or code that reads the environment or files, makes the whole function unknown: its identity
is then new each time, so that no stored answer is taken for one of another function.
"""

from __future__ import annotations

import enum
import functools
import re
import secrets
import sys
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from fairtrial.records import content_hash
from fairtrial.spec.bytecode import INDIRECT, Import, find_globals, find_hidden, find_imports, find_names
from fairtrial.spec.ownership import (
    find_enum_names,
    hash_source,
    is_found_by_name,
    is_installed,
    is_own,
    is_own_function,
    is_own_module,
    resolve_import,
)

DEEPEST = 20
"""Levels of values inside values that are followed."""

IGNORED = frozenset({"__dict__", "__weakref__", "__module__", "__doc__", "__firstlineno__", "__static_attributes__"})
"""Members of classes that say nothing of what they do."""

IMMUTABLE, HEAP = 1 << 8, 1 << 9
"""CPython's flags of types: one that is immutable, or not on the heap, is in C and holds what cannot be seen."""


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
        told = _Teller().tell_all(call)
    except _UnknownError as error:
        return Fingerprint(secrets.token_hex(16), "this run alone", str(error))
    runtime = ".".join(map(str, sys.version_info[:2]))
    return Fingerprint(content_hash(["code", runtime, told]), "its code and the values that it uses")


class _Teller:
    """Turns values into JSON that identifies them; remembers what it has seen, since functions call each other."""

    def __init__(self) -> None:
        self.seen: dict[int, int] = {}
        self.held: list[object] = []
        self.names: set[str] = set()
        self.modules: list[types.ModuleType] = []

    def tell_all(self, call: Callable[..., Any]) -> Any:
        """Return JSON values that identify a function, and what it may use of modules.  Raises _UnknownError.

        A module may be handed on, so that all names that any code mentions count as used of every module.
        """
        told = [self.tell(call, "it", 0)]
        done: set[tuple[int, str]] = set()
        while new := [
            (module, name)
            for module in self.modules
            for name in sorted((self.names | {"__getattr__"}) & vars(module).keys())
            if (id(module), name) not in done
        ]:
            if self.names & INDIRECT:
                raise _UnknownError(
                    f"it looks up names by {min(self.names & INDIRECT)!r}, maybe of the module {new[0][0].__name__}"
                )
            for module, name in new:
                done.add((id(module), name))
                whole = f"{module.__name__}.{name}"
                told.append([whole, self.tell(vars(module)[name], whole, 1)])
        return told if done else told[0]

    def tell(self, value: Any, name: str, depth: int) -> Any:
        """Return JSON values that identify ``value``.  Raises _UnknownError, which names it."""
        if depth > DEEPEST:
            raise _UnknownError(f"{name} is nested too deeply")
        if value is None or (isinstance(value, bool | str) and type(value) in (bool, str)):
            return value
        if type(value) in (int, float, complex, bytes, type(...)):
            return [type(value).__name__, repr(value)]
        key = id(value)
        if key in self.seen:
            return ["seen", self.seen[key]]
        self.seen[key] = len(self.seen)
        self.held.append(value)
        for kinds, how in TOLD:
            if isinstance(value, kinds):
                return [type(value).__name__, how(self, value, name, depth + 1)]
        return self._tell_object(value, name, depth + 1)

    def _tell_sequence(self, value: Any, name: str, depth: int) -> Any:
        self._check_plain(value, name)
        return [self.tell(one, f"{name}[{i}]", depth) for i, one in enumerate(value)]

    def _tell_set(self, value: Any, name: str, depth: int) -> Any:
        self._check_plain(value, name)
        return sorted((self.tell(one, name, depth) for one in value), key=repr)

    def _tell_mapping(self, value: Any, name: str, depth: int) -> Any:
        self._check_plain(value, name)
        return [[self.tell(k, name, depth), self.tell(v, f"{name}[{k!r}]", depth)] for k, v in value.items()]

    def _check_plain(self, value: Any, name: str) -> None:
        """Raise for a class of somebody's own that is a list or the like and more."""
        if type(value).__module__ != "builtins":
            raise _UnknownError(f"{name} is a {type(value).__name__}")

    def _tell_function(self, value: types.FunctionType, name: str, depth: int) -> Any:
        if not is_own_function(value) and is_found_by_name(value):
            return f"{value.__module__}.{value.__qualname__}"
        if hidden := find_hidden(value.__code__, value.__globals__):
            raise _UnknownError(f"{name} uses {hidden!r}")
        used = {key: value.__globals__[key] for key in find_globals(value.__code__) if key in value.__globals__}
        cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
        imports = list(find_imports(value.__code__))
        self.names |= {*find_names(value.__code__), *(one for found in imports for one in found.taken)}
        told = [
            self._tell_code(value.__code__, depth),
            self.tell(value.__defaults__, "a default", depth),
            self.tell(value.__kwdefaults__, "a default", depth),
            [[key, self.tell(_open_cell(cell, key), f"{key!r}", depth)] for key, cell in cells],
            [[key, self.tell(one, f"{key!r}", depth)] for key, one in sorted(used.items())],
        ]
        own = [[key, self.tell(one, f"{name}.{key}", depth)] for key, one in sorted(vars(value).items())]
        if own:
            told.append(["attributes", own])
        return [*told, ["imports", [self._tell_import(one, value, depth) for one in imports]]] if imports else told

    def _tell_import(self, found: Import, function: types.FunctionType, depth: int) -> Any:
        """Return what identifies what a function imports when it is called."""
        try:
            name = resolve_import(found, function.__globals__.get("__package__") or "")
        except ImportError:
            raise _UnknownError(f"it imports {found.name!r}, which cannot be found") from None
        if name.partition(".")[0] in sys.stdlib_module_names:
            return name
        module = sys.modules.get(name)
        if module is None:
            if is_installed(name):
                return name
            raise _UnknownError(f"it imports {name!r}, which is not loaded yet (import it at the top of its file)")
        if not is_own_module(module):
            return name
        if missing := [one for one in found.taken if one not in vars(module)]:
            raise _UnknownError(f"it imports {missing[0]!r} of {name!r}, which is not loaded yet")
        top = sys.modules.get(name.partition(".")[0], module)
        return [name, hash_source(module), self.tell(top, name, depth), self.tell(module, name, depth)]

    def _tell_code(self, code: types.CodeType, depth: int) -> Any:
        constants = [
            self._tell_code(one, depth + 1) if isinstance(one, types.CodeType) else self._tell_constant(one)
            for one in code.co_consts
        ]
        names = [code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars]
        told = [code.co_code.hex(), constants, [list(one) for one in names], code.co_flags, code.co_argcount]
        return [*told, code.co_exceptiontable.hex()] if code.co_exceptiontable else told

    def _tell_constant(self, value: object) -> Any:
        if isinstance(value, frozenset):
            return ["set", *sorted(map(repr, value))]
        return repr(value)

    def _tell_method(self, value: types.MethodType, name: str, depth: int) -> Any:
        return [self.tell(value.__func__, name, depth), self.tell(value.__self__, f"{name}'s object", depth)]

    def _tell_partial(self, value: functools.partial[Any], name: str, depth: int) -> Any:
        if type(value) is not functools.partial:
            raise _UnknownError(f"{name} is a {type(value).__name__}")
        given = {**value.keywords, **{f".{key}": one for key, one in vars(value).items()}}
        return [self.tell(value.func, name, depth), self.tell(value.args, "an argument", depth)] + [
            [key, self.tell(one, f"{key!r}", depth)] for key, one in sorted(given.items())
        ]

    def _tell_module(self, value: types.ModuleType, name: str, depth: int) -> Any:
        """Return a module's name; what is used of one of our user's own is told in the end, see `tell_all`."""
        if not is_own_module(value):
            return value.__name__
        if type(value) is not types.ModuleType:
            raise _UnknownError(f"{name} is a {type(value).__name__}")
        self.modules.append(value)
        return value.__name__

    def _tell_cached(self, value: Any, name: str, depth: int) -> Any:
        if value.cache_info().currsize:
            raise _UnknownError(f"{name} has answers in its cache")
        own = {key: one for key, one in vars(value).items() if not key.startswith("__")}
        told = self.tell(value.__wrapped__, name, depth)
        return [told, self.tell(own, name, depth)] if own else told

    def _tell_path(self, value: PurePath, name: str, depth: int) -> Any:
        if not type(value).__module__.startswith("pathlib"):
            raise _UnknownError(f"{name} is a {type(value).__name__}")
        return str(value)

    def _tell_enum(self, value: enum.Enum, name: str, depth: int) -> Any:
        """Return what identifies a member of an enumeration: its class, its name, its value and its attributes."""
        ignored = {"_value_", "_name_", "__objclass__", "_sort_order_"}
        held = [[k, self.tell(v, f"{name}.{k}", depth)] for k, v in sorted(vars(value).items()) if k not in ignored]
        return [self.tell(type(value), name, depth), value.name, self.tell(value._value_, f"{name}.value", depth), held]

    def _tell_class(self, value: type, name: str, depth: int) -> Any:
        told = f"{value.__module__}.{value.__qualname__}"
        if not is_own(value) and is_found_by_name(value):
            return told
        bases = [self.tell(base, f"the class {base.__name__}", depth) for base in value.__bases__]
        skipped = IGNORED | (find_enum_names(value) if issubclass(value, enum.Enum) else set())
        members = [
            [key, self.tell(_unwrap(member), f"{value.__name__}.{key}", depth)]
            for key, member in sorted(vars(value).items())
            if key not in skipped and not isinstance(member, types.MemberDescriptorType | types.GetSetDescriptorType)
        ]
        if issubclass(value, enum.Enum):
            members.append(["members", [[key, self.tell(one, key, depth)] for key, one in value.__members__.items()]])
        kind = type(value)
        return [told, bases, members, *([self.tell(kind, kind.__name__, depth)] if is_own(kind) else [])]

    def _tell_object(self, value: object, name: str, depth: int) -> Any:
        """Return what identifies an object of our user's own class: the class and its attributes."""
        kind = type(value)
        if not is_own(kind) or kind.__reduce__ is not object.__reduce__ or not hasattr(value, "__dict__"):
            raise _UnknownError(
                f"{name} is built in" if isinstance(value, _BUILT_IN) else f"{name} is a {kind.__name__}"
            )
        for base in kind.__mro__[:-1]:
            if (base.__flags__ & IMMUTABLE or not base.__flags__ & HEAP) and base is not typing.Generic:
                raise _UnknownError(f"{name} is a {base.__name__}")
        held = [[key, self.tell(one, f"{name}.{key}", depth)] for key, one in sorted(vars(value).items())]
        slots = [
            [base.__name__, key, self.tell(member.__get__(value), f"{name}.{key}", depth)]
            for base in kind.__mro__
            for key, member in sorted(vars(base).items(), key=lambda one: one[0])
            if isinstance(member, types.MemberDescriptorType) and _is_set(member, value)
        ]
        return [self.tell(kind, kind.__name__, depth), held, *([slots] if slots else [])]


_BUILT_IN = (types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType)

TOLD: tuple[tuple[Any, Callable[[_Teller, Any, str, int], Any]], ...] = (
    (enum.Enum, _Teller._tell_enum),
    (types.FunctionType, _Teller._tell_function),
    (types.MethodType, _Teller._tell_method),
    (functools.partial, _Teller._tell_partial),
    (functools._lru_cache_wrapper, _Teller._tell_cached),
    (types.ModuleType, _Teller._tell_module),
    (type, _Teller._tell_class),
    (re.Pattern, lambda teller, value, name, depth: [str(value.pattern), value.flags]),
    (PurePath, _Teller._tell_path),
    ((list, tuple), _Teller._tell_sequence),
    ((set, frozenset), _Teller._tell_set),
    (dict, _Teller._tell_mapping),
)
"""How values of each kind are told; the first that fits."""


def _unwrap(member: Any) -> Any:
    """Return the function inside a class's member."""
    if isinstance(member, staticmethod | classmethod):
        return [type(member).__name__, member.__func__]
    if isinstance(member, property):
        return [member.fget, member.fset, member.fdel]
    return member


def _open_cell(cell: types.CellType, name: str) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        raise _UnknownError(f"{name!r} has no value yet") from None


def _is_set(slot: types.MemberDescriptorType, value: object) -> bool:
    try:
        slot.__get__(value)
    except AttributeError:
        return False
    return True
