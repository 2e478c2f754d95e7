"""The settings of the think lever: for how many tokens a model thinks before its answer is asked for.

Knows what may be written; what the lever does is in `fairtrial.levers.think`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from fairtrial.errors import did_you_mean
from fairtrial.spec.references import LeverSettings
from fairtrial.spec.section import LARGEST, Positive, make_problem

NATIVE = "native"
OPENER = "Let's think step by step."
"""Kojima et al. 2022, arXiv:2205.11916."""


def check_length(value: Any) -> Any:
    """Return a length of thinking; raise pydantic's error if it is none."""
    if value == NATIVE or (type(value) is int and 0 <= value <= LARGEST):
        return value
    near = did_you_mean(value, (NATIVE,)) if isinstance(value, str) else ""
    raise make_problem(f"{value!r} is no budget.{near} A budget is a number of tokens from 0, or {NATIVE!r}")


Length = Annotated[int | Literal["native"], BeforeValidator(check_length)]


class Think(LeverSettings):
    """Settings of the think lever.  In YAML a bare number, or ``native``, is short for ``{budget: ...}``."""

    budget: Length | None = Field(
        None,
        description="Tokens of thinking after which it is cut and the answer asked for; 0: the answer at once; "
        "'native': as long as the model thinks by itself.",
    )
    limit: Positive | None = Field(
        None, description="Instead: tokens of thought and answer together, after which nothing is asked for any more."
    )
    most: Positive = Field(2048, description="Tokens of thinking that 'native' allows.")
    by: Literal["auto", "tags", "steps"] = Field(
        "auto",
        description="How it thinks: between the tags that the model was trained with, or in steps, as text that begins "
        "with `opener`; default: as its chat template and vocabulary tell.",
    )
    opener: Annotated[str, Field(min_length=1, max_length=2000)] = Field(
        OPENER, description="What the text of the steps begins with."
    )
    cue: Annotated[str, Field(max_length=2000)] = Field(
        "", description="What asks for the answer after the steps; default: the last line of the task's own question."
    )

    @model_validator(mode="after")
    def _one_length(self) -> Think:
        if (self.budget is None) == (self.limit is None):
            raise make_problem("think takes either 'budget' or 'limit'")
        return self

    @property
    def tokens(self) -> int:
        """Tokens of thinking at most."""
        if self.limit is not None:
            return self.limit
        return self.most if self.budget == NATIVE else int(self.budget or 0)

    @property
    def name(self) -> str:
        """The length in a word, for names of candidates."""
        return f"limit{self.limit}" if self.limit is not None else str(self.budget)


def find_length(levers: Sequence[Mapping[str, Any]]) -> Think | None:
    """Return the length of thinking that a candidate's levers set: that of the last one, if that is `think`."""
    if not levers or list(levers[-1]) != ["think"]:
        return None
    given = levers[-1]["think"]
    return Think.model_validate(dict(given) if isinstance(given, Mapping) else {"budget": given})


def name_family(name: str, levers: Sequence[Mapping[str, Any]]) -> str:
    """Return a candidate's name without its length of thinking, which ends the names that a study makes."""
    length = find_length(levers)
    return name.removesuffix(f"-{length.name}") if length else name
