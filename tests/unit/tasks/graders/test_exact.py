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


APART = [
    ("11/1/2010", "1/11/2010"), ("35 km", "3.5 km"), ("12", "1/2"), ("5 to 3", "-5 to 3"), ("a < b", "a > b"),
    ("C", "C++"), ("", "+"), ("-", "+"), ("5", "5%"), ("1112010", "1/11/2010"), ("12", "1, 2"), ("5", "5!"),
    ("[1, 2]", "(1, 2)"), ("23", "2*3"), ("AB", "A*B"), ("10:30", "1030"), ("C", "C#"), ("1e5", "1e-5"),
]  # fmt: skip
ALIKE = [
    ("Paris.", "Paris"), ('"Paris"', "Paris"), ("“Paris”!", "paris"), ("(Paris)", "Paris"), ("**Paris**.", "Paris"),
    ("Yes, it is.", "yes it is"), ("U.S.A.", "USA"), ("don’t", "dont"), ("42.", "42"), ("`x`", "x"), ("−5", "-5"),
    ("+", "+"), ('"3.5 km".', "3.5 km"), ("Oui !", "oui"), ("C++.", "C++"), ("July 4, 1776", "July 4 1776"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "expected", "value"), [(*p, 0.0) for p in APART] + [(*p, 1.0) for p in ALIKE])
def test_only_punctuation_that_means_nothing_is_ignored(answer: str, expected: str, value: float) -> None:
    graders = make_graders([{"exact": {"ignore": ["case", "punctuation"]}}])
    assert [seen.value for seen in graders.observe(answer, [expected], {})] == [value]


@pytest.mark.parametrize(
    ("answer", "expected", "value"),
    [
        ("It is 1.5.", "15", 0.0),
        ("It is 15.", "15", 1.0),
        ("a + b", "+", 1.0),
        ("a - b", "+", 0.0),
        ("Is it?", "?", 1.0),
    ],
)
def test_contains_ignores_no_other_punctuation(answer: str, expected: str, value: float) -> None:
    graders = make_graders([{"contains": {"ignore": ["punctuation"]}}])
    assert [seen.value for seen in graders.observe(answer, [expected], {})] == [value]


@pytest.mark.parametrize(
    ("answer", "options", "right", "value"),
    [
        ("1.0", ["1", "2", "10"], "10", 0.0),
        ("-1", ["1", "2", "10"], "1", 0.0),
        ("-1", ["1", "2", "3"], "1", 0.0),
        (".1", ["1", "2", "3"], "1", 0.0),
        ("- 1", ["1", "2", "3"], "1", 1.0),
        ("10.", ["1", "2", "10"], "10", 1.0),
        ("non-negative", ["negative", "positive"], "negative", 0.0),
        ("It is negative.", ["negative", "positive"], "negative", 1.0),
        ("non-negative", ["non-negative", "negative"], "non-negative", 1.0),
        ("C", ["C", "C++"], "C++", 0.0),
    ],
)
def test_one_of_takes_no_option_for_another(answer: str, options: list[str], right: str, value: float) -> None:
    graders = make_graders([{"one_of": {"options": options}}])
    assert [seen.value for seen in graders.observe(answer, [right], {})] == [value]
