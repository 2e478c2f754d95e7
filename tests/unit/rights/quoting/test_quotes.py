"""Quotations of an answer against the passages that it was shown."""

from __future__ import annotations

import unicodedata
from difflib import SequenceMatcher

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairtrial.rights.quoting.quotations import find_quotations, list_citations
from fairtrial.rights.quoting.quotes import check_quotations, find_longest_run, fold

FERRY = "The ferry to Saltmere will sail again on Monday, the harbour office said. Repairs took nine days."
BRIDGE = "The old bridge at Quay Street stays closed until spring, because its second pier has moved."
SHOWN = {1: FERRY, 2: BRIDGE}


def results(answer: str, passages: dict[int, str] | None = None) -> list[str]:
    return [one.result for one in check_quotations(answer, passages or SHOWN)]


@pytest.mark.parametrize(
    "quoted",
    [
        "“{}”", '"{}"', "„{}“", "„{}”", "«{}»", "« {} »", "»{}«", "‹{}›", "‘{}’", "'{}'", "``{}''", "「{}」", "『{}』",
        "〝{}〟", "＂{}＂", "”{}”", "<q>{}</q>", "<blockquote>{}</blockquote>",
    ],
)  # fmt: skip
def test_each_way_to_quote_is_found(quoted: str) -> None:
    answer = f"They wrote {quoted.format('will sail again on Monday')} [1]."
    [one] = check_quotations(answer, SHOWN)
    assert (one.result, one.passages, one.words, one.exact) == ("found", (1,), 5, True)
    assert one.quotation.cited == (1,)
    [(number, start, end)] = one.spans
    assert SHOWN[number][start:end] == "will sail again on Monday"


def test_a_block_quote_is_one_quotation_with_its_citation() -> None:
    answer = "It says:\n\n> The ferry to Saltmere will sail\n> again on Monday, the harbour office said. [1]\n\nSo."
    [one] = check_quotations(answer, SHOWN)
    assert (one.result, one.quotation.cited) == ("found", (1,))
    assert answer[one.quotation.start : one.quotation.end].startswith("> The")


def test_words_of_another_passage_than_the_one_named_are_misattributed() -> None:
    answer = "“stays closed until spring” [1], and “will sail again on Monday” [2][1]."
    assert results(answer) == ["misattributed", "found"]
    assert results("“stays closed until spring” [7].") == ["misattributed"]
    assert results("“stays closed until spring”.") == ["found"]


@pytest.mark.parametrize(
    ("quoted", "result"),
    [
        ("The ferry to Saltmere stays closed until spring", "stitched"),  # of two passages
        ("Repairs took nine days. The ferry to Saltmere", "stitched"),  # in another order
        ("The ferry to Saltmere ... the harbour office said", "found"),  # says that it leaves out words
        ("The ferry to Saltmere […] took nine days", "found"),
        ("The ferry [to the island] will sail again", "found"),  # an editor's words in brackets
        ("Repairs took nine days … the harbour office said", "stitched"),
        ("The ferry to Saltmere will sail again on Friday, the harbour office said", "not found"),
        ("Nobody expects the ferry to come back", "not found"),
        ("the ferry to Saltmere will sail again", "found"),  # begins in lower case
        ("ferry to Saltmere will sail again on Monday,", "found"),  # with the comma of the sentence around it
        ("again", "too short"),
    ],
)
def test_what_becomes_of_a_quotation(quoted: str, result: str) -> None:
    assert results(f"It says “{quoted}”.") == [result]


def test_a_changed_quotation_is_found_only_where_most_of_it_survives_as_one_run() -> None:
    kept = "The ferry to Saltmere will sail again on Monday, the harbour office said"
    [one] = check_quotations(f"“{kept} today”", SHOWN)
    assert (one.result, one.exact, one.words) == ("found", False, 13)
    assert results(f"“{kept} today, and everybody on the island is glad”") == ["not found"]
    assert results("“The ferry to Saltmere will not sail again on Monday”") == ["not found"]


def test_forms_of_characters_and_white_space_count_as_the_same() -> None:
    passage = "Mayor Ōta’s “no” to the ﬁve-year plan — it was ﬁnal — stands."
    [one] = check_quotations('He wrote "Mayor Ōta\'s ‘no’ to the five-year\n  plan - it was final" [1]', {1: passage})
    assert (one.result, one.exact) == ("found", True)  # a quotation within has single marks
    [two] = check_quotations("He wrote «Mayor Ōta's “no” to the\n  five-year plan - it was final» [1]", {1: passage})
    assert (two.result, two.exact) == ("found", True)
    decomposed = unicodedata.normalize("NFD", passage)
    assert [one.result for one in check_quotations("“Mayor Ōta’s “no” to”", {1: decomposed})] == ["found"]


@pytest.mark.parametrize(
    "answer",
    [
        "It's the ferry's crew that can't sail.", "A 6' 2\" man left.", "The '90s were good, weren't they?",
        "“", "\"", "no closing “mark here", "``", "''''", "> ", "<q>", "「」", "\"\"", "'\u200b'", "f(\"x\")"[:4],
    ],
)  # fmt: skip
def test_what_is_no_quotation(answer: str) -> None:
    assert [one for one in results(answer) if one != "too short"] == []


def test_a_quotation_within_another_is_part_of_it() -> None:
    answer = "“He said ‘will sail again on Monday’ twice”"
    [one] = find_quotations(answer)
    assert one.text == "He said ‘will sail again on Monday’ twice"


def test_citations_are_numbers_in_brackets() -> None:
    answer = "So [1]. And [2, 3]; not [a] nor [12345] nor [1-2]."
    assert [number for number, *_ in list_citations(answer)] == [1, 2, 3]


def test_parts_of_words_are_no_quotation() -> None:
    assert results("“he ferry to Saltm”") == ["found"]  # one run of most of it, though no exact one
    assert not check_quotations("“he ferry to Saltm”", SHOWN)[0].exact


WORD = st.text("abcdefghij", min_size=2, max_size=7)
TEXT = st.lists(WORD, min_size=12, max_size=40).map(" ".join)


@given(TEXT, TEXT, st.data())
@settings(max_examples=80, deadline=None)
def test_what_is_copied_is_found_where_it_was_copied_from(first: str, second: str, data: st.DataObject) -> None:
    words = second.split()
    at = data.draw(st.integers(0, len(words) - 8))
    quoted = " ".join(words[at : at + 8])
    [one] = check_quotations(f"See “{quoted}” [2].", {1: first, 2: second})
    assert (one.result, one.exact, one.words) == ("found", True, 8)
    number, start, end = one.spans[0]
    assert {1: first, 2: second}[number][start:end] == quoted


@given(TEXT, st.text("klmnopqr ", min_size=12, max_size=60).filter(lambda t: len(t.strip()) >= 12))
@settings(max_examples=50, deadline=None)
def test_what_shares_no_letter_is_not_found(passage: str, quoted: str) -> None:
    assert set(results(f"See “{quoted}”.", {1: passage})) <= {"not found", "too short"}


@given(st.text("abc ", max_size=40), st.text("abc ", max_size=40))
@settings(max_examples=200, deadline=None)
def test_the_longest_run_is_that_of_difflib(a: str, b: str) -> None:
    length, at, there = find_longest_run(a, b)
    assert length == SequenceMatcher(None, a, b, autojunk=False).find_longest_match().size
    assert a[at : at + length] == b[there : there + length]


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_places_of_folded_text_are_in_the_text(text: str) -> None:
    folded = fold(text)
    assert len(folded.places) == len(folded.text)
    assert list(folded.places) == sorted(folded.places)
    assert "  " not in folded.text


@given(st.text("“”\"'«»> \n[1]abc<q>/", max_size=120), st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_answer_is_read(answer: str, passage: str) -> None:
    checked = check_quotations(answer, {1: passage})
    spans = [(one.quotation.start, one.quotation.end) for one in checked]
    assert spans == sorted(spans)
    assert all(0 <= start < end <= len(answer) for start, end in spans)
    assert all(0 <= start < end <= len(passage) for one in checked for _, start, end in one.spans)


BRIDGE = "The old bridge at Quay Street stays closed until spring, because its second pier has moved — by 14 inches."
COUNCIL = "The council will not raise taxes in 2026."


@pytest.mark.parametrize(
    ("quoted", "result"),
    [
        ("The council will not raise taxes in 2025", "not found"),
        ("The old bridge at Quay Street stays closed until spring, because its second pier has not moved", "not found"),
        ("Not the old bridge at Quay Street stays closed until spring, because its second pier", "not found"),
        ("The council will ... raise taxes in 2026", "stitched"),
        ("The council will [surely] raise taxes in 2026", "not found"),
        ("The old bridge at Quay Street stays closed until spring, because its second piers", "found"),
        ("because its second pier has moved -- by 14 inches", "found"),
        ("because its second pier has moved—by 14 inches", "found"),
    ],
)
def test_numbers_and_negations_may_not_differ_and_dashes_may(quoted: str, result: str) -> None:
    [one] = check_quotations(f'It says "{quoted}".', {1: BRIDGE, 2: COUNCIL})
    assert one.result == result
