"""The study that a trial may be: a standing question, answered from the trial's own answers.

Knows the names of the studies and what may be set; what they find is in `fairtrial.studies`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
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
from fairtrial.plugins import PluginTable
from fairtrial.spec.section import Count, Positive, Section, Texts, make_problem
from fairtrial.spec.shares import Margin, Share
from fairtrial.spec.steps import LeversStudy
from fairtrial.spec.think import Length, Think


def _check_lengths(values: tuple[Any, ...]) -> tuple[Any, ...]:
    for i, value in enumerate(values):
        if value in values[:i]:
            raise make_problem(f"{value!r} is listed twice", i)
    return values


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
            raise make_problem(f"{', '.join(both)} cannot be both open and closed", "closed")
        return self


class Seeing(Section):
    """What does it cost to see a question instead of reading it, and how much of a score needs the picture?"""

    name: Literal["seeing"] = "seeing"


class ReasoningPerToken(Section):
    """What does a token of thinking buy?  Every candidate at several lengths of thinking."""

    name: Literal["reasoning-per-token"] = "reasoning-per-token"
    budgets: Annotated[tuple[Length, ...], AfterValidator(_check_lengths)] = Field(
        (),
        description="Make of each candidate that has no think lever of its own one for each of these: tokens of "
        "thinking, or 'native'; e.g. [0, 64, 256, native].",
    )
    limits: Annotated[tuple[Positive, ...], AfterValidator(_check_lengths)] = Field(
        (), description="The same with limits for thought and answer together, after which nothing is asked for."
    )
    think: dict[str, Any] = Field({}, description="Further settings of the think lever: by, most, opener, cue.")
    multimodal: Texts = Field((), description="Candidates of which is claimed that they reason less per token ...")
    language: Texts = Field((), description="... than each of these.")
    contrasts: tuple[Annotated[Texts, Field(min_length=2, max_length=2)], ...] = Field(
        (), description="Further claims: of each two the first reasons less per token than the second."
    )
    accuracy: tuple[Share, ...] = Field(
        (), description="Values for which the tokens needed are told; default: half-way between lowest and highest."
    )
    tokens: tuple[Positive, Positive] | None = Field(
        None, description="Limits of the area in generated tokens; default: where all have begun, and the longest ends."
    )
    margin: Margin | None = Field(None, description="Of the claims, in points of the area; default: the trial's.")

    @model_validator(mode="after")
    def _fits_together(self) -> ReasoningPerToken:
        if self.tokens and self.tokens[0] >= self.tokens[1]:
            raise make_problem("of tokens the first limit is the lower one", "tokens")
        if bool(self.multimodal) != bool(self.language):
            raise make_problem("a claim takes both: 'multimodal' and 'language'", "multimodal")
        if both := [name for name in self.multimodal if name in self.language]:
            raise make_problem(f"{', '.join(both)} cannot be on both sides", "language")
        if {"budget", "limit"} & self.think.keys():
            raise make_problem("the lengths are written as budgets and limits", "think")
        try:
            Think.model_validate({"budget": 0, **self.think})
        except ValidationError as error:
            raise make_problem(f"think: {error.errors()[0]['msg']}", "think") from None
        return self

    def list_lengths(self) -> list[dict[str, Any]]:
        """Return the settings of the think lever for each length."""
        lengths: list[dict[str, Any]] = [{"budget": one} for one in self.budgets]
        lengths += [{"limit": one} for one in self.limits]
        return [{**length, **self.think} for length in lengths]


class Retrieval(Section):
    """What is retrieval worth?  One model closed book, with what is found, with oracle passages, with distractors."""

    name: Literal["retrieval"] = "retrieval"


class GuardStudy(Section):
    """What does a guard avoid, what does it cost, and where is it wrong?  The same candidate bare and guarded."""

    name: Literal["guard"] = "guard"
    examples: Annotated[Count, Field(le=50)] = Field(3, description="Mistakes of each kind that are shown for a task.")


def list_named_candidates(study: Section | None) -> dict[str, tuple[str, ...]]:
    """Return the candidates that a study's settings name, by the setting."""
    if isinstance(study, ReasoningPerToken):
        pairs = tuple(dict.fromkeys(name for pair in study.contrasts for name in pair))
        return {"multimodal": study.multimodal, "language": study.language, "contrasts": pairs}
    if isinstance(study, OpenVsClosed):
        return {"open": study.open, "closed": study.closed}
    return {"family": study.family} if isinstance(study, Quantisation) else {}


class PluginStudy(Section):
    """A plugin's study, with whatever settings that declares."""

    model_config = ConfigDict(extra="allow")

    name: str


Settings = Annotated[
    Quantisation | SmallModels | OpenVsClosed | Seeing | ReasoningPerToken | Retrieval | GuardStudy | LeversStudy,
    Discriminator("name"),
]
Names = Literal[
    "quantisation", "small-models", "open-vs-closed", "seeing", "reasoning-per-token", "retrieval", "guard", "levers"
]
NAMES: tuple[str, ...] = get_args(Names)

STUDY_SETTINGS: PluginTable[Any] = PluginTable(
    "study",
    {
        "quantisation": Quantisation,
        "small-models": SmallModels,
        "open-vs-closed": OpenVsClosed,
        "seeing": Seeing,
        "reasoning-per-token": ReasoningPerToken,
        "retrieval": Retrieval,
        "guard": GuardStudy,
        "levers": LeversStudy,
    },
    "a function of ledger, trial id and settings that returns Findings",
)
"""Study name to its settings; of a plugin to the study, which declares them as its attribute ``Settings`` if any."""


def _check_settings(given: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """Return the settings of the study that is named; a bare name is short for a mapping with one."""
    if given is None or isinstance(given, Section):
        return check(given) if not isinstance(given, PluginStudy) else given
    found = {"name": given} if isinstance(given, str) else given
    known = STUDY_SETTINGS.list_names()
    if not isinstance(found, dict) or not isinstance(found.get("name"), str):
        raise make_problem(f"study takes a name, or a mapping with one. Studies: {', '.join(known)}")
    name = found["name"]
    if name not in STUDY_SETTINGS:
        raise make_problem(f"study {name!r} does not exist.{did_you_mean(name, known)} Studies: {', '.join(known)}")
    return check(found) if name in NAMES else _of_plugin(name, {k: v for k, v in found.items() if k != "name"})


def _of_plugin(name: str, given: dict[str, Any]) -> PluginStudy:
    try:
        model: type[BaseModel] = getattr(STUDY_SETTINGS.find(name), "Settings", Section)
        return PluginStudy.model_validate({**model.model_validate(given).model_dump(mode="json"), "name": name})
    except PluginError as error:
        raise make_problem(error.message.removesuffix(".")) from None
    except ValidationError as error:
        first = error.errors()[0]
        known = ", ".join(model.model_fields) or "none"
        raise make_problem(f"study {name!r}: {first['msg']}. Settings of that study: {known}", *first["loc"]) from None


StudySettings = Annotated[
    SerializeAsAny[Settings] | None,
    WrapValidator(_check_settings, json_schema_input_type=Names | Settings | str | None),
]
"""What a trial file says after ``study:``."""
