"""Which passages do not agree: older versions of an article, and other values of the same thing."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.retrieval.contradictions import list_planted, list_sample, list_shown
from fairtrial.levers.retrieve.relations import Voice, find_contradictions, find_earlier_versions
from fairtrial.tasks.newsroom.archive import build_newsroom

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def voice(number: int, text: str, document: str = "", uri: str = "", day: int | None = None, title: str = "") -> Voice:
    changed = None if day is None else DAY + timedelta(days=day)
    return Voice(number, document or f"d{number}", uri or f"u{number}", changed, text, title, changed)


def clash(
    first: str, second: str, title: str = "Storm at Saltmere", days: tuple[int | None, int | None] = (0, 0)
) -> str:
    """Return in what two passages of different documents contradict each other; the same from either side."""
    voices = [voice(1, first, day=days[0], title=title), voice(2, second, day=days[1], title=title)]
    found, turned = find_contradictions(voices), find_contradictions(voices[::-1])
    if not found:
        assert not turned
        return ""
    assert found == {1: {2: found[1][2]}, 2: {1: found[1][2]}}
    assert turned.keys() == {1, 2}
    return found[1][2]


STORM = "The storm at Saltmere quay destroyed {} during the night."


@pytest.mark.parametrize(
    ("first", "second", "thing"),
    [
        ("14 boats", "17 boats", "number of boats"),
        ("fourteen boats", "17 boats", "number of boats"),
        ("14 fishing boats", "17 boats", "number of fishing"),  # said more closely
        ("14 boats", "17 sheds", ""),
        ("14 boats", "17 of them", ""),
        ("boats worth €2.4 million", "boats worth €3.1 million", "sum of money"),
        ("boats worth €2.4 million", "boats worth 2,412,000 euros", ""),
        ("boats worth $3 million", "boats worth €4 million", ""),
        ("40 per cent of the boats", "55% of the boats", "share"),
        ("40 per cent of the boats", "55 percentage points", ""),
        ("two tonnes of rope", "2,000 kilograms of rope", ""),
        ("two tonnes of rope", "5,000 kilograms of rope", "number of tonnes"),
        ("1,200 boats", "1.200 boats", ""),
        ("1\u202f200 boats", "1,900 boats", "number of boats"),
        ("14,000 boats", "13,870 boats", ""),  # rounded
        ("about 600 boats", "571 boats", ""),
        ("at least 14 boats", "17 boats", ""),
        ("more than 20 boats", "14 boats", "number of boats"),
        ("up to 14 boats", "17 boats", "number of boats"),
        ("14 boats", "another 17 boats", ""),
        ("14 boats so far", "17 boats so far", "number of boats"),  # of the same day
        ("17-metre boats", "14-metre boats", ""),
        ("17/4 boats", "14 boats", ""),
        ("boats in 2017", "boats in 2014", ""),
    ],
)
def test_a_value_is_of_a_thing(first: str, second: str, thing: str) -> None:
    assert clash(STORM.format(first), STORM.format(second)) == thing


def test_what_a_number_is_about_may_stand_in_title_or_sentence_before() -> None:
    assert clash(STORM.format("14 boats"), "A storm raged over Saltmere. It took 17 boats.") == "number of boats"
    assert clash("It took 14 boats.", "Saltmere has lost 17 boats.", title="Saltmere storm") == "number of boats"


@pytest.mark.parametrize(
    "second",
    [
        "The storm destroyed 17 boats at the quay, and not 14 boats as was said.",  # it knows the other number
        "In 2019 a storm at Saltmere quay destroyed 17 boats.",
        "An earlier report on the storm at Saltmere quay said 17 boats. It should have said 14 boats.",
    ],
)
def test_other_years_and_corrections_are_no_contradiction(second: str) -> None:
    assert clash(STORM.format("14 boats"), second) == ""


def test_a_later_count_is_an_update_and_an_earlier_one_is_not() -> None:
    later = "The number has risen to 17 boats, which the storm at Saltmere quay destroyed."
    assert clash(STORM.format("14 boats"), later, days=(0, 2)) == ""
    assert clash(STORM.format("14 boats"), later, days=(2, 0)) == "number of boats"
    assert clash(STORM.format("14 boats"), STORM.format("17 boats"), days=(0, 30)) == ""  # another storm
    assert clash(STORM.format("14 boats"), STORM.format("17 boats"), days=(None, 0)) == "number of boats"


def test_passages_of_one_document_one_address_or_satire_do_not_contradict() -> None:
    one, other = STORM.format("14 boats"), STORM.format("17 boats")
    title = "Storm at Saltmere"
    assert find_contradictions([voice(1, one, "d", title=title), voice(2, other, "d", title=title)]) == {}
    assert find_contradictions([voice(1, one, uri="u", title=title), voice(2, other, uri="u", title=title)]) == {}
    joke = Voice(2, "d2", "u2", None, other, title, None, "satire")
    assert find_contradictions([voice(1, one, title=title), joke]) == {}
    assert find_contradictions([voice(1, one, title=title), voice(2, other, title=title)]) != {}


def test_of_three_passages_each_that_differs_is_told() -> None:
    texts = [STORM.format("14 boats"), STORM.format("17 boats"), STORM.format("17 boats"), "Nothing of the kind."]
    found = find_contradictions([voice(n, text, title="Storm at Saltmere") for n, text in enumerate(texts, 1)])
    assert {one: set(others) for one, others in found.items()} == {1: {2, 3}, 2: {1}, 3: {1}}


def test_hostile_passages_take_no_time() -> None:
    numbers = " ".join(f"{n} boats and €{n}." for n in range(3, 3000))
    texts = [numbers, "A. " * 9000, "Saltmere " * 2000, "14 " * 6000, '"' * 9000, "caused by " * 2000]
    begun = time.process_time()
    found = find_contradictions([voice(n, text, title=text[:200]) for n, text in enumerate(texts, 1)])
    assert time.process_time() - begun < 5
    assert isinstance(found, dict)


def test_pairs_in_other_words_are_told_apart() -> None:
    pairs = [*list_sample("tuned"), *list_sample("later")]
    real, alike = ([one for one in pairs if bool(one.facts) == want] for want in (True, False))
    assert len(real) == len(alike) == 60
    assert sum(bool(one.is_marked()) for one in real) >= 54  # 56 when this was written
    assert sum(bool(one.is_marked()) for one in alike) <= 2  # 1


def test_contradictions_of_the_news_archive_are_found_and_little_else() -> None:
    room = build_newsroom()
    planted = list(list_planted(room))
    assert len(planted) >= 20
    assert sum(bool(one.is_marked()) for one in planted) / len(planted) >= 0.8
    shown = [one for one in list_shown(room, 60) if not one.facts]
    assert len(shown) > 500
    assert sum(bool(one.is_marked()) for one in shown) / len(shown) <= 0.005


def test_an_older_version_is_told_with_a_passage_of_the_newest() -> None:
    voices = [
        voice(1, "old", "a", "u", 1), voice(2, "new", "b", "u", 3), voice(3, "new too", "b", "u", 3),
        voice(4, "between", "c", "u", 2), voice(5, "another", "e", "v", 0),
    ]  # fmt: skip
    assert find_earlier_versions(voices) == {1: 2, 4: 2}
    assert find_earlier_versions(voices[::-1]) == {1: 3, 4: 3}


@pytest.mark.parametrize("days", [(1, 1), (None, None), (None, 1), (1, None)])
def test_where_no_date_tells_which_is_older_none_is_said_to_be(days: tuple[int | None, int | None]) -> None:
    assert find_earlier_versions([voice(1, "", "a", "u", days[0]), voice(2, "", "b", "u", days[1])]) == {}


SENTENCES = st.builds(
    "{} the storm at {} quay destroyed {} {} and more.".format,
    st.sampled_from(["Later", "Then"]),
    st.sampled_from(["Saltmere", "Fernhill"]),
    st.sampled_from(["3", "14", "1,400", "1400"]),
    st.sampled_from(["boats", "fishing boats", "sheds", "of them"]),
)
VOICES = st.lists(
    st.tuples(st.sampled_from("abc"), st.lists(SENTENCES, max_size=3), st.integers(0, 2) | st.none()), max_size=5
).map(
    lambda rows: [
        voice(n, " ".join(s), d, f"u{d < 'c'}", day, "Storm at Saltmere") for n, (d, s, day) in enumerate(rows, 1)
    ]
)


@given(VOICES)
@settings(max_examples=150, deadline=None)
def test_disagreeing_is_mutual_and_has_no_order(voices: list[Voice]) -> None:
    found = {(a, b) for a, others in find_contradictions(voices).items() for b in others}
    assert found == {(b, a) for a, b in found}
    assert not any(a == b for a, b in found)
    turned = {(a, b) for a, others in find_contradictions(voices[::-1]).items() for b in others}
    assert found == turned


@given(VOICES)
@settings(max_examples=150, deadline=None)
def test_older_versions_are_those_of_which_a_later_one_is_shown(voices: list[Voice]) -> None:
    dated = [one for one in voices if one.changed]
    older = {a.number for a in dated for b in dated if a.uri == b.uri and a.changed < b.changed}  # type: ignore[operator]
    found = find_earlier_versions(voices)
    assert found.keys() == older
    stamps = {one.number: one.changed for one in voices}
    assert all(stamps[newest] == max(o.changed for o in dated if o.uri == u) for n, newest in found.items()
               for u in {o.uri for o in dated if o.number == n})  # fmt: skip
