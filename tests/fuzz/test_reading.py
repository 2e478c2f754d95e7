"""Readers of written answers on any text: nothing is raised, nothing takes long, and nothing is read from nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairtrial.analysis.doubts import show_exactly
from fairtrial.tasks.reading import clean, is_near_miss, read_number, read_option
from tests.fuzz.bounded import bounded

PIECES = [
    "A", "B", "a", "c. ", "answer", " is ", "\\boxed{", "}", "{", '"answer": ', "<answer>", "</answer>", "(", ")", "[",
    "]", "not ", "1", "2,", "3.", "/", "1e9", "½", "−", "\n", "=", "×10^", "\\frac{", "####", "one ", "hundred ",
    "million", "$", "%", "\ud800", "\u200b", "\ue001", "**", "?", "London", "of", "²", "^", "٣", "१", "Ⅷ", "wait",
    "so ", "because ", "x = ",
]  # fmt: skip
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
READERS: dict[str, Callable[[str], Any]] = {
    "option": lambda text: read_option(text, "ABCD", ("Paris", "London", "12", "a 1.5(b")),
    "letter": lambda text: read_option(text, "ABC", ()),
    "number": read_number,
    "clean": clean,
    "nearly": lambda text: is_near_miss(text, [text[:3]]),
    "exact": show_exactly,
}


@pytest.mark.parametrize("name", READERS)
@bounded
@given(text=TEXTS)
def test_any_text_is_read_or_not(name: str, text: str) -> None:
    started = time.process_time()
    READERS[name](text)
    assert time.process_time() - started < 5


@bounded
@given(text=st.text(alphabet=" \n\t.,;:!?-()[]{}*#_\u200b\u00a0"))
def test_nothing_is_read_from_a_text_without_letters_and_digits(text: str) -> None:
    assert read_option(text, "ABCD", ("Paris", "London", "Berlin", "Madrid")) is None
    assert read_number(text) is None
