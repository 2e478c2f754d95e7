"""What all graders have in common: names, settings, files, and what is checked of what they return."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from fairtrial.errors import DataError, UnknownNameError
from fairtrial.spec.graders import GRADER_SETTINGS, Graders
from fairtrial.tasks.graders.base import GRADERS, make_graders

READ: TypeAdapter[Any] = TypeAdapter(Graders)


def test_both_tables_name_the_same_graders() -> None:
    assert list(GRADERS.built_in) == list(GRADER_SETTINGS.built_in)
    assert all(GRADERS.find(name).Settings is GRADER_SETTINGS.find(name) for name in GRADERS.built_in)


@pytest.mark.parametrize(
    "written", ["exact", {"exact": None}, {"exact": {}}, ["exact"], [{"exact": {"ignore": ["case"]}}]]
)
def test_what_may_be_written(written: object) -> None:
    [one] = READ.validate_python(written)
    assert [*one] == ["exact"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("exakt", "grader 'exakt' does not exist. Did you mean 'exact'?"),
        ({"exact": {"ignored": []}}, "Extra inputs are not permitted"),
        ({"exact": {}, "other": {}}, "exactly one key"),
    ],
)
def test_what_may_not_be_written(written: object, said: str) -> None:
    with pytest.raises(ValidationError, match=said.replace("?", r"\?")):
        READ.validate_python(written)


def test_a_set_of_graders_observes_checks_and_describes() -> None:
    graders = make_graders(READ.validate_python({"exact": ["case"]}))
    [seen] = graders.observe(" paris ", ["Paris", "Lutetia"], {})
    assert (seen.measure, seen.value, seen.weight) == ("exact_match", 1.0, 1.0)
    assert graders.document() == [{"exact": {"ignore": ["case"]}}]
    with pytest.raises(DataError, match="grader exact: there is no right answer"):
        graders.check_row([""], {})


def test_an_unknown_grader_is_an_error() -> None:
    with pytest.raises(UnknownNameError, match="grader 'exakt' does not exist"):
        make_graders([{"exakt": {}}])
