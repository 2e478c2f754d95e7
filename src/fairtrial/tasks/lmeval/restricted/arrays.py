"""Stands in for numpy: functions over numbers, and the attributes of arrays that hold numbers, texts or truth values.

Types of elements are given by a few plain names only, and nothing can be told to write into, or look at, memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fairtrial.sandbox.restricted.guards import Module, Open, RestrictedError, changed_by_item, readers
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
    return np.asarray(value, dtype=float)


def _read_type(given: Any) -> Any:
    kind = vars(given)["_real"] if isinstance(given, _Kind) else given
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
        return isinstance(value, vars(cls)["_real"])

    def __call__(cls, *given: Any) -> Any:
        return vars(cls)["_make"](*given)

    def __eq__(cls, other: object) -> bool:
        return other is cls or other == vars(cls)["_real"]

    def __hash__(cls) -> int:
        return hash(vars(cls)["_real"])


def _make_kind(name: str, make: Any = None) -> _Kind:
    real = getattr(np, name)
    return _Kind(name, (Open,), {"_real": real, "_make": make or real})


def _wrap(name: str) -> Callable[..., Any]:
    real = getattr(np, name)
    most = _MADE.get(name)

    def call(*given: Any, **named: Any) -> Any:
        if "out" in named or "like" in named or (most is not None and len(given) > most):
            raise RestrictedError(f"numpy.{name} is used in a way that is not open to task code")
        if "dtype" in named:
            named["dtype"] = _read_type(named["dtype"])
        if any(isinstance(value, dict | np.dtype) for value in given[1:]):
            raise RestrictedError(f"numpy.{name} is used in a way that is not open to task code")
        return real(*given, **named)

    return call


class _Reading:
    """What may be read of arrays and numbers of numpy."""

    def __call__(self, value: Any, name: str) -> bool:
        return isinstance(value, np.ndarray | np.number | np.bool_) and name in _METHODS - {"astype", "dtype"}


def make_module() -> Module:
    """Return what stands in for numpy; arrays and numbers get readable for the guards, too."""
    readers.append(_Reading())
    readers.append(lambda value, name: isinstance(value, np.random.Generator | np.random.RandomState)
                   and name in _RANDOM | {"integers"})  # fmt: skip
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
    drawing = {name: getattr(np.random, name) for name in _RANDOM}
    drawing |= {"default_rng": np.random.default_rng, "RandomState": np.random.RandomState}
    return Module(
        "numpy",
        {**functions, **constants, **numbers, "int": int, "float": float, "random": Module("numpy.random", drawing)},
    )


def _refuse(*_: Any) -> Any:
    raise RestrictedError("numpy.ndarray may not be made by hand; use numpy.array")
