"""Reading answers: the error rates that docs/reading-answers.md states, on labelled lists; hostile texts; cleaning."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from fairtrial.tasks.reading import clean, is_near_miss, read_number, read_option
from fairtrial.tasks.variants.letters import read_letter

LISTS = Path(__file__).parent / "answers"
DOCS = Path(__file__).parents[4] / "docs" / "reading-answers.md"
NAMES = ("development", "held_out", "small_model", "second", "unseen")


def rows(kind: str, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (LISTS / f"{kind}_{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def told(kind: str, row: dict[str, Any]) -> tuple[Any, Any]:
    """What is read, and what is right; None for nothing."""
    if kind == "letters":
        return read_letter(row["answer"], row["choices"]) or None, row["letter"]
    return read_number(row["answer"]), None if row["number"] is None else Fraction(row["number"])


def errors(kind: str, name: str) -> tuple[int, int, int]:
    """Answers in all, read as something that they do not say, and not read though they say it."""
    pairs = [told(kind, row) for row in rows(kind, name)]
    misread = sum(got is not None and got != right for got, right in pairs)
    return len(pairs), misread, sum(got is None and right is not None for got, right in pairs)


@pytest.mark.parametrize("kind", ["letters", "numbers"])
@pytest.mark.parametrize("name", NAMES)
def test_the_reader_errs_as_the_documentation_says(kind: str, name: str) -> None:
    stated = re.search(rf"`{kind}_{name}`.*?\| (\d+) \| .*? \| (\d+), (\d+) \|", DOCS.read_text(encoding="utf-8"))
    assert stated, "docs/reading-answers.md states every list"
    assert errors(kind, name) == tuple(map(int, stated.groups()))


def test_the_lists_are_as_long_as_they_should_be_and_have_no_answer_twice() -> None:
    for kind, least in (("letters", 300), ("numbers", 150)):
        every = [(row["answer"], str(row.get("choices"))) for name in NAMES for row in rows(kind, name)]
        assert len(every) >= least
        for name in NAMES:
            own = [(row["answer"], str(row.get("choices"))) for row in rows(kind, name)]
            assert len(own) == len(set(own))


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        (r"\boxed{B}", "B"),
        ("b", "B"),
        ("(b)", "B"),
        ("**Answer**: B", "B"),
        ("B because it is", "B"),
        ("答案是B", "B"),
        ("It must be the London of our days.", "B"),
        ("Answer: A, B", ""),
        ("not A but C", "C"),
        ("The answer is A? No. (C)", "C"),
        ('{"answer": "B"}', "B"),
        ("Ｂ", "B"),
        ("Ⓑ", "B"),
        ("I cannot answer that.", ""),
    ],
)
def test_letters_in_their_many_forms(text: str, letter: str) -> None:
    assert read_letter(text, ("Paris", "London", "Berlin", "Madrid")) == letter


def test_a_letter_beside_the_text_of_another_option_is_not_read() -> None:
    options = ("water", "pink", "milk", "violet")
    assert read_letter("B. pink", options) == "B"
    assert read_letter("B. milk", options) == ""
    assert read_letter("B. pink\n\nThe correct answer is D. violet", options) == ""


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Tom has 3 boxes of 4 pens, so he has 12 pens", 12),
        ("−3", -3),
        ("1,234", 1234),
        ("1 234", 1234),
        ("1.234,5", Fraction(2469, 2)),
        ("#### 72", 72),
        ("The answer is 9 because 3 times 3 makes 9", 9),
        ("$18", 18),
        ("5 or 6", None),
        ("2*3", None),
        ("2 *300", None),
        ("2**3", None),
        ("**42**", 42),
        ("0,500", Fraction(1, 2)),
        ("negative 5", -5),
        ("Minus five", -5),
        ("The answer is negative 5.", -5),
        ("5 Million", 5_000_000),
        ("5 MILLION", 5_000_000),
        ("5k", 5000),
        ("$5M", 5_000_000),
        ("2 trillion", 2 * 10**12),
        ("two million", 2_000_000),
        ("2 hundred", 200),
        ("3 hundred thousand", 300_000),
        ("half a million", None),
        ("5M", None),
        ("10³", None),
        ("2^10", None),
        ("2^10 = 1024", 1024),
        ("2 × 10^3", 2000),
        ("√16", None),
        ("0x10", None),
        ("2_3", None),
        ("1_000", 1000),
        ("1,0000", None),
        ("3,1415", Fraction(31415, 10000)),
        ("5--3", None),
        ("5#6", None),
        ("5 or maybe 6", None),
    ],
)
def test_numbers_in_their_many_forms(text: str, number: int | Fraction | None) -> None:
    assert read_number(text) == number


HOSTILE = [
    "A " * 50_000, "answer is " * 20_000, "\\boxed{" * 20_000, "<answer>" * 20_000, '{"answer": ' * 20_000,
    "1" * 100_000,
    "1," * 50_000, "not " * 30_000 + "A", "A not " * 20_000, "=1" * 50_000, "one hundred " * 20_000, "$" * 100_000,
    "½" * 50_000, "\ufdfa" * 50_000, "\n" * 100_000, "\\text{" * 20_000, "\ue000" * 1_000,
    "1 -2 = x", "1/0", "1e999999999", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]))
@pytest.mark.parametrize(
    "read", [read_number, lambda text: read_option(text, "ABC", ("one", "two", "three"))], ids=["number", "option"]
)
def test_hostile_answers_take_no_time_and_raise_nothing(read: Callable[[str], Any], text: str) -> None:
    started = time.process_time()
    read(text)
    assert time.process_time() - started < 5


def test_signs_of_the_private_area_name_no_option() -> None:
    assert read_option("\ue001", "AB", ("x1", "x2")) is None


def test_cleaning_and_near_misses() -> None:
    assert clean("\u00a0\u200b Paris\n\ufeff") == "Paris"
    assert clean("New  York") == "New  York"
    assert is_near_miss(" paris.", ["Paris"])
    assert is_near_miss("New\nYork", ["New York"])
    assert not is_near_miss("Paris, France", ["Paris"])
    assert is_near_miss("1000.0", ["1,000"]) and is_near_miss("0.0", ["0"]) and is_near_miss("+7.", ["7"])
    assert (
        not is_near_miss("10,00", ["1000"])
        and not is_near_miss("1e3", ["1000"])
        and not is_near_miss("9" * 40, ["9" * 41])
    )
    assert not is_near_miss("", [""])
