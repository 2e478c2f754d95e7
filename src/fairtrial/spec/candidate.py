"""The candidate: a model, the levers applied to it, and how it is asked.

A candidate is a specification.  It knows nothing of engines, files on disk or tasks; `fairtrial.models` finds the
weights, `fairtrial.levers` apply the levers, `fairtrial.engines` run the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from fairtrial.errors import did_you_mean
from fairtrial.spec.endpoint import Endpoint
from fairtrial.spec.functions import asks_for, name_function
from fairtrial.spec.levers import check_levers, read_settings, write_out_names
from fairtrial.spec.public import PublicSection
from fairtrial.spec.recorded import Recorded, RecordedSettings
from fairtrial.spec.schemes import FORMS, find_model_problem, scheme_of
from fairtrial.spec.section import (
    LARGEST,
    NAME,
    Count,
    Named,
    Number,
    Positive,
    Section,
    Switch,
    Text,
    Texts,
    make_problem,
)
from fairtrial.spec.shares import Mass
from fairtrial.spec.textfile import PromptString, SystemText
from fairtrial.thoughts import TAGS, Tags

__all__ = ["NAME", "Candidate", "Decoding", "Reference", "Section", "find_references"]

DATE = "2026-01-01"
"""The day that it is for chat templates unless a candidate says otherwise: answers shall not change with the clock."""


class Decoding(PublicSection):
    """How text is generated.  What is left out is decided by the task; the default is greedy."""

    temperature: Annotated[Number, Field(ge=0, le=5)] | None = Field(None, description="0 is greedy.")
    top_p: Mass | None = Field(None, description="Nucleus mass.")
    top_k: Count | None = Field(None, description="Keep the k likeliest tokens; 0 keeps all.")
    max_tokens: Positive | None = Field(None, description="Upper limit of new tokens.")
    stop: Texts = Field((), description="Stop strings added to those of the task.")


def _check_date(value: Any) -> str:
    text = value if isinstance(value, str) else value.isoformat() if isinstance(value, date) else ""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise make_problem(f"date must be a day as YYYY-MM-DD, e.g. {DATE}; got {value!r}") from None


def _check_thoughts(value: Any) -> Any:
    if value in ("auto", "none"):
        return value
    pairs = value if isinstance(value, list | tuple) else ()
    if not pairs or not all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs):
        raise make_problem(
            f"thoughts must be 'auto', 'none', or pairs of tags, e.g. [[<plan>, </plan>]]; got {value!r}"
            f"{did_you_mean(value, ('auto', 'none')) if isinstance(value, str) else ''}"
        )
    for i, pair in enumerate(pairs):
        if not all(isinstance(tag, str) and tag.strip() for tag in pair):
            raise make_problem(f"a tag of a thought must be some text; got {pair!r}", i)
    return tuple((first.strip(), last.strip()) for first, last in pairs)


Thoughts = Annotated[Literal["auto", "none"] | tuple[tuple[str, str], ...], BeforeValidator(_check_thoughts)]


class Candidate(PublicSection):
    """A whole AI system on trial: model + levers + decoding."""

    id: str = Field(pattern=NAME, description="Short name used in tables and on the command line.")
    model: str = Field(
        description=f"{', '.join(FORMS[:-1])} or {FORMS[-1]}.",
    )
    levers: Annotated[tuple[dict[str, Any], ...], BeforeValidator(write_out_names)] = Field(
        (),
        description="Improvements applied in this order; each is one key, e.g. {quantize: q4_k_m}, or a name alone, "
        "e.g. read.",
    )
    decoding: Decoding = Decoding()
    chat: Text = Field(
        "none",
        description="'none' asks in running text; 'model' uses the chat template inside the model file; "
        "anything else is a path to a Jinja chat template.",
    )
    system: SystemText = Field("", description="System message for the chat template: text, or {file: PATH}.")
    prompt: PromptString = Field(
        "",
        description="Template around what a task asks: text, or {file: PATH}. {{prompt}} is the task's own question; "
        "columns of its rows have their names, e.g. {{question}}.",
    )
    fewshot_as_multiturn: Switch = Field(
        True,
        description="With a chat template, few-shot examples are turns of user and assistant; false: running text in "
        "the user's one turn.",
    )
    blind: Switch = Field(
        False,
        description="It is shown no images: tasks with images are asked without them, and forms that show a question "
        "as a picture are not asked.",
    )
    context: Annotated[int, Field(strict=True, ge=64, le=LARGEST)] | None = Field(
        None, description="Tokens of context to use; default: what the model was trained with, at most 8192."
    )
    engine: Annotated[str, Named("engine", ("auto", "llamacpp", "transformers"))] = Field(
        "auto", description="What runs the model; default: llama.cpp for GGUF, transformers for safetensors."
    )
    projector: Text = Field(
        "auto",
        description="The file with the vision tower of a GGUF model: a path, pkg:PACKAGE/FILE, hf:REPO:FILE, or 'none' "
        "to ask it without images; default: the one beside the model whose name says so (mmproj-*.gguf), but not for "
        "hf: models.",
    )
    adapter: Text | None = Field(
        None,
        description="Weights that are loaded beside the model's own: a folder in PEFT's form or a GGUF LoRA, as a "
        "path, pkg:PACKAGE/FILE or hf:REPO[:FILE]. Levers that make files see the model with it.",
    )
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="What transformers computes in; default: bfloat16 where the machine is fast at it."
    )
    endpoint: Endpoint = Field(Endpoint(), description="Where an openai: model is asked, and what it costs.")
    recorded: RecordedSettings = Field(Recorded(), description="How the answers of an import: candidate are read.")
    overflow: Literal["error", "truncate"] = Field(
        "error", description="A request longer than the context is an error, or is cut from the left and recorded."
    )
    date: Annotated[str, BeforeValidator(_check_date)] = Field(
        DATE,
        description="The day that it is for a chat template which writes the date, as YYYY-MM-DD; the clock is never "
        "asked.",
    )
    thoughts: Thoughts = Field(
        "auto",
        description="How reasoning is told from the answer after it: 'auto' knows the usual tags; 'none' takes all as "
        "the answer; or own tags, e.g. [[<plan>, </plan>]].",
    )

    @model_validator(mode="before")
    @classmethod
    def _endpoints_chat_unless_told_otherwise(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        data = {**data, "model": name_function(data["model"])} if "model" in data else data
        if "chat" in data:
            return data
        scheme = scheme_of(str(data.get("model", "")))
        chats = scheme is not None and (scheme.answers == "elsewhere" or asks_for(data["model"], "messages"))
        return {**data, "chat": "model"} if chats else data

    @field_validator("model")
    @classmethod
    def _says_where_it_comes_from(cls, model: str) -> str:
        if wrong := find_model_problem(model):
            raise make_problem(wrong)
        return model

    @field_validator("projector")
    @classmethod
    def _is_a_path(cls, projector: str) -> str:
        return projector.removeprefix("gguf:")

    @field_validator("levers")
    @classmethod
    def _levers_exist(cls, levers: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        return check_levers(levers)

    @model_validator(mode="after")
    def _written_out_candidates_are_right(self) -> Candidate:
        list(find_references(self))
        return self

    @model_validator(mode="after")
    def _system_message_has_a_template(self) -> Candidate:
        if self.system and self.chat == "none":
            raise make_problem("a system message needs a chat template: add 'chat: model'", "system")
        return self

    @model_validator(mode="after")
    def _search_has_an_archive(self) -> Candidate:
        if self.model == "search" and not any("retrieve" in lever for lever in self.levers):
            raise make_problem("'search' finds nothing without an archive: add levers: [{retrieve: ARCHIVE}]", "model")
        return self

    @model_validator(mode="after")
    def _projector_has_weights_beside_it(self) -> Candidate:
        scheme = scheme_of(self.model)
        if self.projector != "auto" and scheme is not None and scheme.answers != "here":
            raise make_problem(f"a projector belongs to a model in a GGUF file, not to {self.model}", "projector")
        return self

    @model_validator(mode="after")
    def _adapter_has_weights_under_it(self) -> Candidate:
        scheme = scheme_of(self.model)
        if self.adapter and scheme is not None and scheme.answers != "here":
            raise make_problem(f"an adapter is laid over weights on this machine, and {self.model} has none", "adapter")
        return self

    @property
    def tags(self) -> Tags:
        """The tags of its thoughts; none if they are not looked for."""
        if isinstance(self.thoughts, str):
            return TAGS if self.thoughts == "auto" else ()
        return self.thoughts


@dataclass(frozen=True, slots=True)
class Reference:
    """A candidate that a lever of another one refers to.

    Attributes:
        lever: number of the lever, from 0.
        name: of the lever.
        setting: of the lever, that names the candidate.
        candidate: one that is written out there, or the id of one of the trial.
    """

    lever: int
    name: str
    setting: str
    candidate: Candidate | str

    @property
    def at(self) -> tuple[str | int, ...]:
        """Where it stands in the candidate."""
        return "levers", self.lever, self.name, self.setting


def find_references(candidate: Candidate) -> Iterator[Reference]:
    """Yield the candidates that a candidate's levers refer to, in the order written.

    Raises pydantic's ValidationError for one that is written out wrongly.
    """
    for i, lever in enumerate(candidate.levers):
        [(name, given)] = lever.items()
        settings = read_settings(name, given)
        marks = settings.references("candidate")
        for setting, value in settings.referred("candidate"):
            other = value if isinstance(value, str) else read_written_out(value, marks[setting].unnamed)
            yield Reference(i, name, setting, other)


def read_written_out(given: Mapping[str, Any], unnamed: str) -> Candidate:
    """Return a candidate that is written out in a lever's settings; ``unnamed`` is its id if it has none."""
    return Candidate.model_validate({"id": unnamed, **given})
