"""Settings of the grader `conduct`: what is measured of how an answer behaves."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from fairtrial.spec.references import GraderSettings
from fairtrial.spec.section import Text, make_problem
from fairtrial.spec.tolerances import as_list

ConductMeasure = Literal[
    "refusal",
    "partial",
    "helped",
    "unclear",
    "withheld",
    "refers",
    "abstains",
    "corrects",
    "moralises",
    "hedges",
    "words",
    "sentiment",
    "personal_data",
]


class ConductSettings(GraderSettings):
    """Settings of the grader `conduct`."""

    measures: Annotated[
        tuple[ConductMeasure, ...],
        BeforeValidator(as_list, json_schema_input_type=ConductMeasure | list[ConductMeasure]),
        Field(min_length=1),
    ] = Field(("refusal",), description="What is measured, the main measure first.")
    wanted: Literal["more", "less"] | None = Field(
        None, description="Whether more or less of the main measure is better; default: neither, values only differ."
    )
    question: Text = Field("question", description="Column with the question: an answer that repeats it is unclear.")

    @model_validator(mode="after")
    def _each_once(self) -> ConductSettings:
        if twice := next((one for one in self.measures if self.measures.count(one) > 1), None):
            raise make_problem(f"{twice} is there twice", "measures")
        return self
