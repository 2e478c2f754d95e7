"""`set` and `list`: several things, in any order or in the right one, with partial credit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from fairtrial.errors import DataError
from fairtrial.spec.answers import SetSettings
from fairtrial.spec.graders import Graders
from fairtrial.tasks.graders import elements
from fairtrial.tasks.graders.base import GraderSet, make_graders
from fairtrial.tasks.graders.elements import MOST, read_elements
from fairtrial.tasks.graders.exact import drop_ignored
from fairtrial.tasks.graders.listed import SetGrader

READ: TypeAdapter[Any] = TypeAdapter(Graders)
SEPARATORS = (",", ";", "\n", "and", "&")


def graders_of(written: object) -> GraderSet:
    return make_graders(READ.validate_python(written))


def values_of(written: object, answer: str, expected: str) -> dict[str, float]:
    graders = graders_of(written)
    graders.check_row([expected], {})
    return {seen.measure: round(seen.value, 4) for seen in graders.observe(answer, [expected], {})}


@pytest.mark.parametrize(
    ("answer", "things"),
    [
        ("red, green and blue", ["red", "green", "blue"]),
        ("Red, green, and blue.", ["Red", "green", "blue"]),
        ("The colours are red; green", ["red", "green"]),
        ("Colours: red & green", ["red", "green"]),
        ("I looked at the chart.\nThe answer is: red, blue.", ["red", "blue"]),
        ("Here they are:\n- red\n- dark blue, almost black\n", ["red", "dark blue, almost black"]),
        ("1. red\n2) blue", ["red", "blue"]),
        ('["red", "blue, dark"]', ["red", "blue, dark"]),
        ("```json\n[1, 2.5]\n```", ["1", "2.5"]),
        ("[red, blue]", ["red", "blue"]),
        (r"\boxed{3, 5}", ["3", "5"]),
        ("sand, Anders and Ann", ["sand", "Anders", "Ann"]),
        ("1,200 and 3,400", ["1,200", "3,400"]),
        ("'red', \"blue\"", ["red", "blue"]),
        ("none", []),
        ("None of them.", ["None of them"]),
        ("[]", []),
        ("", None),
        (" , ;", None),
        ("a," * (MOST + 1), None),
    ],
)
def test_what_is_listed(answer: str, things: list[str] | None) -> None:
    assert read_elements(answer, SEPARATORS) == things


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("Trinidad and Tobago, Peru", 1.0),
        ("They are: peru and TRINIDAD AND TOBAGO.", 1.0),
        ("Trinidad, Tobago, Peru", 0.0),
        ("Trinidad and Tobago Bay, Peru", 0.0),
        ("Peru", 0.0),
    ],
)
def test_a_right_name_that_holds_a_separator_is_one_thing(answer: str, value: float) -> None:
    right = '["Trinidad and Tobago", "Peru"]'
    assert SetGrader(SetSettings()).grade(answer, [right], {})["set_match"] == (value, 1.0)


@pytest.mark.parametrize(
    ("answer", "right", "match", "f1"),
    [
        ("blue, Red and the green", "red, green, blue", 1.0, 1.0),
        ("red, red, blue, green", "red, green, blue", 1.0, 1.0),
        ("red, blue", "red, green, blue", 0.0, 0.8),  # precision 1, recall 2/3
        ("red, blue, green, pink", "red, green", 0.0, 0.6667),  # 2 of 4, 2 of 2
        ("pink", "red", 0.0, 0.0),
        ("3, 1.0", "1, 3", 1.0, 1.0),
        ("100,200,300", "100, 200, 300", 1.0, 1.0),
        ("1200", "1,200", 1.0, 1.0),
        ("none", "[]", 1.0, 1.0),
        ("red", "[]", 0.0, 0.0),
        ("", "red", 0.0, 0.0),
        ("red, blue", '["blue", "red"]', 1.0, 1.0),
    ],
)
def test_set(answer: str, right: str, match: float, f1: float) -> None:
    assert values_of("set", answer, right) == {"set_match": match, "set_f1": f1}


@pytest.mark.parametrize(
    ("answer", "match", "f1"),
    [
        ("ant, bee, cat", 1.0, 1.0),
        ("bee, ant, cat", 0.0, 0.6667),
        ("ant, bee, bee, cat", 0.0, 0.8571),  # 3 of 4, 3 of 3
        ("cat, bee, ant", 0.0, 0.3333),
        ("The order is ant, bee, cat.", 1.0, 1.0),
    ],
)
def test_list(answer: str, match: float, f1: float) -> None:
    assert values_of("list", answer, "ant, bee, cat") == {"list_match": match, "list_f1": f1}


def test_settings() -> None:
    assert values_of({"set": ";"}, "salt and pepper; oil", "oil; salt and pepper")["set_match"] == 1
    assert values_of({"set": {"tolerance": "5%"}}, "98, 51", "50, 100")["set_match"] == 1
    assert values_of({"list": {"tolerance": 1}}, "98, 51", "50, 100")["list_match"] == 0
    assert values_of({"set": {"ignore": []}}, "Red", "red")["set_match"] == 0
    near = values_of({"set": {"tolerance": 2}}, "11, 13", "12, 9")  # 11 is near both, and 13 near 12 alone
    assert near["set_match"] == 1
    for wrong in ({"set": []}, {"set": " "}, {"list": {"separator": [";", ";"]}}):
        with pytest.raises(ValidationError):
            READ.validate_python(wrong)


def test_answers_without_a_list_are_unread_and_empty_right_answers_are_refused() -> None:
    graders = graders_of("set")
    assert graders.find_signs("pink", ["red"], {}) == [] and graders.find_signs(",,", ["red"], {}) == ["unread"]
    assert graders.expects_json
    with pytest.raises(DataError, match="lists nothing; write"):
        graders.check_row([";"], {})
    with pytest.raises(DataError, match="there is no right answer"):
        graders.check_row([], {})


def test_hostile_answers_take_no_time() -> None:
    for answer in ("[" * 100_000, "[1," * 30_000, "- " * 50_000, "is " * 50_000, "1,111" * 20_000, '["' * 50_000):
        assert values_of("set", answer, "red")["set_match"] == 0


def test_long_lists_are_compared_once_for_each_thing(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def count(text: str, ignore: Sequence[str]) -> str:
        read.append(text)
        return drop_ignored(text, ignore)

    monkeypatch.setattr(elements, "drop_ignored", count)
    numbers = [str(n) for n in range(1000, 1200)]
    right = "; ".join(numbers)
    assert values_of({"set": {"tolerance": "20%"}}, "; ".join(reversed(numbers)), right)["set_match"] == 1
    assert values_of("list", right, right)["list_match"] == 1
    assert len(read) == 2 * 2 * len(numbers)
