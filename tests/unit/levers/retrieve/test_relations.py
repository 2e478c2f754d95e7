"""Which passages do not agree: older versions of an article, and other numbers of the same thing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairtrial.levers.retrieve.relations import LONGEST, Voice, find_earlier_versions, find_other_numbers

DAY = datetime(2026, 3, 1, tzinfo=UTC)


def voice(number: int, text: str, document: str = "", uri: str = "", day: int | None = None) -> Voice:
    changed = None if day is None else DAY + timedelta(days=day)
    return Voice(number, document or f"d{number}", uri or f"u{number}", changed, text)


def clash(first: str, second: str) -> str:
    """Return of what two passages of different documents give different numbers; the same from either side."""
    found = find_other_numbers([voice(1, first), voice(2, second)])
    turned = find_other_numbers([voice(1, second), voice(2, first)])
    if not found:
        assert not turned
        return ""
    assert found == {1: {2: found[1][2]}, 2: {1: found[1][2]}}
    assert turned[1].keys() == {2}
    return found[1][2]


STORM = "The storm at Saltmere quay destroyed 14 {} during the night."
OTHER = "Officials told that the storm at Saltmere quay destroyed 17 {}."


@pytest.mark.parametrize(
    ("first", "second", "thing"),
    [
        ("boats", "boats", "boats"),
        ("fishing boats", "boats", "boats"),  # said more closely
        ("boats", "fishing boats", "boats"),
        ("fishing boats", "fishing boats", "fishing boats"),
        ("boats and sheds", "boats", "boats"),
        ("Boats", "boats", "boats"),
        ("boats", "sheds", ""),
        ("fishing boats", "rowing boats", ""),  # other boats
        ("boats completely", "houses completely", ""),
        ("of them", "of them", ""),
        ("per cent", "per cent", ""),  # of what, nobody knows
        ("March", "March", ""),
        ("million crowns", "crowns", "crowns"),  # fourteen million are not seventeen
        ("million crowns", "million boats", ""),
        ("m of it", "m of it", ""),
    ],
)
def test_a_number_is_of_a_thing(first: str, second: str, thing: str) -> None:
    assert clash(STORM.format(first), OTHER.format(second)) == thing


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("14 boats", "14 boats"),
        ("1,200 boats", "1200 boats"),
        ("1.200 boats", "1 200 boats"),
        ("1\u202f200 boats", "1,200 boats"),
        ("4,50 crowns", "4.5 crowns"),
        ("2.0 crowns", "2 crowns"),
        ("007 boats", "7 boats"),
        ("3 million crowns", "3 Million crowns"),
    ],
)
def test_a_number_that_is_written_otherwise_is_the_same(first: str, second: str) -> None:
    said = "Storms at Saltmere quay destroyed {} during the night."
    assert clash(said.format(first), said.format(second)) == ""
    assert clash(said.format(first), said.format("9 " + second.split()[-1])) == second.split()[-1]


@pytest.mark.parametrize(
    "second",
    [
        "The storm at Fernhill quay destroyed 17 boats.",  # no name in common
        "Saltmere saw a storm that took 17 boats.",  # its name begins the sentence, as any word may
        "In Saltmere a fire took 17 boats.",  # too few words in common
        "The storm at Saltmere quay destroyed 17 boats, and not 14 boats as was said.",  # two numbers of them
        "Officials told it. In Saltmere the storm destroyed the quay. It took 17 boats.",  # not of one sentence
        "The storm at Saltmere quay destroyed boats in 2017.",
        "The storm at Saltmere quay destroyed 17-metre boats.",
        "The storm at Saltmere quay destroyed boats at 17:30 hours.",
        "The storm at Saltmere quay destroyed 17/4 boats.",
        "The storm at Saltmere quay destroyed v17 boats.",
    ],
)
def test_what_is_not_surely_about_the_same_does_not_clash(second: str) -> None:
    assert clash(STORM.format("boats"), second) == ""


def test_what_one_passage_says_elsewhere_too_does_not_clash() -> None:
    both = "The storm at Saltmere quay destroyed 17 boats. Later it was said to have destroyed 14 boats."
    assert clash(STORM.format("boats"), both) == ""


def test_passages_of_one_document_do_not_contradict_each_other() -> None:
    one, other = STORM.format("boats"), OTHER.format("boats")
    assert find_other_numbers([voice(1, one, "d"), voice(2, other, "d")]) == {}
    assert find_other_numbers([voice(1, one), voice(2, other)]) != {}


def test_years_before_a_number_do_not_hide_it() -> None:
    assert clash("In the Saltmere storm of 2024 14 boats were lost at the quay.", "The quay of Saltmere lost 17 boats "
                 "in the storm, which were insured.") == "boats"  # fmt: skip


def test_of_three_passages_each_that_differs_is_told() -> None:
    texts = [STORM.format("boats"), OTHER.format("boats"), OTHER.format("boats"), "Nothing of the kind."]
    found = find_other_numbers([voice(n, text) for n, text in enumerate(texts, 1)])
    assert found == {1: {2: "boats", 3: "boats"}, 2: {1: "boats"}, 3: {1: "boats"}}


def test_only_so_much_of_a_passage_is_looked_at() -> None:
    far = "x" * LONGEST + ". " + OTHER.format("boats")
    assert clash(STORM.format("boats"), far) == ""


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
).map(lambda rows: [voice(n, " ".join(s), d, f"u{d < 'c'}", day) for n, (d, s, day) in enumerate(rows, 1)])


@given(VOICES)
@settings(max_examples=150, deadline=None)
def test_disagreeing_is_mutual_and_has_no_order(voices: list[Voice]) -> None:
    found = {(a, b) for a, others in find_other_numbers(voices).items() for b in others}
    assert found == {(b, a) for a, b in found}
    assert not any(a == b for a, b in found)
    turned = {(a, b) for a, others in find_other_numbers(voices[::-1]).items() for b in others}
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
