"""Settings of graders that look at the documents behind an answer: what was found, and what was repeated of it.

What these graders do is in `fairtrial.tasks.graders`.
"""

from __future__ import annotations

from pydantic import Field

from fairtrial.spec.references import GraderSettings
from fairtrial.spec.section import Positive, Text

RELEVANT = "relevant"
"""The usual name of the column with what a search should find."""


class Retrieved(GraderSettings):
    """Settings of the grader `retrieved`: whether a search found what it should."""

    k: Positive = Field(6, description="How many of the passages that the model was shown count, from the best on.")
    column: Text = Field(
        RELEVANT,
        description="Column with what should be found: addresses or ids of documents, each also as ADDRESS#START-END.",
    )


class OverlapSettings(GraderSettings):
    """Settings of the grader `overlap`: how much of an answer stands word for word in some texts."""

    column: Text = Field(description="Column with the text or texts of each row that should not be repeated.")
