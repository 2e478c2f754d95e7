"""Instructions: each part is checked by itself, and writing without reading earns nothing."""

from __future__ import annotations

from fractions import Fraction

import pytest

from fairtrial.records import GenerateAnswer, GenerateRequest
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.procedural.arithmetic import build_arithmetic_open
from fairtrial.tasks.procedural.instructions import build_instructions, check_parts
from fairtrial.tasks.reading import read_number

FACTS = {"items": ["lamp", "key", "rope"], "separator": " - ", "case": "upper", "frame": ["[", "]"]}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("[LAMP - KEY - ROPE]", "words separator case frame"),
        ("  [LAMP - KEY - ROPE]\n", "words separator case frame"),
        ("[lamp - key - rope]", "words separator frame"),
        ("LAMP - KEY - ROPE", "words separator case"),
        ("[LAMP, KEY, ROPE]", "words case frame"),
        ("[LAMP -KEY- ROPE]", "words case frame"),
        ("[ROPE - KEY - LAMP]", "separator case frame"),
        ("[LAMP - KEY]", "case frame"),
        ("[LAMP - KEY - ROPE - LAMP]", "case frame"),
        ("[BOAT - TREE - MOON]", ""),
        ("[1 - 2 - 3]", ""),
        ("[]", ""),
        ("[", ""),
        ("", ""),
    ],
)
def test_each_part_is_checked_by_itself(text: str, kept: str) -> None:
    assert " ".join(part for part, done in check_parts(FACTS, text).items() if done) == kept


def test_title_case_and_both_ends() -> None:
    facts = {"items": ["lamp", "key"], "separator": " > ", "case": "title", "frame": ["LIST: ", " END"]}
    assert all(check_parts(facts, "LIST: Lamp > Key END").values())
    assert not check_parts(facts, "LIST: LAMP > Key END")["case"]
    assert not check_parts(facts, "LIST: Lamp > Key")["frame"]


def test_measures_are_shares_of_what_was_asked() -> None:
    task = build_instructions(TaskOptions(level=2, items=30))
    for item in task.items():
        facts = item.data["facts"]
        asked = 2 + (facts["case"] is not None) + (facts["frame"] is not None)
        text = item.gold[0].replace(facts["separator"], "~")
        graded = {o.measure: o.value for o in task.grade(item, [GenerateAnswer(text, 1, "stop")])}
        assert graded["followed"] == pytest.approx((asked - 1) / asked)
        assert graded["followed_all"] == 0 and graded["followed_separator"] == 0 and graded["followed_words"] == 1
        assert ("followed_case" in graded) == (facts["case"] is not None)


def test_a_level_declares_only_the_parts_that_it_asks_for() -> None:
    names = [[m.name for m in build_instructions(TaskOptions(level=level)).card.measures] for level in (1, 5)]
    assert names[0] == ["followed", "followed_all", "followed_words", "followed_separator"]
    assert names[1][-2:] == ["followed_case", "followed_frame"]


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_the_answer_fits_on_one_line_and_into_the_limit(level: int) -> None:
    task = build_instructions(TaskOptions(level=level, items=200))
    for item in task.items():
        (request,) = task.requests(item)
        assert isinstance(request, GenerateRequest)
        assert request.stop == ("\n",) and request.temperature == 0
        assert len(item.gold[0]) < request.max_tokens * 3 and "\n" not in item.gold[0]


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", 7), (" 7 apples.", 7), ("3 + 4 = 7", 7), ("1,200", 1200), ("-5", -5), ("2.5", Fraction(5, 2)),
     ("7.", 7), ("= ", None), ("seven", 7), ("", None), ("She has 12, not 10", 12), ("x = 4 = four", 4)],
)  # fmt: skip
def test_the_number_in_an_answer(text: str, number: int | Fraction | None) -> None:
    assert read_number(text) == number


def test_arithmetic_open_grades_the_number() -> None:
    task = build_arithmetic_open(TaskOptions(level=1, items=5))
    item = task.items()[0]
    for text, value in ((item.gold[0], 1.0), (f" {item.gold[0]} things", 1.0), (f"{item.gold[0]}9", 0.0), ("", 0.0)):
        assert [o.value for o in task.grade(item, [GenerateAnswer(text, 1, "stop")])] == [value]
