"""What a user states about the machine that a trial runs on: watts, prices, the grid.  Facts that no program can read.

They change no answer and are no part of a trial's identity; each run keeps the ones that it was given.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from fairtrial.spec.section import Number, Section, make_problem


class StatedMachine(Section):
    """What cannot be measured here and is stated instead.  What is left out stays unknown; nothing has a default."""

    watts_per_core: Annotated[Number, Field(gt=0, le=1000)] | None = Field(
        None, description="Watts that one busy core draws; only for an estimate where energy cannot be measured."
    )
    usd_per_hour: Annotated[Number, Field(ge=0)] | None = Field(
        None, description="US dollars that an hour of this machine costs."
    )
    grid_g_per_kwh: Annotated[Number, Field(ge=0, le=5000)] | None = Field(
        None, description="Grams of CO2 equivalent that a kilowatt-hour of electricity causes here."
    )
    region: str = Field("", description="Where the electricity comes from, e.g. a country.")
    source: str = Field("", description="Where these numbers are from: a data sheet, a bill, a report with its year.")

    @model_validator(mode="after")
    def _estimates_have_a_source(self) -> StatedMachine:
        for name in ("watts_per_core", "grid_g_per_kwh"):
            if getattr(self, name) is not None and not self.source.strip():
                raise make_problem(
                    f"{name} needs a source: add 'source: TEXT' that says where the number is from", name
                )
        return self

    def document(self) -> dict[str, object]:
        """Return what is stated as JSON values, without what is left out."""
        return {k: v for k, v in self.model_dump(mode="json").items() if v not in (None, "")}
