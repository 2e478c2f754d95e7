"""`overlap`: what of an answer stands word for word in the row's texts."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from fairtrial.errors import DataError
from fairtrial.spec.graders import Graders
from fairtrial.tasks.graders.base import GraderSet, make_graders

READ: TypeAdapter[Any] = TypeAdapter(Graders)
ONE = "one two three four five six seven eight nine ten"
OTHER = "alpha beta gamma delta epsilon zeta eta theta"


def graders_of(written: object) -> GraderSet:
    return make_graders(READ.validate_python(written))


@pytest.mark.parametrize(
    ("answer", "values"),
    [
        (ONE, {"overlap_run": (10, 1), "overlap_8gram": (1, 3)}),
        (f"They said: “{ONE.upper()}!” and left", {"overlap_run": (10, 1), "overlap_8gram": (3 / 7, 7)}),
        (f"{ONE} so {OTHER}", {"overlap_run": (10, 1), "overlap_8gram": (3 / 12, 12)}),
        ("seven eight nine of the others", {"overlap_run": (3, 1)}),
        ("nothing like it", {"overlap_run": (0, 1)}),
        ("", {"overlap_run": (0, 1)}),
    ],
)
def test_the_text_that_is_repeated_most_counts(answer: str, values: dict[str, tuple[float, float]]) -> None:
    graders = graders_of({"overlap": "articles"})
    seen = graders.observe(answer, [], {"articles": [ONE, OTHER]})
    assert {one.measure: (one.value, one.weight) for one in seen} == values
    assert all(measure.higher_is_better is False for measure in graders.measures)


def test_a_row_without_a_text_and_a_grader_without_a_column_are_refused() -> None:
    with pytest.raises(DataError, match="grader overlap: the column 'article' is empty"):
        graders_of({"overlap": "article"}).check_row([], {"article": ""})
    with pytest.raises(ValidationError, match="Field required"):
        graders_of("overlap")
