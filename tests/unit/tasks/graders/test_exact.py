"""`exact`: what is equal, and what may be ignored."""

from __future__ import annotations

import pytest

from fairtrial.tasks.graders.base import make_graders


@pytest.mark.parametrize(
    ("answer", "expected", "ignore", "value"),
    [
        ("Paris", ["Paris"], [], 1.0),
        (" Paris\n", ["Paris"], [], 1.0),
        ("paris", ["Paris"], [], 0.0),
        ("paris", ["Paris"], ["case"], 1.0),
        ("Paris.", ["Paris"], ["punctuation"], 1.0),
        ("the Eiffel tower", ["Eiffel Tower"], ["case", "articles"], 1.0),
        ("room 12", ["room 14"], ["numbers"], 1.0),
        ("a b c", ["abc"], ["spaces"], 1.0),
        ("B", ["A", "B"], [], 1.0),
        ("cafe\u0301", ["caf\u00e9"], [], 1.0),
        ("", ["A"], [], 0.0),
    ],
)
def test_exact(answer: str, expected: list[str], ignore: list[str], value: float) -> None:
    graders = make_graders([{"exact": {"ignore": ignore}}])
    assert [seen.value for seen in graders.observe(answer, expected, {})] == [value]


def test_another_case_is_a_near_miss() -> None:
    assert make_graders([{"exact": {}}]).find_signs("paris.", ["Paris"], {}) == ["near_miss"]
