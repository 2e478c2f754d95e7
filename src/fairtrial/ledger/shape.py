"""What a row's text must be to be read: JSON of a certain shape, numbers that can be computed with.

A ledger is a file that others can write: what does not have this shape is damage, and is said to be.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import (
    BeforeValidator,
    Field,
    Strict,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from fairtrial.errors import LedgerError
from fairtrial.ledger.schema import CHECK

T = TypeVar("T")
Finite = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Str = Annotated[str, Strict()]
Bool = Annotated[bool, Strict()]
StoredCount = Annotated[int, Strict(), Field(ge=0)]


def _with_document(value: object) -> object:
    return {**value, "document": value} if isinstance(value, dict) else value


def _none_if_odd(value: object, check: ValidatorFunctionWrapHandler) -> object:
    try:
        return check(value)
    except ValidationError:
        return None


WithDocument = BeforeValidator(_with_document)
"""Of a record that keeps its document: what was written, for those who pass it on."""
Empty = BeforeValidator(lambda value: {} if value is None else value)
"""Of a mapping: null stands for an empty one."""
One = BeforeValidator(lambda value: 1 if value is None else value)
NoneIfOdd = WrapValidator(_none_if_odd)
"""Of what engines and levers say about weights: a value of another kind than expected counts as not said."""


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(parse_constant=_no_number)


def read_mapping(text: object, what: str, where: str = "") -> dict[str, Any]:
    """Return a JSON object.  Raises LedgerError, which names ``what`` it should have been, for anything else."""
    found = guard_reading(lambda: _DECODER.decode(text), what, where)  # type: ignore[arg-type]
    if not isinstance(found, dict):
        raise make_damage_error(f"{what} is no JSON object, but {type(found).__name__}", where)
    return found


def guard_reading(work: Callable[[], T], what: str, where: str = "") -> T:
    """Return what ``work`` makes of a row; what it raises because the row is not as it should be is a LedgerError."""
    try:
        return work()
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError, OverflowError) as error:
        said = " ".join(str(error).split())[:160]
        raise make_damage_error(f"{what} cannot be read: {type(error).__name__}: {said}", where) from error


def make_damage_error(message: str, where: str = "") -> LedgerError:
    """Return the error about content that is not as it should be."""
    return LedgerError(f"the ledger is damaged: {message}.", where=where, fix=CHECK)


def is_finite(value: object) -> bool:
    """Return whether a stored value is a number that can be computed with."""
    return isinstance(value, int | float) and math.isfinite(value) and abs(value) < 1e300


def validate_record(adapter: TypeAdapter[T], found: Mapping[str, Any], what: str, where: str = "") -> T:
    """Return the record that a document is.  Raises LedgerError, which names the place, if it is none."""
    try:
        return adapter.validate_python(found)
    except ValidationError as error:
        first: Mapping[str, Any] = error.errors(include_url=False)[0]
        at = ".".join(str(part) for part in first["loc"])
        said = f"{at + ': ' if at else ''}{first['msg'].removeprefix('Value error, ')}"
        raise make_damage_error(f"{what}: {said}", where) from error
