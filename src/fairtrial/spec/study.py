"""The study that a trial may be: a standing question, answered from the trial's own answers.

Knows the names of the studies and what may be set; what they find is in `fairtrial.studies`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    SerializeAsAny,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from fairtrial.errors import PluginError, did_you_mean
from fairtrial.plugins import Table
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


class Seeing(Section):
    """What does it cost to see a question instead of reading it, and how much of a score needs the picture?"""

    name: Literal["seeing"] = "seeing"


def list_named_candidates(study: Section | None) -> dict[str, tuple[str, ...]]:
    """Return the candidates that a study's settings name, by the setting."""
    if isinstance(study, OpenVsClosed):
        return {"open": study.open, "closed": study.closed}
    return {"family": study.family} if isinstance(study, Quantisation) else {}


class PluginStudy(Section):
    """A plugin's study, with whatever settings that declares."""

    model_config = ConfigDict(extra="allow")

    name: str


Settings = Annotated[Quantisation | SmallModels | OpenVsClosed | Seeing, Discriminator("name")]
Names = Literal["quantisation", "small-models", "open-vs-closed", "seeing"]
NAMES: tuple[str, ...] = get_args(Names)

STUDY_SETTINGS: Table[Any] = Table(
    "study",
    {"quantisation": Quantisation, "small-models": SmallModels, "open-vs-closed": OpenVsClosed, "seeing": Seeing},
    "a function of ledger, trial id and settings that returns Findings",
)
"""Study name to its settings; of a plugin to the study, which declares them as its attribute ``Settings`` if any."""


def _checked(given: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """Return the settings of the study that is named; a bare name is short for a mapping with one."""
    if given is None or isinstance(given, Section):
        return check(given) if not isinstance(given, PluginStudy) else given
    found = {"name": given} if isinstance(given, str) else given
    known = STUDY_SETTINGS.names()
    if not isinstance(found, dict) or not isinstance(found.get("name"), str):
        raise problem(f"study takes a name, or a mapping with one. Studies: {', '.join(known)}")
    name = found["name"]
    if name not in STUDY_SETTINGS:
        raise problem(f"study {name!r} does not exist.{did_you_mean(name, known)} Studies: {', '.join(known)}")
    return check(found) if name in NAMES else _of_plugin(name, {k: v for k, v in found.items() if k != "name"})


def _of_plugin(name: str, given: dict[str, Any]) -> PluginStudy:
    try:
        model: type[BaseModel] = getattr(STUDY_SETTINGS.find(name), "Settings", Section)
        return PluginStudy.model_validate({**model.model_validate(given).model_dump(mode="json"), "name": name})
    except PluginError as error:
        raise problem(error.message.removesuffix(".")) from None
    except ValidationError as error:
        first = error.errors()[0]
        known = ", ".join(model.model_fields) or "none"
        raise problem(f"study {name!r}: {first['msg']}. Settings of that study: {known}", *first["loc"]) from None


StudySettings = Annotated[
    SerializeAsAny[Settings] | None, WrapValidator(_checked, json_schema_input_type=Names | Settings | str | None)
]
"""What a trial file says after ``study:``."""
