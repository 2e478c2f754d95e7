"""The shape that a trial's plan, a task's card and other documents must have to be read; more keys are welcome.

A ledger is a file that others can write: what does not have this shape is damage, and is said to be.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from fairtrial.errors import LedgerError
from fairtrial.ledger.schema import CHECK

Finite = Annotated[float, Field(allow_inf_nan=False)]
T = TypeVar("T")


class _Shape(BaseModel):
    model_config = ConfigDict(extra="allow", strict=True)


class _Measure(_Shape):
    name: str
    unit: str
    higher_is_better: bool | None
    bounds: Annotated[list[Finite], Field(min_length=2, max_length=2)] | None
    transform: str


class _Card(_Shape):
    name: str
    main_measure: str
    measures: Annotated[list[_Measure], Field(min_length=1)]
    chance: Finite | None = None

    @model_validator(mode="after")
    def _has_its_main_measure(self) -> _Card:
        if self.main_measure not in {measure.name for measure in self.measures}:
            raise ValueError(f"main_measure {self.main_measure!r} is none of its measures")
        return self


class _Spec(_Shape):
    model: str
    levers: list[dict[str, Any]] = []
    decoding: dict[str, Any] | None = None


class _Candidate(_Shape):
    name: str
    id: str
    spec: _Spec
    record: dict[str, Any]


class _Entry(_Shape):
    limit: Annotated[int, Field(ge=0)] | None = None
    repeats: Annotated[int, Field(ge=1)] | None = None
    sample: str | None = None


class _Task(_Shape):
    name: str
    id: str
    entry: _Entry
    card: _Card
    measures: list[str]
    items_total: Annotated[int, Field(ge=0)]
    united: dict[str, str] | None = None
    copies: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=2, max_length=2)] | None = None

    @model_validator(mode="after")
    def _judges_measures_that_it_has(self) -> _Task:
        if lost := set(self.measures) - {measure.name for measure in self.card.measures}:
            raise ValueError(f"its card has no measure {sorted(lost)[0]!r}")
        return self


class _Look(_Shape):
    a: str
    b: str
    task_id: str
    measure: str
    items: Annotated[int, Field(ge=0)]
    verdict: str
    low: Finite | None = None
    high: Finite | None = None
    difference: Finite | None = None


class _Decide(_Shape):
    margin: Annotated[Finite, Field(ge=0)]
    confidence: Annotated[Finite, Field(gt=0, lt=1)]
    margins: dict[str, Annotated[Finite, Field(ge=0)]] = {}
    target: str
    stop_early: bool = False


class _Plan(_Shape):
    name: str
    seed: int
    baseline: str
    decide: _Decide
    candidates: Annotated[list[_Candidate], Field(min_length=1)]
    tasks: list[_Task]

    @model_validator(mode="after")
    def _has_its_baseline(self) -> _Plan:
        if self.baseline not in {candidate.name for candidate in self.candidates}:
            raise ValueError(f"the baseline {self.baseline!r} is none of the candidates")
        return self


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(parse_constant=_no_number)
_PLAN, _CARD, _LOOK = TypeAdapter(_Plan), TypeAdapter(_Card), TypeAdapter(_Look)


def read_plan(text: object, where: str = "") -> dict[str, Any]:
    """Return a trial's plan.  Raises LedgerError if it is no JSON, or no plan."""
    return _shaped(_PLAN, read_mapping(text, "the plan of a trial", where), "the plan of a trial", where)


def read_card(text: object, where: str = "") -> dict[str, Any]:
    """Return a task's card.  Raises LedgerError if it is no JSON, or no card."""
    return _shaped(_CARD, read_mapping(text, "the card of a task", where), "the card of a task", where)


def read_look(found: dict[str, Any]) -> dict[str, Any]:
    """Return one look at a pair, with the columns of its row.  Raises LedgerError if it is none."""
    return _shaped(_LOOK, found, "a look", "")


def read_mapping(text: object, what: str, where: str = "") -> dict[str, Any]:
    """Return a JSON object.  Raises LedgerError, which names ``what`` it should have been, for anything else."""
    found = reading(lambda: _DECODER.decode(text), what, where)  # type: ignore[arg-type]
    if not isinstance(found, dict):
        raise damaged(f"{what} is no JSON object, but {type(found).__name__}", where)
    return found


def reading(work: Callable[[], T], what: str, where: str = "") -> T:
    """Return what ``work`` makes of a row; what it raises because the row is not as it should be is a LedgerError."""
    try:
        return work()
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError, OverflowError) as error:
        said = " ".join(str(error).split())[:160]
        raise damaged(f"{what} cannot be read: {type(error).__name__}: {said}", where) from error


def damaged(message: str, where: str = "") -> LedgerError:
    """Return the error about content that is not as it should be."""
    return LedgerError(f"the ledger is damaged: {message}.", where=where, fix=CHECK)


def finite(value: object) -> bool:
    """Return whether a stored value is a number that can be computed with."""
    return isinstance(value, int | float) and math.isfinite(value) and abs(value) < 1e300


def _shaped(adapter: TypeAdapter[Any], found: dict[str, Any], what: str, where: str) -> dict[str, Any]:
    try:
        adapter.validate_python(found)
    except ValidationError as error:
        first: Mapping[str, Any] = error.errors(include_url=False)[0]
        at = ".".join(str(part) for part in first["loc"])
        raise damaged(
            f"{what}: {at + ': ' if at else ''}{first['msg'].removeprefix('Value error, ')}", where
        ) from error
    return found
