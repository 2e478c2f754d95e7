"""Shares as people write them: ``0.05`` or ``5%``, never ``5``.

A share is a number from 0 to 1.  Who writes 5 means five points or five per cent, and would get 500; so what is above 1
is refused, with what to write instead.
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from fairtrial.errors import SpecError
from fairtrial.spec.section import Number, make_problem

PERCENT = re.compile(r"^\s*([+-]?\d+(?:\.\d+)?)\s*%\s*$")
PATTERN = r"^\s*\d+(\.\d+)?\s*%\s*$"


def parse_share(given: Any, unit: str = "%") -> Any:
    """Return what was written as a share: ``5%`` as 0.05, a number as it is; anything else is left for others to judge.

    Args:
        given: what the user wrote.
        unit: in what it is counted, for the message: ``%`` or ``points``.

    Raises pydantic's error for a number above 1.
    """
    if isinstance(given, str) and (found := PERCENT.match(given)):
        value = float(found[1]) / 100
        if value > 1:
            raise make_problem(f"{given.strip()} is more than the whole")
        return value
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given) or given <= 1:
        return given
    raise make_share_error(float(given), unit)


def parse_margin(given: Any) -> Any:
    """Return what was written as a margin: a share below 1.  Raises pydantic's error for 1 and more."""
    value = parse_share(given, "points")
    if isinstance(value, bool) or value != 1:
        return value
    raise make_share_error(1.0, "points")


def make_share_error(value: float, unit: str) -> PydanticCustomError:
    """Return the error for a number that was meant as one of a hundred.

    ``5 means 500 points; for 5 points write 0.05 or 5%``.
    """
    space = "" if unit == "%" else " "
    text = f"{value:.6g} means {100 * value:,.6g}{space}{unit}; "
    if value > 100:
        return make_problem(f"{text}write a share below 1, such as 0.02 or 2%")
    one = unit.removesuffix("s") if value == 1 else unit
    return make_problem(f"{text}for {value:.6g}{space}{one} write {value / 100:.6g} or {value:.6g}%")


def read_margin(given: str) -> float:
    """Return a margin from the command line: ``0.05`` or ``5%``.

    Raises SpecError for anything that is no share, or is 1 or more.
    """
    try:
        value = parse_margin(float(given) if PERCENT.match(given) is None else given)
    except PydanticCustomError as error:
        raise SpecError(f"--margin: {error.message()}.") from None
    except ValueError:
        raise SpecError(f"--margin: a margin is a share such as 0.05 or 5%; got {given!r}.") from None
    if not 0 <= value < 1:
        raise SpecError(f"--margin: a margin is a share from 0 to below 1, such as 0.05 or 5%; got {given}.")
    return float(value)


def _make_schema(**limits: float) -> WithJsonSchema:
    number = {"type": "number", **limits}
    return WithJsonSchema({"anyOf": [number, {"type": "string", "pattern": PATTERN}]})


Share = Annotated[Number, Field(ge=0, le=1), BeforeValidator(parse_share), _make_schema(minimum=0, maximum=1)]
"""From 0 to 1, both included."""

Mass = Annotated[Number, Field(gt=0, le=1), BeforeValidator(parse_share), _make_schema(exclusiveMinimum=0, maximum=1)]
"""Above 0, up to 1."""

Margin = Annotated[Number, Field(ge=0), BeforeValidator(parse_margin), _make_schema(minimum=0, exclusiveMaximum=1)]
"""From 0 to below 1: how far apart two shares may be and still count as alike."""

Confidence = Annotated[
    Number, Field(gt=0.5, lt=1), BeforeValidator(parse_share), _make_schema(exclusiveMinimum=0.5, exclusiveMaximum=1)
]
"""Above a half and below 1: how sure a claim is."""
