"""The study that a trial may be: a standing question, answered from the trial's own answers.

Knows the names of the studies and what may be set; what they find is in `fairtrial.studies`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Discriminator, Field, model_validator

from fairtrial.errors import did_you_mean
from fairtrial.spec.section import Count, Section, Texts, problem


class Quantisation(Section):
    """What do fewer bits cost?  One family of candidates that share a parent."""

    name: Literal["quantisation"] = "quantisation"
    text: str = Field(
        "", description="File of plain text on which distributions are compared; default: the trial's own prompts."
    )
    characters: Count = Field(40_000, description="How much of the text is read; 0 compares no distributions.")
    family: Texts = Field(
        (), description="Candidates beside the baseline; default: those made from the same file as it is."
    )


class SmallModels(Section):
    """Sizes and quantisations on one frontier: what does one more point of accuracy cost?"""

    name: Literal["small-models"] = "small-models"


class OpenVsClosed(Section):
    """Are the open candidates within the margin of the closed ones, on every task?"""

    name: Literal["open-vs-closed"] = "open-vs-closed"
    open: Texts = Field((), description="Candidates that count as open; default: those whose weights are here.")
    closed: Texts = Field((), description="Candidates that count as closed; default: those that answer elsewhere.")

    @model_validator(mode="after")
    def _on_one_side(self) -> OpenVsClosed:
        if both := [name for name in self.open if name in self.closed]:
            raise problem(f"{', '.join(both)} cannot be both open and closed", "closed")
        return self


Settings = Annotated[Quantisation | SmallModels | OpenVsClosed, Discriminator("name")]
Names = Literal["quantisation", "small-models", "open-vs-closed"]
NAMES: tuple[str, ...] = get_args(Names)


def named(given: Any) -> Any:
    """Return what was written as a mapping with the name of a study that exists; a bare name is short for one."""
    if given is None or isinstance(given, Section):
        return given
    found = {"name": given} if isinstance(given, str) else given
    if not isinstance(found, dict) or not isinstance(found.get("name"), str):
        raise problem(f"study takes a name, or a mapping with one. Studies: {', '.join(NAMES)}")
    name = found["name"]
    if name not in NAMES:
        raise problem(f"study {name!r} does not exist.{did_you_mean(name, NAMES)} Studies: {', '.join(NAMES)}")
    return found


StudySettings = Annotated[Settings | None, BeforeValidator(named, json_schema_input_type=Names | Settings | None)]
"""What a trial file says after ``study:``."""
