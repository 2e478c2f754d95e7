"""The settings of the cascade lever: whom to ask when the candidate is unsure of its own answer, and when that is.

Knows what may be written; what the lever does is in `fairtrial.levers.cascade`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from fairtrial.spec.references import LeverSettings, Refers
from fairtrial.spec.section import Positive, Section, Text, make_problem
from fairtrial.spec.shares import Confidence, Margin, Share


class Learn(Section):
    """How the threshold is learned, from items that are asked for this alone and enter no verdict."""

    escalate: Share | None = Field(None, description="Largest share of questions that may go to the larger one.")
    margin: Annotated[Margin, Field(gt=0)] | None = Field(
        None, description="Stay within this margin of the larger one on the main measure, at least cost."
    )
    items: Positive = Field(100, description="Items of every task to learn from.")
    confidence: Confidence = Field(0.9, description="Of the claim that `margin` makes.")

    @model_validator(mode="after")
    def _one_target(self) -> Learn:
        if (self.escalate is None) == (self.margin is None):
            raise make_problem("learn takes either 'escalate', a share, or 'margin'")
        return self


class Cascade(LeverSettings):
    """Settings of the cascade lever."""

    to: Annotated[Text | dict[str, Any], Refers("candidate", unnamed="larger")] = Field(
        description="The larger one: another candidate of the trial by its id, or a candidate written out."
    )
    signal: Literal["mean_logprob", "self_agreement"] = Field(
        "mean_logprob",
        description="How sure a text is: the geometric mean of its tokens' probabilities, or the share of further "
        "samples that end in the same answer. Of choices, always the probability of the best.",
    )
    threshold: Share | None = Field(None, description="Questions with a signal below it go to the larger one.")
    learn: Learn | None = Field(None, description="Learn the threshold instead.")
    samples: Annotated[int, Field(strict=True, ge=2, le=64)] = Field(5, description="Of self_agreement.")
    answer: str = Field("", description="Of self_agreement: a regular expression for the answer in a text.")

    @model_validator(mode="after")
    def _one_threshold(self) -> Cascade:
        if (self.threshold is None) == (self.learn is None):
            raise make_problem("a cascade takes either 'threshold', from 0 to 1, or 'learn'")
        try:
            re.compile(self.answer)
        except re.error as error:
            raise make_problem(f"{self.answer!r} is no regular expression: {error}", "answer") from None
        return self
