"""`contains`, `regex`, `one_of`: what counts, what is refused, what is told as unread."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from fairtrial.errors import DataError, SpecError
from fairtrial.spec.graders import Graders
from fairtrial.tasks import patterns
from fairtrial.tasks.graders.base import GraderSet, make_graders

READ: TypeAdapter[Any] = TypeAdapter(Graders)


def graders_of(written: object) -> GraderSet:
    return make_graders(READ.validate_python(written))


def value_of(written: object, answer: str, expected: list[str], row: dict[str, Any] | None = None) -> float:
    return graders_of(written).observe(answer, expected, row or {})[0].value


@pytest.mark.parametrize(
    ("settings", "answer", "value"),
    [
        ({}, "It is Paris.", 1.0),
        ({}, "it is PARIS", 1.0),
        ({}, "Parisians", 0.0),
        ({"ignore": []}, "it is PARIS", 0.0),
        ({"whole_words": False}, "Parisians", 1.0),
        ({"texts": ["Seine", "Louvre"]}, "by the Seine", 1.0),
        ({"texts": ["Seine", "Louvre"], "need": "all"}, "by the Seine", 0.0),
        ({"texts": ["Seine", "Louvre"], "need": "all"}, "The Louvre, by the Seine", 1.0),
        ({"forbid": "sorry"}, "Here you are.", 1.0),
        ({"forbid": "sorry"}, "Sorry, no.", 0.0),
        ({"forbid": "sorry"}, "", 0.0),
        ({"column": "must"}, "one and two", 1.0),
        ({"texts": ["12"]}, "112", 0.0),
        ({"texts": ["12"]}, "12.5", 0.0),
        ({"texts": ["12"]}, "It is 12.", 1.0),
        ({"texts": ["12"]}, "112 and 12, too", 1.0),
        ({"texts": "東京"}, "答えは東京です", 1.0),
    ],
)
def test_contains(settings: dict[str, Any], answer: str, value: float) -> None:
    assert value_of({"contains": settings}, answer, ["Paris"], {"must": ["two"]}) == value


def test_contains_in_short() -> None:
    assert value_of({"contains": ["Paris", "France"]}, "France", []) == 1.0
    assert value_of({"contains": "Paris"}, "France", []) == 0.0


@pytest.mark.parametrize(
    ("settings", "answer", "value"),
    [
        ({"pattern": r"\d{4}"}, "in 1994", 1.0),
        ({"pattern": r"\d{4}"}, "in 94", 0.0),
        ({"pattern": r"\d{4}", "whole": True}, "in 1994", 0.0),
        ({"pattern": r"\d{4}", "whole": True}, " 1994 ", 1.0),
        ({"pattern": "yes", "ignore": ["case"]}, "YES", 1.0),
        ({"pattern": r"#### (\w+)", "extract": True}, "#### no\n#### blue", 1.0),
        ({"pattern": r"#### (\w+)", "extract": True}, "#### blue\n#### no", 0.0),
        ({"pattern": r"#### (\w+)", "extract": True}, "blue", 0.0),
        ({"pattern": r"A: (\w+)|B: (\w+)", "extract": True}, "B: blue", 1.0),
        ({"column": "pattern"}, "colour", 1.0),
    ],
)
def test_regex(settings: dict[str, Any], answer: str, value: float) -> None:
    assert value_of({"regex": settings}, answer, ["blue"], {"pattern": "colou?r"}) == value


def test_what_a_regex_does_not_find_is_unread() -> None:
    graders = graders_of({"regex": {"pattern": r"#### (\w+)", "extract": True}})
    assert graders.find_signs("blue", ["blue"], {}) == ["unread"]
    assert graders.find_signs("#### Blue", ["blue"], {}) == ["near_miss"]
    assert graders_of({"regex": "x"}).find_signs("blue", ["blue"], {}) == []


def test_patterns_that_cannot_be_used() -> None:
    with pytest.raises(SpecError, match=r"regex: the regular expression '\(' is not valid"):
        graders_of({"regex": "("})
    by_row = graders_of({"regex": {"column": "p"}})
    with pytest.raises(DataError, match="column 'p': the regular expression"):
        by_row.check_row([], {"p": "["})
    with pytest.raises(DataError, match="there is no column 'p'"):
        by_row.check_row([], {"P": "x"})
    with pytest.raises(DataError, match="the column 'p' is empty"):
        by_row.check_row([], {"p": ""})


def test_a_pattern_that_takes_for_ever_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "SECONDS", 0.2)
    with pytest.raises(SpecError, match="takes more than"):
        graders_of({"regex": r"(b+)+$"})


LABELS = ["billing", "refund", "technical issue"]


@pytest.mark.parametrize(
    ("answer", "value", "unread"),
    [
        ("refund", 1.0, False),
        ("Refund.", 1.0, False),
        ("The ticket is about a refund.", 1.0, False),
        ("billing", 0.0, False),
        ("It is not billing but refund", 1.0, False),
        ("billing or refund", 0.0, True),
        ("no idea", 0.0, True),
    ],
)
def test_one_of(answer: str, value: float, unread: bool) -> None:
    graders = graders_of({"one_of": LABELS})
    assert graders.observe(answer, ["refund"], {})[0].value == value
    assert (graders.find_signs(answer, ["refund"], {}) == ["unread"]) == unread
    assert graders.chance == pytest.approx(1 / 3)


def test_one_of_many_options() -> None:
    options = [f"intent {i}" for i in range(100)]
    assert value_of({"one_of": options}, "I say: intent 77!", ["intent 77"]) == 1.0
    assert value_of({"one_of": options}, "intent 7 or intent 8", ["intent 7"]) == 0.0


def test_one_of_letters_and_a_rows_own_options() -> None:
    assert value_of({"one_of": ["A", "B"]}, "The answer is (B).", ["B"]) == 1.0
    by_row = graders_of({"one_of": {"column": "labels"}})
    assert by_row.observe("wet", ["wet"], {"labels": ["dry", "wet"]})[0].value == 1.0
    with pytest.raises(DataError, match="answer 'wett' is none of the options"):
        by_row.check_row(["wett"], {"labels": ["dry", "wet"]})


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"regex": {"pattern": "a", "column": "b"}}, "write one of them"),
        ({"regex": {}}, "write one of them"),
        ({"one_of": ["a"]}, "two options or more"),
        ({"one_of": {}}, "one_of needs options"),
        ({"contains": {"texts": ["a"], "column": "b"}}, "write one of them"),
    ],
)
def test_settings_that_contradict_each_other(written: object, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        READ.validate_python(written)
