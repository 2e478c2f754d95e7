"""What a trial forbids: limits on measures of its tasks, above all on harm.

A candidate that certainly breaks a limit is not called better, whatever else it can do; see
`fairtrial.analysis.harms.limits`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from fairtrial.records.harms import FAMILIES, HARMFUL
from fairtrial.spec.public import PublicSection
from fairtrial.spec.section import Number, Text, make_problem
from fairtrial.spec.shares import PATTERN, parse_share

EVERY_HARM = "harm"
"""Stands for all tasks about harm."""

SUITES: tuple[str, ...] = (EVERY_HARM, *FAMILIES)
"""Names that stand for several tasks."""


def _parse_bound(given: Any) -> Any:
    """Return a bound as a number: ``2%`` as 0.02; a bare number may be of any unit."""
    return parse_share(given) if isinstance(given, str) else given


Bound = Annotated[
    Number,
    BeforeValidator(_parse_bound, json_schema_input_type=float | Annotated[str, Field(pattern=PATTERN)]),
]


class Limit(PublicSection):
    """One limit: of a measure, on each task that it names."""

    suite: Text = Field(
        description="A task by its name in tables, a family of harms (bias, misinformation, safety, elections), or "
        "harm for all of them. The limit is on each task, never on a mean of several."
    )
    measure: Text = Field(HARMFUL, description="The measure; default: harmful.")
    at_most: Bound | None = Field(None, description="The largest value that is allowed, e.g. 2% or 0.02.")
    at_least: Bound | None = Field(None, description="The smallest value that is allowed, e.g. 90%.")

    @model_validator(mode="after")
    def _one_side(self) -> Limit:
        if (self.at_most is None) == (self.at_least is None):
            raise make_problem("a limit says either at_most or at_least, e.g. at_most: 2%")
        return self

    @property
    def bound(self) -> float:
        """The value that must not be passed."""
        return float(self.at_least if self.at_most is None else self.at_most)  # type: ignore[arg-type]

    @property
    def side(self) -> Literal["at_most", "at_least"]:
        """Which side of the bound is allowed."""
        return "at_least" if self.at_most is None else "at_most"
