from __future__ import annotations

import doctest

import pytest

from fairtrial.archive.stores import stems, words
from fairtrial.archive.stores.stems import stem_word
from fairtrial.archive.stores.words import count_query_words


@pytest.mark.parametrize(
    "family",
    [
        ("ferry", "ferries"),
        ("close", "closes", "closed", "closing"),
        ("stop", "stops", "stopped", "stopping"),
        ("vote", "votes", "voted", "voting"),
        ("quick", "quickly"),
        ("house", "houses"),
    ],
)
def test_forms_of_one_word_are_found_by_each_other(family: tuple[str, ...]) -> None:
    assert len({stem_word(word) for word in family}) == 1


def test_other_words_are_not_made_one() -> None:
    told = [
        "news",
        "new",
        "bus",
        "glass",
        "sing",
        "red",
        "fly",
        "lens",
        "len",
        "thing",
        "string",
        "2026",
        "3rd",
        "東京",
    ]
    assert [stem_word(word) for word in told] == told


def test_a_question_is_searched_for_by_what_it_tells() -> None:
    assert count_query_words("What was the ferry's fare?") == {"ferry": 1, "fare": 1}
    assert count_query_words("Who were The Who?") == {"who": 2, "were": 1, "the": 1}
    assert not count_query_words("?")


def test_examples() -> None:
    for module in (stems, words):
        assert doctest.testmod(module).failed == 0
