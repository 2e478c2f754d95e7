"""What the settings of several graders share: what may differ from a right answer, and how far."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from fairtrial.spec.section import Texts, make_problem

Ignored = Literal["case", "punctuation", "articles", "numbers", "spaces"]
_PERCENT = re.compile(r"\s*\d{1,3}(?:\.\d{1,9})?\s*%\s*")


def as_list(given: Any) -> Any:
    """Return what was written as a list where one entry alone was written."""
    return (given,) if isinstance(given, str) else given


def _check_tolerance(value: float | str) -> float | str:
    """Return a tolerance; raise pydantic's error if it is neither a number nor a share in per cent."""
    if isinstance(value, str) and not _PERCENT.fullmatch(value):
        raise make_problem(f"a tolerance is a number such as 0.5, or a share such as 1%; got {value!r}")
    return value


OneOrMore = Annotated[Texts, BeforeValidator(as_list, json_schema_input_type=str | list[str])]
Ignore = Annotated[tuple[Ignored, ...], BeforeValidator(as_list, json_schema_input_type=Ignored | list[Ignored])]
Tolerance = Annotated[
    Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)] | str, AfterValidator(_check_tolerance)
]
