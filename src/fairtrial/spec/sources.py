"""Settings of graders that look at the documents behind an answer: what was found, and what was repeated of it.

What these graders do is in `fairtrial.tasks.graders`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from fairtrial.spec.references import GraderSettings, Refers
from fairtrial.spec.section import Positive, Text, make_problem

RELEVANT = "relevant"
"""The usual name of the column with what a search should find."""


class Retrieved(GraderSettings):
    """Settings of the grader `retrieved`: whether a search found what it should."""

    k: Positive = Field(6, description="How many of the passages that the model was shown count, from the best on.")
    column: Text = Field(
        RELEVANT,
        description="Column with what should be found: addresses or ids of documents, each also as ADDRESS#START-END.",
    )
    rank: Literal["passages", "documents"] = Field(
        "passages",
        description="What has a place in the ranking: each passage, or each document, that of its best passage.",
    )


class OverlapSettings(GraderSettings):
    """Settings of the grader `overlap`: how much of an answer stands word for word in some texts."""

    column: Text | None = Field(
        None,
        description="Column with the text or texts of each row that should not be repeated; with an archive, of the "
        "names of documents.",
    )
    archive: Annotated[Text | None, Refers("archive")] = Field(
        None, description="Archive whose documents should not be repeated: all of them unless a column names some."
    )

    @model_validator(mode="after")
    def _some_texts(self) -> OverlapSettings:
        if not (self.column or self.archive):
            raise make_problem("overlap needs a column with texts, or an archive: write one of them, or both")
        return self
