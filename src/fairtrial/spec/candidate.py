"""The candidate: a model, the levers applied to it, and how it is asked.

A candidate is a specification.  It knows nothing of engines, files on disk or tasks; `fairtrial.models` finds the
weights, `fairtrial.levers` apply the levers, `fairtrial.engines` run the result.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"


class Section(BaseModel):
    """Base of everything a user writes: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Decoding(Section):
    """How text is generated.  What is left out is decided by the task; the default is greedy."""

    temperature: Annotated[float, Field(ge=0, le=5)] | None = Field(None, description="0 is greedy.")
    top_p: Annotated[float, Field(gt=0, le=1)] | None = Field(None, description="Nucleus mass.")
    top_k: Annotated[int, Field(ge=0)] | None = Field(None, description="Keep the k likeliest tokens; 0 keeps all.")
    max_tokens: Annotated[int, Field(ge=1)] | None = Field(None, description="Upper limit of new tokens.")
    stop: tuple[str, ...] = Field((), description="Stop strings added to those of the task.")


class Candidate(Section):
    """A whole AI system on trial: model + levers + decoding."""

    id: str = Field(pattern=NAME, description="Short name used in tables and on the command line.")
    model: str = Field(
        description="gguf:PATH, pkg:PACKAGE/FILE, hf:REPO[@REVISION][:FILE], or openai:MODEL.",
    )
    levers: tuple[dict[str, Any], ...] = Field(
        (), description="Improvements applied in this order; each is one key, e.g. {quantize: q4_k_m}."
    )
    decoding: Decoding = Decoding()
    chat: Literal["none", "model"] | str = Field(
        "none",
        description="'none' asks in running text; 'model' uses the chat template inside the model file; "
        "anything else is a path to a Jinja chat template.",
    )
    system: str = Field("", description="System message for the chat template.")
    context: Annotated[int, Field(ge=64)] | None = Field(
        None, description="Tokens of context to use; default: what the model was trained with, at most 8192."
    )
    overflow: Literal["error", "truncate"] = Field(
        "error", description="A request longer than the context is an error, or is cut from the left and recorded."
    )

    @field_validator("levers")
    @classmethod
    def _one_key_each(cls, levers: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        for lever in levers:
            if len(lever) != 1:
                raise ValueError(f"each lever has exactly one key, its name; got the keys {sorted(lever)}")
        return levers
