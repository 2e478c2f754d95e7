"""Stands in for numpy: functions over numbers, and the attributes of arrays that hold numbers, texts or truth values.

Types of elements are given by a few plain names only, and nothing can be told to write into, or look at, memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fairtrial.sandbox.restricted.guards import PLAIN_TYPES, Module, Open, RestrictedError, changed_by_item, readers
from fairtrial.tasks.lmeval.restricted.offered import NUMPY

_METHODS = frozenset(
    [
        "all",
        "any",
        "argmax",
        "argmin",
        "argsort",
        "astype",
        "clip",
        "copy",
        "cumsum",
        "dot",
        "flatten",
        "item",
        "max",
        "mean",
        "min",
        "ndim",
        "prod",
        "ravel",
        "repeat",
        "reshape",
        "round",
        "shape",
        "size",
        "sort",
        "squeeze",
        "std",
        "sum",
        "T",
        "tolist",
        "transpose",
        "var",
        "dtype",
    ]
)
_MADE = {"array": 1, "asarray": 1, "zeros": 1, "ones": 1, "full": 2, "arange": 3}
_TYPES: dict[Any, Any] = {
    name: name for name in ("int", "float", "bool", "str", "int32", "int64", "float32", "float64", "object")
}  # fmt: skip
_RANDOM = frozenset(
    [
        "choice",
        "normal",
        "permutation",
        "rand",
        "randint",
        "randn",
        "random",
        "random_sample",
        "sample",
        "seed",
        "shuffle",
        "uniform",
    ]
)


def want_array(value: Any) -> Any:
    """Return an array of numbers."""
    return np.asarray(_copy_plain(value), dtype=float)


_LEAVES = frozenset(PLAIN_TYPES - {bytearray, list, tuple})


def _copy_plain(value: Any) -> Any:
    """Return what numpy may look into: plain values, its own arrays and numbers, and lists and tuples of these, copied.

    Raises RestrictedError for other objects, which could tell numpy where in memory to look.
    """
    kind = type(value)
    if kind is list or kind is tuple or (issubclass(kind, tuple) and kind.__bases__ == (tuple,)):
        copied = [_copy_plain(part) for part in value]
        return copied if kind is list else tuple(copied)
    if kind in _LEAVES or kind is np.ndarray or (issubclass(kind, np.generic) and kind is not np.void):
        return value
    raise RestrictedError(f"numpy gets a {kind.__name__}; task code may give it numbers, texts, lists and tuples")


def _read_type(given: Any) -> Any:
    kind = _get_real(given) if isinstance(given, _Kind) else given
    if kind is None or kind in (int, float, bool, str):
        return kind
    if isinstance(kind, str) and kind in _TYPES:
        return kind
    if isinstance(kind, type) and issubclass(kind, np.generic) and kind is not np.void:
        return kind
    raise RestrictedError(f"the type of elements {str(given)[:60]!r} is not open to task code")


class _Kind(type):
    """Stands in for a type of numpy: to make numbers, and to ask with ``isinstance``."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, _get_real(cls))

    def __call__(cls, *given: Any) -> Any:
        _get_real(cls)
        return _KINDS[id(cls)][2](*map(_copy_plain, given))

    def __eq__(cls, other: object) -> bool:
        return other is cls or other is _get_real(cls)

    def __hash__(cls) -> int:
        return hash(_get_real(cls))


_KINDS: dict[int, tuple[_Kind, type, Callable[..., Any]]] = {}
"""By identity: each stand-in, the type of numpy, and what makes one."""


def _get_real(kind: _Kind) -> type:
    """Return the type of numpy.  Raises RestrictedError for a class that was not made here."""
    found = _KINDS.get(id(kind))
    if found is None or found[0] is not kind:
        raise RestrictedError("a class may not be made from a type of numpy")
    return found[1]


def _make_kind(name: str, make: Any = None) -> _Kind:
    real = getattr(np, name)
    kind = _Kind(name, (Open,), {})
    _KINDS[id(kind)] = kind, real, make or real
    return kind


def _wrap(name: str) -> Callable[..., Any]:
    real = getattr(np, name)
    most = _MADE.get(name)

    def call(*given: Any, **named: Any) -> Any:
        if "out" in named or "like" in named or (most is not None and len(given) > most):
            raise RestrictedError(f"numpy.{name} is used in a way that is not open to task code")
        if "dtype" in named:
            named["dtype"] = _read_type(named["dtype"])
        given = tuple(map(_copy_plain, given))
        named = {key: value if key == "dtype" else _copy_plain(value) for key, value in named.items()}
        if any(isinstance(value, dict | np.dtype) for value in given[1:]):
            raise RestrictedError(f"numpy.{name} is used in a way that is not open to task code")
        return real(*given, **named)

    return call


def _guard(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*given: Any, **named: Any) -> Any:
        return function(*map(_copy_plain, given), **{key: _copy_plain(value) for key, value in named.items()})

    return call


def _guard_shuffle(function: Callable[[Any], None]) -> Callable[[Any], None]:
    def shuffle(values: Any) -> None:
        if type(values) not in {np.ndarray, list}:
            raise RestrictedError("numpy shuffles lists and arrays only")
        function(values)

    return shuffle


class _Drawing(Open):
    """Stands in for a generator of random numbers."""

    def __init__(self, real: Any) -> None:
        for name in _RANDOM | {"integers"}:
            if found := getattr(real, name, None):
                setattr(self, name, _guard_shuffle(found) if name == "shuffle" else _guard(found))


class _Reading:
    """What may be read of arrays and numbers of numpy."""

    def __call__(self, value: Any, name: str) -> bool:
        return isinstance(value, np.ndarray | np.number | np.bool_) and name in _METHODS - {"astype", "dtype"}


def make_module() -> Module:
    """Return what stands in for numpy; arrays and numbers get readable for the guards, too."""
    readers.append(_Reading())
    changed_by_item.append(np.ndarray)
    constants = {name: getattr(np, name) for name in ("inf", "nan", "pi", "newaxis")}
    numbers = {
        name: _make_kind(name)
        for name in ("float32", "float64", "int32", "int64", "bool_", "number", "integer", "floating", "generic")
    }
    numbers["ndarray"] = _make_kind("ndarray", _refuse)
    functions = {
        name: _wrap(name)
        for name in NUMPY - constants.keys() - numbers.keys() - {"random", "int", "float"}
    }  # fmt: skip
    drawing = vars(_Drawing(np.random))
    drawing |= {
        "default_rng": lambda *seed: _Drawing(np.random.default_rng(*map(_copy_plain, seed))),
        "RandomState": lambda *seed: _Drawing(np.random.RandomState(*map(_copy_plain, seed))),
    }
    return Module(
        "numpy",
        {**functions, **constants, **numbers, "int": int, "float": float, "random": Module("numpy.random", drawing)},
    )


def _refuse(*_: Any) -> Any:
    raise RestrictedError("numpy.ndarray may not be made by hand; use numpy.array")
