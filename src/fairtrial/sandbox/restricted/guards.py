"""What restricted code finds when it runs: built-in functions, and guards of all attributes that it reads or writes.

An attribute may be read of plain values (texts, numbers, containers, compiled patterns), of objects whose class the
code defines itself, and of stand-ins, which are `Open`.  Of nothing else: so whatever object code gets hold of, it can
go no further from there.  Code runs after `fairtrial.sandbox.restricted.policy` has looked at its source.
"""

from __future__ import annotations

import builtins
import collections
import datetime
import decimal
import difflib
import fractions
import functools
import importlib
import ipaddress
import operator
import re
import string
import types
from collections.abc import Callable, Mapping
from typing import Any

from RestrictedPython.Guards import guarded_iter_unpack_sequence, guarded_unpack_sequence

from fairtrial.sandbox.restricted.policy import FORBIDDEN_ATTRIBUTES, SPECIAL_METHODS


class Open:
    """Base of stand-ins: their public attributes may be read."""

    def __repr__(self) -> str:  # without the address
        return f"<{type(self).__name__}>"


class Module(Open):
    """Stands in for a module; has the names that it is given and no other."""

    def __init__(self, name: str, names: Mapping[str, Any]) -> None:
        self._name = name
        self._readable = frozenset(key for key in names if not key.startswith("_"))
        for key, value in names.items():
            if key.startswith("__"):
                raise RestrictedError(f"a module may not have the name {key}")
            setattr(self, key, value)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the module {self._name} has no {name!r} that task code may use")


class RestrictedError(Exception):
    """Code has tried what is not allowed."""


_own: set[type] = set()
"""Classes that restricted code has defined."""

PLAIN_TYPES: set[type] = {
    str, bytes, bytearray, int, float, complex, bool, list, tuple, dict, set, frozenset, range, slice, type(None),
    collections.Counter, collections.OrderedDict, collections.defaultdict, collections.deque, collections.ChainMap,
    re.Pattern, re.Match, type({}.keys()), type({}.values()), type({}.items()), types.GeneratorType,
    functools.partial, fractions.Fraction, decimal.Decimal, datetime.date, datetime.datetime, datetime.time,
    datetime.timedelta, difflib.SequenceMatcher, ipaddress.IPv4Address, ipaddress.IPv6Address,
    ipaddress.IPv4Network, ipaddress.IPv6Network,
}  # fmt: skip
_fine: set[tuple[type, str]] = set()
"""Types and attributes that have been allowed before."""

_NAMED = {"_asdict", "_fields", "_replace", "_make"}
_CACHED = type(functools.lru_cache(lambda: None))
_BASES = (object, Exception, dict, list)
bases: list[type] = []
"""Stand-ins of which classes may be made; of no others."""

_MADE_BY_PYTHON = {
    "__module__", "__qualname__", "__doc__", "__classcell__", "__annotated__", "__annotations__", "__firstlineno__",
    "__static_attributes__", "__classdictcell__", "__annotate__", "__annotate_func__", "__conditional_annotations__",
}  # fmt: skip
_CHANGED = (
    list, dict, bytearray, collections.Counter, collections.OrderedDict, collections.defaultdict, collections.deque,
)  # fmt: skip
_TRICKS = re.compile(r"\{[^}]*[.\[]")

readers: list[Callable[[Any, str], bool]] = []
"""More rules for objects of libraries: each says whether an attribute of an object may be read."""


def is_own(value: Any) -> bool:
    """Whether an object, or a class, is of a class that restricted code defines."""
    return type(value) in _own or (isinstance(value, type) and value in _own)


def is_instance_of_own(value: Any) -> bool:
    """Whether an object is of a class that restricted code defines."""
    return type(value) in _own


def _may_read(value: Any, name: str) -> bool:
    kind = type(value)
    if name == "__init__":
        return kind is super
    if is_own(value):
        return True
    if kind is super:
        return not name.startswith("_")
    if name == "__name__":
        return isinstance(value, type | types.FunctionType)
    if name.startswith("_"):
        return (name in _NAMED and _is_named_tuple(value)) or any(rule(value, name) for rule in readers)
    if kind in PLAIN_TYPES or isinstance(value, Open) or _is_named_tuple(value):
        return True
    if isinstance(value, type):
        return value in PLAIN_TYPES or issubclass(value, Open) or _is_named_tuple_class(value)
    if isinstance(value, Exception):
        return name in {"args", "msg", "message", "value"}
    return (kind is _CACHED and name == "cache_clear") or any(rule(value, name) for rule in readers)


def _is_named_tuple(value: Any) -> bool:
    return isinstance(value, tuple) and _is_named_tuple_class(type(value))


def _is_named_tuple_class(kind: type) -> bool:
    return kind.__bases__ == (tuple,) and isinstance(getattr(kind, "_fields", None), tuple)


def read_attribute(value: Any, name: str) -> Any:
    """Return an attribute that may be read.  Raises RestrictedError for another."""
    if type(name) is not str:
        raise RestrictedError("the name of an attribute must be a text")
    kind = type(value)
    if (kind, name) in _fine or (kind is Module and name in value._readable):
        return getattr(value, name)
    if (name.startswith("__") and name not in {"__init__", "__name__"}) or name in FORBIDDEN_ATTRIBUTES:
        raise RestrictedError(f"the attribute .{name} is not allowed")
    if not _may_read(value, name):
        what = value.__name__ if isinstance(value, type) else type(value).__name__
        raise RestrictedError(f"the attribute .{name} of {what} is not open to task code")
    if name in {"format", "format_map"} and (isinstance(value, str) or value is str):
        return _Format(value, name == "format_map")
    if kind in PLAIN_TYPES:
        _fine.add((kind, name))
    return getattr(value, name)


def _read_or(value: Any, name: str, *default: Any) -> Any:
    try:
        return read_attribute(value, name)
    except AttributeError:
        if default:
            return default[0]
        raise


def _has(value: Any, name: str) -> bool:
    try:
        read_attribute(value, name)
    except (AttributeError, RestrictedError):
        return False
    return True


_split_field: Any = importlib.import_module("_string").formatter_field_name_split


class _Formatter(string.Formatter):
    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        """Look a field up, its attributes by the guard."""
        first, rest = _split_field(field_name)
        value = self.get_value(first, args, kwargs)
        for by_name, part in rest:
            value = read_attribute(value, part) if by_name else value[part]
        return value, first


class _Format:
    """``str.format`` and ``format_map``, with or without their text; has no attributes to read."""

    __slots__ = ("_by_map", "_text")

    def __init__(self, text: Any, by_map: bool) -> None:
        self._text, self._by_map = text, by_map

    def __repr__(self) -> str:
        return "<format>"

    def __call__(self, *args: Any, **kwargs: Any) -> str:
        text, args = (args[0], args[1:]) if self._text is str else (self._text, args)
        if not isinstance(text, str):
            raise TypeError("format needs a text")
        if self._by_map:
            (kwargs,), args = args, ()
        if not _TRICKS.search(text):
            return str.format_map(text, kwargs) if self._by_map else str.format(text, *args, **kwargs)
        return _Formatter().vformat(text, args, kwargs)


class _ItemsOnly:
    """What may be changed item by item, and has no attributes to write."""

    __slots__ = ("_inner",)

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __setitem__(self, key: Any, value: Any) -> None:
        self._inner[key] = value

    def __delitem__(self, key: Any) -> None:
        del self._inner[key]


changed_by_item: list[type] = []
"""Classes of libraries whose items may be written."""


def _write(value: Any) -> Any:
    if is_own(value) or type(value) in _CHANGED:
        return value
    if isinstance(value, Globals) or type(value) in changed_by_item:
        return _ItemsOnly(value)
    raise RestrictedError(f"task code may not change an object of the type {type(value).__name__}")


def set_attribute(value: Any, name: str, new: Any) -> None:
    """Set an attribute of what restricted code made.  Raises RestrictedError for another object or name."""
    if type(name) is not str or name.startswith("__") or not is_own(value):
        raise RestrictedError(f"the attribute {name!r} may not be set")
    setattr(value, name, new)


_INPLACE: Mapping[str, Callable[[Any, Any], Any]] = {
    "+=": operator.iadd, "-=": operator.isub, "*=": operator.imul, "/=": operator.itruediv, "%=": operator.imod,
    "**=": operator.ipow, "<<=": operator.ilshift, ">>=": operator.irshift, "|=": operator.ior, "^=": operator.ixor,
    "&=": operator.iand, "//=": operator.ifloordiv, "@=": operator.imatmul,
}  # fmt: skip


def _change(sign: str, value: Any, other: Any) -> Any:
    return _INPLACE[sign](value, other)


def _change_item(sign: str, value: Any, key: Any, other: Any) -> None:
    _write(value)[key] = _INPLACE[sign](value[key], other)


def _change_attribute(sign: str, value: Any, name: str, other: Any) -> None:
    set_attribute(value, name, _INPLACE[sign](read_attribute(value, name), other))


def _show(value: Any) -> str:
    """Show an object of a class without a ``__repr__`` of its own, without its address."""
    return f"<{type(value).__name__} object>"


_HASHED = (str, bytes, int, float, complex, bool, fractions.Fraction, decimal.Decimal)


def _hash(value: Any) -> int:
    """Stand in for ``hash``: of plain values and objects with an own ``__hash__``; the rest would be addresses."""
    kind = type(value)
    if kind is tuple or kind is frozenset:
        for part in value:
            _hash(part)
        return hash(value)
    if kind in _HASHED or (kind in _own and any("__hash__" in vars(k) for k in kind.__mro__ if k in _own)):
        return hash(value)
    raise RestrictedError(f"hash of a {kind.__name__} is not open to task code")


_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def _repr(value: Any) -> str:
    """Stand in for ``repr``: without addresses."""
    return repr(value) if type(value) in {str, bytes, int, float} else _ADDRESS.sub("", repr(value))


def _make_class(name: str, parents: tuple[type, ...], names: dict[str, Any]) -> type:
    for base in parents:
        known = base in _own or any(base is one for one in (*_BASES, *bases))
        if not known and not (type(base) is type and issubclass(base, Exception)):
            raise RestrictedError(f"a class may not be made from {base.__name__}")
    if wrong := [key for key in names if key.startswith("__") and key not in SPECIAL_METHODS | _MADE_BY_PYTHON]:
        raise RestrictedError(f"a class may not have the name {wrong[0]}")
    if "__repr__" not in names and not any(
        base in _own or issubclass(base, dict | list | Exception) for base in parents
    ):
        names["__repr__"] = _show
    made = type(name, parents, names)
    _own.add(made)
    return made


def _type_of(value: Any) -> type:
    found = type(value)
    known = found in PLAIN_TYPES or found in _own or _is_named_tuple_class(found)
    if not known and not issubclass(found, Exception):  # of libraries, what could be made of it is not known
        raise RestrictedError(f"the type of a {found.__name__} is not open to task code")
    return found


class Globals(Open):
    """What ``globals()`` gives: the names of a module, without those that guard it."""

    def __init__(self, names: dict[str, Any]) -> None:
        self._names = names

    def _check(self, name: Any) -> str:
        if type(name) is not str or name.startswith("__") or (name.startswith("_") and name.endswith("_")):
            raise RestrictedError(f"the global name {name!r} is not allowed")
        return name

    def __getitem__(self, name: str) -> Any:
        return self._names[self._check(name)]

    def __setitem__(self, name: str, value: Any) -> None:
        self._names[self._check(name)] = value

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def get(self, name: str, default: Any = None) -> Any:
        """Return a global value, or the default."""
        return self._names.get(self._check(name), default)

    def update(self, *given: Any, **named: Any) -> None:
        """Set several global values."""
        for name, value in dict(*given, **named).items():
            self[name] = value


_BUILTINS = (
    "abs", "all", "any", "bin", "bool", "bytearray", "bytes", "callable", "chr", "complex", "dict", "divmod",
    "enumerate", "filter", "float", "format", "frozenset", "hex", "int", "isinstance", "issubclass", "iter", "len",
    "list", "map", "max", "min", "next", "object", "oct", "ord", "pow", "property", "range", "reversed", "round",
    "set", "slice", "sorted", "staticmethod", "classmethod", "str", "sum", "super", "tuple", "zip", "True", "False",
    "None", "NotImplemented", "Ellipsis", "__build_class__",
)  # fmt: skip


def make_globals(
    name: str, file: str, importer: Callable[..., Any], opener: Callable[..., Any], extra: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the names that a restricted module starts with.

    Args:
        name: of the module.
        file: what ``__file__`` says.
        importer: what ``import`` calls, in the place of ``__import__``.
        opener: ``open``.
        extra: more built-in names.
    """
    errors = {
        key: value for key, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, Exception)
    }
    names: dict[str, Any] = {}
    names.update(
        __builtins__={
            **{key: getattr(builtins, key) for key in _BUILTINS}, **errors, **extra,
            "__import__": importer, "open": opener, "getattr": _read_or, "hasattr": _has, "setattr": set_attribute,
            "type": _type_of, "hash": _hash, "repr": _repr,
            "ascii": lambda value: _ADDRESS.sub("", ascii(value)), "print": lambda *_, **__: None,
            "globals": lambda: Globals(names),
        },
        __name__=name, __file__=file, __metaclass__=_make_class,
        _getattr_=read_attribute, _getitem_=operator.getitem, _getiter_=iter, _write_=_write,
        _apply_=lambda function, *args, **kwargs: function(*args, **kwargs),
        _inplacevar_=_change, _inplaceitem_=_change_item, _inplaceattr_=_change_attribute,
        _iter_unpack_sequence_=guarded_iter_unpack_sequence, _unpack_sequence_=guarded_unpack_sequence,
    )  # fmt: skip
    return names
