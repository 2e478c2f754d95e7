"""Settings of graders for answers of one form: several things, a text that was read, a number of a chart, a place.

What these graders do is in `fairtrial.tasks.graders`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from fairtrial.spec.references import GraderSettings
from fairtrial.spec.section import Positive, Switch, Text, Texts, make_problem
from fairtrial.spec.shares import Share
from fairtrial.spec.tolerances import Ignore, Tolerance, as_list

Coordinates = Literal["pixel", "relative", "percent", "thousand"]
"""How a place is counted: in pixels, from 0 to 1, from 0 to 100, or from 0 to 1000."""


def _have_some(separators: tuple[str, ...]) -> tuple[str, ...]:
    if not separators or any(not one.strip() and one != "\n" for one in separators):
        raise make_problem("a separator is some text that is no blank, e.g. ';'")
    return separators


Separators = Annotated[
    Texts, BeforeValidator(as_list, json_schema_input_type=str | list[str]), AfterValidator(_have_some)
]


class SetSettings(GraderSettings):
    """Settings of the grader `set`: the same things in any order."""

    separator: Separators = Field(
        (",", ";", "\n", "and", "&"), description="What parts one thing from the next; a word parts as a word only."
    )
    ignore: Ignore = Field(("case", "punctuation", "articles"), description="What may differ, as for exact.")
    tolerance: Tolerance = Field(0.0, description="How far off things that are numbers may be, as for number.")


class ListSettings(SetSettings):
    """Settings of the grader `list`: the same things in the same order."""


class Anls(GraderSettings):
    """Settings of the grader `anls`: how like a right answer the text is, letter by letter."""

    threshold: Share = Field(0.5, description="Normalised edit distance from which an answer is worth nothing.")
    ignore: Ignore = Field(("case",), description="What may differ, as for exact.")


class Relaxed(GraderSettings):
    """Settings of the grader `relaxed`: numbers within a tolerance, texts exactly."""

    tolerance: Tolerance = Field("5%", description="How far off a number may be, as for number.")
    ignore: Ignore = Field(("case",), description="What may differ in texts, as for exact.")
    whole: Switch = Field(
        False, description="Whether the answer must be the number alone, as in the published script; else it is found."
    )


class PointInBox(GraderSettings):
    """Settings of the grader `point_in_box`: the place that the answer names lies in a right box."""

    coordinates: Coordinates = Field("pixel", description="How answers count: pixel, relative, percent or thousand.")
    expected: Coordinates | None = Field(None, description="How right answers count; default: as answers do.")
    width: Positive | Text | None = Field(None, description="Pixels of the image across, or the column with them.")
    height: Positive | Text | None = Field(None, description="Pixels of the image down, or the column with them.")
    order: Literal["xy", "yx"] = Field("xy", description="Whether answers name the place across or down first.")
    boxes: Literal["corners", "size"] = Field(
        "corners", description="Right boxes are two corners, or a corner with width and height."
    )
    iou: Annotated[Share, Field(gt=0)] | None = Field(
        None, description="Answers are boxes, right if they overlap a right one by this share of both together."
    )

    @model_validator(mode="after")
    def _size_is_known(self) -> PointInBox:
        kinds = {self.coordinates, self.expected or self.coordinates}
        if (self.width is None) != (self.height is None):
            raise make_problem("width and height belong together")
        if len(kinds) > 1 and "pixel" in kinds and self.width is None:
            raise make_problem("pixels are compared with shares of the image: write its width and height")
        return self
